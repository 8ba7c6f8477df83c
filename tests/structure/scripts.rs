//! What scripts promise, where that takes neither an engine nor the network.

use std::{fs, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a shell prints that has the functions of the quickstart.
fn quickstart(commands: &str) -> String {
    let script = format!("source scripts/quickstart\n{commands}");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(root());
    for variable in ["MESH_REGISTRY", "MESH_GATEWAY_IMAGE"] {
        bash.env_remove(variable);
    }
    let output = bash.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_other_users_read_is_made_with_a_umask_of_its_own() {
    for script in ["images/build", "scripts/package", "scripts/package.d/compile"] {
        let text = fs::read_to_string(root().join(script)).unwrap();
        assert!(text.lines().any(|line| line.trim() == "umask 022"), "{script}");
    }
}

#[test]
fn packages_of_an_earlier_commit_are_not_among_the_sums() {
    let text = fs::read_to_string(root().join("scripts/package")).unwrap();
    let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("should have `{line}`"));
    assert!(at("rm -rf \"$target/packages\"") < at("for architecture in"));
    assert!(at("for architecture in") < at("sha256sum -- mesh* >SHA256SUMS"));
}

#[test]
fn the_quickstart_proves_the_mesh_that_it_made() {
    for (arguments, option) in [
        ("--no-kibana", ""),
        ("--name ci42 --no-kibana", "--name ci42 "),
        ("--no-kibana --name=ci42", "--name=ci42 "),
        ("--dir '/srv/a mesh'", "--dir /srv/a mesh "),
    ] {
        let printed = quickstart(&format!("mesh=echo; name_mesh {arguments}; ask 2 GET hello"));
        assert_eq!(printed, format!("{option}es 2 GET hello\n"));
    }
}

/// After `sudo`, a directory of root's in the checkout would refuse the caller's next build.
#[test]
fn the_quickstart_unpacks_as_the_one_who_called_it() {
    let printed = quickstart(
        "is_there() { false; }
        find_package() { echo ./mesh-0.2.0-x86_64-linux.tar.gz; }
        check_sum() { :; }
        as_rust_user() { echo \"$1\"; }
        use_package 2>/dev/null",
    );
    assert_eq!(printed, "mkdir\ntar\n");
    let text = fs::read_to_string(root().join("scripts/quickstart")).unwrap();
    assert!(text.find("  build_as_caller\n").unwrap() < text.find("if ! use_package").unwrap());
}

#[test]
fn the_quickstart_builds_what_it_cannot_pull() {
    let chosen = |missing: &str, pulled: &str, arguments: &str| {
        quickstart(&format!(
            "missing_images() {{ printf '%s\\n' {missing}; }}
            can_be_pulled() {{ [[ $1 == {pulled} ]]; }}
            build_image() {{ echo \"build $*\"; }}
            choose_images {arguments}
            echo \"${{image_options[*]}}\""
        ))
    };
    let elastic = "docker.elastic.co/elasticsearch/elasticsearch:9.5.3";
    let all = format!("{elastic} nginx:1.28.0");
    let version = chosen("nginx:1.28.0", "none", "");
    let version = version.split_whitespace().nth(2).unwrap();
    let gateway = format!("--gateway-image mesh.local/nginx/nginx:{version}");
    for (missing, pulled, arguments, expected) in [
        (&*all, "*", "", "\n".to_owned()),
        (
            &all,
            "none",
            "",
            format!("build nginx {version}\nbuild elasticsearch 9.5.3\n--registry mesh.local {gateway}\n"),
        ),
        (&all, "docker*", "", format!("build nginx {version}\n{gateway}\n")),
        (&all, "none", "--registry vm:5000", format!("build nginx {version}\n{gateway}\n")),
        (&all, "none", "--registry=vm:5000 --gateway-image nginx:1.28.0", "\n".to_owned()),
        ("vm:5000/elastic/kibana/kibana:9.5.3", "none", "-f mesh.yaml", "\n".to_owned()),
        (
            "mesh.local/kibana/kibana:8.19.21 nginx:1.28.0",
            "none",
            "--registry mesh.local",
            format!("build nginx {version}\nbuild kibana 8.19.21\n{gateway}\n"),
        ),
    ] {
        assert_eq!(chosen(missing, pulled, arguments), expected, "{missing} {pulled} {arguments}");
    }
}
