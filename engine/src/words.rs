//! How are the values of an enumeration written, in the contract and in the store?

/// The text is none of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct UnknownWord(
    /// The words there are, with commas between them.
    pub &'static str,
);

/// An enumeration whose values are written as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $first:literal $(,)?)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$about])* $variant),+ }

        impl $name {
            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $first),+ }
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($first => Ok(Self::$variant),)+
                    _ => Err($crate::words::UnknownWord($crate::words::list!($($first),+))),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// The words in back quotes with commas between them.
macro_rules! list {
    ($first:literal $(, $more:literal)*) => { concat!("`", $first, "`" $(, ", `", $more, "`")*) };
}

pub(crate) use {list, words};

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use crate::users::UserStatus;

    #[test]
    fn a_word_is_read_as_it_is_written() {
        assert_eq!(UserStatus::Invited.to_string().parse(), Ok(UserStatus::Invited));
        assert_eq!(
            "gone".parse::<UserStatus>().unwrap_err().to_string(),
            "must be one of `active`, `invited`, `disabled`, `provisioned`"
        );
    }
}
