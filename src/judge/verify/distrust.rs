//! Why a certificate is not trusted, by the words of those who refuse it. Pure.

/// The reasons that OpenSSL, and so `curl`, distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// Clocks are apart, or one was set back.
    NotYetValid,
    Expired,
    OtherName,
    /// No authority that is trusted has signed it, or what else the words say.
    Untrusted,
}

impl Distrust {
    pub fn of(words: &str) -> Self {
        let lower = words.to_lowercase();
        if lower.contains("not yet valid") {
            Self::NotYetValid
        } else if lower.contains("expired") {
            Self::Expired
        } else if lower.contains("subject name") || lower.contains("does not match") {
            Self::OtherName
        } else {
            Self::Untrusted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_distinguished_by_their_words() {
        for (words, reason) in [
            ("SSL certificate problem: certificate is not yet valid", Distrust::NotYetValid),
            ("SSL certificate problem: certificate has expired", Distrust::Expired),
            ("SSL: no alternative certificate subject name matches target host name 'x'", Distrust::OtherName),
            ("SSL certificate problem: unable to get local issuer certificate", Distrust::Untrusted),
        ] {
            assert_eq!(Distrust::of(words), reason, "{words}");
        }
    }
}
