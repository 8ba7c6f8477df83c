//! Patterns of names, in which `*` stands for any text: what one covers, and what two have in common. Pure: no I/O.

/// Whether everything that `pattern` names, `share` names too: it does when it fits the pattern's own text.
pub fn covers(share: &str, pattern: &str) -> bool {
    match share.split_once('*') {
        None => share == pattern,
        Some((before, after)) => pattern.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| covers(after, &rest[at..]))
        }),
    }
}

/// Whether two patterns have a name in common.
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    // whether the rests of both from here on have a name in common, from the ends of both back to their beginnings
    let mut rests = vec![vec![false; other.len() + 1]; one.len() + 1];
    for i in (0..=one.len()).rev() {
        for j in (0..=other.len()).rev() {
            let (a, b) = (one.get(i), other.get(j));
            rests[i][j] = match (a, b) {
                (None, None) => true,
                (Some('*'), _) => rests[i + 1][j] || (b.is_some() && rests[i][j + 1]),
                (_, Some('*')) => rests[i][j + 1] || (a.is_some() && rests[i + 1][j]),
                (Some(a), Some(b)) => a == b && rests[i + 1][j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
    }
    rests[0][0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in
            [("*", "", true), ("a*c", "abc", true), ("a*c", "ab", false), ("*b*", "abc", true), ("abc", "abcd", false)]
        {
            assert_eq!(covers(pattern, name), fits, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn patterns_that_one_covers_overlap(share in "[ab*]{1,5}", name in "[ab]{0,6}") {
            prop_assert_eq!(overlap(&share, &name), covers(&share, &name));
        }

        #[test]
        fn patterns_with_a_name_in_common_overlap(one in "[ab*]{0,4}", other in "[ab*]{0,4}", name in "[ab]{0,4}") {
            if covers(&one, &name) && covers(&other, &name) {
                prop_assert!(overlap(&one, &other));
            }
            prop_assert_eq!(overlap(&one, &other), overlap(&other, &one));
        }
    }
}
