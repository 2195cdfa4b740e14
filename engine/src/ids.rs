//! Which identifiers are there, and how are they written? (reference/rest-api.md §1.8)

use alloc::string::String;
use core::{fmt, str::FromStr};

/// The text is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed identifier")]
pub struct ParseIdError;

/// The value of one lower-case hexadecimal digit, and whether it is one. Without branches: decisions begin with it.
const fn nibble(digit: u8) -> (u8, bool) {
    let is_digit = digit.is_ascii_digit();
    let is_letter = digit >= b'a' && digit <= b'f';
    // The letters follow 0x60, the digits 0x2f.
    ((digit & 15) + 9 * (digit >> 6 & 1), is_digit | is_letter)
}

/// Reads `2 * N` lower-case hexadecimal digits.
const fn from_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let (mut rest, mut filling) = (digits, bytes.as_mut_slice());
    let mut all = true;
    while let ([high, low, more @ ..], [byte, others @ ..]) = (rest, filling) {
        let ((high, is_high), (low, is_low)) = (nibble(*high), nibble(*low));
        all &= is_high & is_low;
        *byte = high << 4 | low;
        (rest, filling) = (more, others);
    }
    if all { Some(bytes) } else { None }
}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Written as 24 lower-case hexadecimal digits; the first 8 are the second of creation.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 12]);

        impl $name {
            /// The identifier made at `seconds` after 1970 from eight bytes that make it unique.
            #[must_use]
            pub const fn new(seconds: u32, [b0, b1, b2, b3, b4, b5, b6, b7]: [u8; 8]) -> Self {
                let [s0, s1, s2, s3] = seconds.to_be_bytes();
                Self([s0, s1, s2, s3, b0, b1, b2, b3, b4, b5, b6, b7])
            }

            /// The identifier written as `text`, if `text` is 24 lower-case hexadecimal digits.
            #[must_use]
            pub const fn from_hex(text: &str) -> Option<Self> {
                match from_hex::<12>(text.as_bytes()) {
                    Some(bytes) => Some(Self(bytes)),
                    None => None,
                }
            }

            /// The part that makes it unique.
            #[must_use]
            pub const fn unique(self) -> u64 {
                let [_, _, _, _, unique @ ..] = self.0;
                u64::from_be_bytes(unique)
            }

            /// The second of creation, counted from 1970.
            #[must_use]
            pub const fn seconds(self) -> u32 {
                let [s0, s1, s2, s3, ..] = self.0;
                u32::from_be_bytes([s0, s1, s2, s3])
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Self::from_hex(text).ok_or(ParseIdError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex::of(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

object_id!(
    /// A role of a tenant. Default roles have the same identifier in every tenant.
    RoleId
);
object_id!(
    /// A user of a tenant.
    UserId
);
object_id!(
    /// A group of a tenant.
    GroupId
);

object_id!(
    /// An identity provider of a tenant.
    IdpId
);
object_id!(
    /// A space of a tenant.
    SpaceId
);
object_id!(
    /// An assignment of roles in a space.
    SpaceAssignmentId
);
object_id!(
    /// A webhook of a tenant.
    WebhookId
);
object_id!(
    /// An event that is or was sent to a webhook.
    DeliveryId
);

impl GroupId {
    /// The system group that holds every user, the same in every tenant (reference/access-control.md §1).
    pub const EVERYONE: Self = Self([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

/// Bytes as lower-case hexadecimal digits, without asking for memory.
struct Hex([u8; 32], usize);

impl Hex {
    /// The digits of at most 16 bytes.
    fn of(bytes: &[u8]) -> Self {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
        let mut digits = [b'0'; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self(digits, 2 * bytes.len())
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.0.get(from..to).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part(0, self.1))
    }
}

macro_rules! url_safe {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Written as 32 characters of `A–Z a–z 0–9 _ -`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

            /// The identifier that 32 random bytes make; six bits of each are used, five of the first. It begins with a
            /// letter, since a command line takes what begins with `-` for a flag.
            #[must_use]
            pub fn new(mut entropy: [u8; 32]) -> Self {
                let [first, ..] = &mut entropy;
                *first &= 31;
                Self(entropy.map(|byte| Self::ALPHABET.get(usize::from(byte & 63)).copied().unwrap_or(b'A')))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                core::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let bytes = <[u8; 32]>::try_from(text.as_bytes()).map_err(|_| ParseIdError)?;
                if bytes.iter().all(|byte| Self::ALPHABET.contains(byte)) {
                    Ok(Self(bytes))
                } else {
                    Err(ParseIdError)
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

url_safe!(
    /// A tenant.
    TenantId
);
url_safe!(
    /// A web integration: pages elsewhere that may use sessions of a tenant.
    WebIntegrationId
);

macro_rules! uuid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A version 4 UUID (RFC 9562 §5.4).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The identifier that 16 random bytes make; six of the bits are replaced by version and variant.
            #[must_use]
            pub const fn new(entropy: [u8; 16]) -> Self {
                let bits = u128::from_be_bytes(entropy);
                let version = bits & !(0xf << 76) | 0x4 << 76;
                let variant = version & !(0x3 << 62) | 0x2 << 62;
                Self(variant.to_be_bytes())
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let dashes = [8, 13, 18, 23].iter().all(|&at| text.as_bytes().get(at) == Some(&b'-'));
                let digits: String = text.chars().filter(|&c| c != '-').collect();
                let bytes =
                    from_hex::<16>(digits.as_bytes()).filter(|_| dashes && text.len() == 36).ok_or(ParseIdError)?;
                if Self::new(bytes).0 == bytes { Ok(Self(bytes)) } else { Err(ParseIdError) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let hex = Hex::of(&self.0);
                for (from, to) in [(0, 8), (8, 12), (12, 16), (16, 20)] {
                    write!(f, "{}-", hex.part(from, to))?;
                }
                f.write_str(hex.part(20, 32))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

uuid!(
    /// An API key; also the `jti` of its token.
    ApiKeyId
);
uuid!(
    /// A token of an OAuth client; also its `jti`.
    OAuthTokenId
);

uuid!(
    /// What a user let an OAuth client do.
    OAuthGrantId
);
uuid!(
    /// A session of somebody who logged in.
    SessionId
);

/// An OAuth client: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OAuthClientId([u8; 16]);

impl OAuthClientId {
    /// The identifier that 16 random bytes make.
    #[must_use]
    pub const fn new(entropy: [u8; 16]) -> Self {
        Self(entropy)
    }
}

impl FromStr for OAuthClientId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        from_hex(text.as_bytes()).map(Self).ok_or(ParseIdError)
    }
}

impl fmt::Display for OAuthClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex::of(&self.0).fmt(f)
    }
}

impl fmt::Debug for OAuthClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_object_id_is_24_lower_case_digits_with_its_second_in_front() {
        let id: RoleId = "6724d8f5a4acfa155351afa7".parse().unwrap();
        assert_eq!(id.to_string(), "6724d8f5a4acfa155351afa7");
        assert_eq!(id.seconds(), 1_730_468_085);
        assert_eq!(RoleId::new(id.seconds(), [0xa4, 0xac, 0xfa, 0x15, 0x53, 0x51, 0xaf, 0xa7]), id);
        for wrong in ["", "6724d8f5a4acfa155351afa", "6724D8F5A4ACFA155351AFA7", "6724d8f5a4acfa155351afag"] {
            assert_eq!(wrong.parse::<RoleId>(), Err(ParseIdError), "{wrong}");
        }
        assert_eq!(GroupId::EVERYONE.to_string(), "000000000000000000000001");
    }

    #[test]
    fn a_tenant_id_is_32_url_safe_characters() {
        let id = TenantId::new([200; 32]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("short".parse::<TenantId>().is_err());
        assert!("************************ 0123456".parse::<TenantId>().is_err());
    }

    #[test]
    fn an_api_key_id_is_a_version_4_uuid() {
        let id = ApiKeyId::new([0xff; 16]);
        assert_eq!(id.to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["ffffffff-ffff-1fff-bfff-ffffffffffff", "ffffffffffff4fffbfffffffffffffff", "x"] {
            assert_eq!(wrong.parse::<ApiKeyId>(), Err(ParseIdError), "{wrong}");
        }
    }
}
