//! A number of things in words. Pure.

/// `1 cluster`, `2 clusters`: for nouns that take an `s`.
pub fn counted(count: impl TryInto<u64>, one: &str) -> String {
    // what does not fit is many
    let count = count.try_into().unwrap_or(u64::MAX);
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(
            [counted(0_u8, "link"), counted(1_usize, "link"), counted(2_u64, "link")],
            ["0 links", "1 link", "2 links"]
        );
    }
}
