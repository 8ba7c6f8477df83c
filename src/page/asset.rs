//! The files of the page, which are part of the program. Pure.

/// A file that browsers ask for.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    pub path: &'static str,
    /// What the header `Content-Type` says.
    pub kind: &'static str,
    pub text: &'static str,
}

/// The page itself.
pub const INDEX: &str = include_str!("../../templates/page/index.html");
/// What is shown in its place to who does not have the token.
pub const LOCKED: &str = include_str!("../../templates/page/locked.html");

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! script {
    ($name:literal) => {
        Asset { path: concat!("/", $name), kind: SCRIPT, text: include_str!(concat!("../../templates/page/", $name)) }
    };
}

/// What the page consists of besides; nothing of it is about one mesh, so it is for everyone.
pub const ASSETS: [Asset; 10] = [
    Asset { path: "/page.css", kind: "text/css; charset=utf-8", text: include_str!("../../templates/page/page.css") },
    script!("main.js"),
    script!("dom.js"),
    script!("chart.js"),
    script!("head.js"),
    script!("matrix.js"),
    script!("link.js"),
    script!("clusters.js"),
    script!("search.js"),
    script!("changes.js"),
];

/// The headers of every answer: no script, style or connection but the page's own, and no trace of it elsewhere.
pub const SECURITY: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri \
         'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_from_elsewhere_and_shows_data_as_text() {
        let scripts = ASSETS.iter().map(|asset| (asset.path, asset.text));
        for (path, text) in scripts.chain([("/", INDEX), ("locked", LOCKED)]) {
            let foreign = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!foreign.contains("http://") && !foreign.contains("https://"), "{path} should name no other site");
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
                assert!(!text.contains(word), "{path} should not have {word}");
            }
            assert!(
                !text.contains(" style=") && !text.contains("onclick="),
                "{path} should have no inline style or script"
            );
        }
        for asset in ASSETS.iter().filter(|asset| asset.kind == SCRIPT) {
            let imports = asset.text.lines().filter(|line| line.starts_with("import "));
            for line in imports {
                let path = line.rsplit('"').nth(1).unwrap_or_default().trim_start_matches('.');
                assert!(ASSETS.iter().any(|asset| asset.path == path), "{} imports {path}", asset.path);
            }
        }
    }
}
