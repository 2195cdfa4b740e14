//! Is a text JSON that means one thing only? (RFC 7493 "I-JSON", threats T45)
//!
//! What serde lets pass is refused while a body is read into its shape, without a detour: a member that stands twice,
//! nesting beyond what any request needs, and an array where an object belongs. Left to itself, serde takes an array for
//! one, its items for the members in the order the program has them.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::CowStrDeserializer,
    },
};
use serde_json::Value;

use crate::error::Error;

/// Arrays and objects within each other.
const DEPTH: usize = 32;

/// Reads a value of the wanted shape. Members the shape does not have are ignored.
///
/// # Errors
/// When the text is not JSON, has a member twice, is nested too deeply, or has another shape; with the place.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = if let Ok(read) = T::deserialize(Strict { inner: &mut reader, depth: 0 }) {
        read
    } else {
        // Keeping account of the place costs time, so that is done only once something is known to be wrong.
        let mut again = serde_json::Deserializer::from_slice(text);
        shaped(Strict { inner: &mut again, depth: 0 }, "")?
    };
    reader.end().map(|()| read).map_err(|error| unusable(&error))
}

/// A value of the wanted shape from any JSON value; `at` is its place in the body.
///
/// # Errors
/// When it has another shape; with the place.
pub fn convert<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Error> {
    shaped(Strict { inner: value, depth: 0 }, at)
}

fn shaped<'de, T: DeserializeOwned, D>(reader: Strict<D>, at: &str) -> Result<T, Error>
where
    D: Deserializer<'de, Error = serde_json::Error>,
{
    serde_path_to_error::deserialize(reader).map_err(|error| {
        if !error.inner().is_data() {
            return unusable(error.inner());
        }
        let pointer = error.path().iter().filter_map(segment).fold(String::from(at), |pointer, segment| {
            format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"))
        });
        Error::at_pointer(pointer, plain(&error.into_inner().to_string()))
    })
}

/// A text that is no JSON.
fn unusable(error: &serde_json::Error) -> Error {
    Error::at_pointer("", format!("the body is not usable JSON: {error}"))
}

/// What was expected, in the words of JSON rather than of this program, and without the line: the place says more.
fn plain(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let expected = match expected {
        "i64" | "u32" | "u64" | "u16" => "a whole number",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        "a sequence" => "an array",
        other => other,
    };
    format!("{found}, expected {expected}")
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
    }
}

/// Something of serde's, made strict: a reader, a visitor, a seed, or what is within an array or an object.
#[derive(Clone, Copy)]
struct Strict<T> {
    inner: T,
    /// Arrays and objects around it.
    depth: usize,
}

macro_rules! forwarded {
    ($($method:ident($($argument:ident: $kind:ty),*) => $to:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$to($($argument,)* Strict { inner: visitor, depth: self.depth })
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    forwarded! {
        deserialize_any() => deserialize_any,
        deserialize_bool() => deserialize_bool,
        deserialize_i8() => deserialize_i8,
        deserialize_i16() => deserialize_i16,
        deserialize_i32() => deserialize_i32,
        deserialize_i64() => deserialize_i64,
        deserialize_u8() => deserialize_u8,
        deserialize_u16() => deserialize_u16,
        deserialize_u32() => deserialize_u32,
        deserialize_u64() => deserialize_u64,
        deserialize_f32() => deserialize_f32,
        deserialize_f64() => deserialize_f64,
        deserialize_char() => deserialize_char,
        deserialize_str() => deserialize_str,
        deserialize_string() => deserialize_string,
        deserialize_bytes() => deserialize_bytes,
        deserialize_byte_buf() => deserialize_byte_buf,
        deserialize_option() => deserialize_option,
        deserialize_unit() => deserialize_unit,
        deserialize_unit_struct(name: &'static str) => deserialize_unit_struct,
        deserialize_newtype_struct(name: &'static str) => deserialize_newtype_struct,
        deserialize_seq() => deserialize_seq,
        deserialize_tuple(len: usize) => deserialize_tuple,
        deserialize_tuple_struct(name: &'static str, len: usize) => deserialize_tuple_struct,
        deserialize_map() => deserialize_map,
        deserialize_identifier() => deserialize_identifier,
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) => deserialize_enum,
        // What is ignored is read all the same, so that it is JSON that means one thing.
        deserialize_ignored_any() => deserialize_any,
    }

    /// An object, and nothing else.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_map(visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner: reader, depth: self.depth })
    }
}

impl<T> Strict<T> {
    /// Something one array or object deeper.
    fn deeper<U, E: de::Error>(&self, inner: U) -> Result<Strict<U>, E> {
        if self.depth >= DEPTH {
            return Err(E::custom(format_args!("nested more than {DEPTH} levels deep")));
        }
        Ok(Strict { inner, depth: self.depth + 1 })
    }
}

macro_rules! visited {
    ($($method:ident($kind:ty)),* $(,)?) => {
        $(fn $method<E: de::Error>(self, value: $kind) -> Result<V::Value, E> {
            self.inner.$method(value)
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visited! {
        visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str),
        visit_borrowed_str(&'de str), visit_string(String), visit_bytes(&[u8]), visit_borrowed_bytes(&'de [u8]),
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict { inner: reader, depth: self.depth })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Strict { inner: reader, depth: self.depth })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let items = self.deeper(items)?;
        self.inner.visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let members = self.deeper(Members { members, seen: Seen::default() })?;
        self.inner.visit_map(members)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(variant)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.inner.next_element_seed(Strict { inner: seed, depth: self.depth })
    }
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The members of an object, and the names of those that came.
struct Members<'de, A> {
    members: A,
    seen: Seen<'de>,
}

/// Names. Few are compared one by one, which is sooner done than hashing; many are not, since there may be very many.
#[derive(Default)]
struct Seen<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Seen<'de> {
    const FEW: usize = 16;

    /// Adds a name; answers whether it was not there.
    fn add(&mut self, name: Cow<'de, str>) -> bool {
        if self.many.is_empty() && self.few.len() < Self::FEW {
            let is_new = !self.few.contains(&name);
            self.few.push(name);
            return is_new;
        }
        self.many.extend(self.few.drain(..));
        self.many.insert(name)
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<Members<'de, A>> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let Members { members, seen } = &mut self.inner;
        let Some(Name(name)) = members.next_key()? else { return Ok(None) };
        if !seen.add(name.clone()) {
            return Err(de::Error::custom(format_args!("the member `{name}` stands twice")));
        }
        let name: CowStrDeserializer<'_, A::Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.members.next_value_seed(Strict { inner: seed, depth: self.depth })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.members.size_hint()
    }
}

/// The name of a member, borrowed from the text where it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        reader.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_text_means_one_thing_or_is_refused() {
        let parse = read::<Value>;
        assert_eq!(
            parse(br#"{"a":[1,-2,0.5,"x",null,true],"b":{}}"#).unwrap().to_string(),
            r#"{"a":[1,-2,0.5,"x",null,true],"b":{}}"#
        );
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(deep(32).as_bytes()).is_ok());
        for wrong in [
            "",
            "{",
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"a":1}}]"#,
            "[1] 2",
            r#""\ud800""#,
            "1e999",
            "\u{feff}{}",
            &deep(33),
            &deep(100_000),
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{}", wrong.chars().take(40).collect::<String>());
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn an_error_names_the_place() {
        #[derive(Debug, Deserialize)]
        struct Shape {
            #[expect(dead_code, reason = "only its reading is tested")]
            list: Vec<Vec<String>>,
        }
        let Err(Error::Invalid(invalid)) = read::<Shape>(br#"{"list":[["a"],[1]]}"#) else { panic!("read") };
        assert_eq!(invalid.source, Some(crate::error::Source::Pointer("/list/1/0".into())));
        assert_eq!(invalid.detail, "invalid type: integer `1`, expected a string");
    }

    #[test]
    fn an_array_is_no_object() {
        #[derive(Debug, Deserialize)]
        struct Shape {
            inner: Option<Inner>,
        }
        #[derive(Debug, Deserialize)]
        struct Inner {
            a: i64,
        }
        let inner = read::<Shape>(br#"{"inner":{"a":1}}"#).unwrap().inner.unwrap();
        assert_eq!(inner.a, 1);
        for (wrong, place) in
            [(r#"[{"a":1}]"#, ""), (r#"{"inner":[1]}"#, "/inner"), (r#"{"inner":{"a":"x"}}"#, "/inner/a")]
        {
            let Err(Error::Invalid(invalid)) = read::<Shape>(wrong.as_bytes()) else { panic!("{wrong}") };
            assert_eq!(invalid.source, Some(crate::error::Source::Pointer(place.into())), "{wrong}");
            assert!(
                !invalid.detail.contains("struct") && !invalid.detail.contains("i64"),
                "{}",
                invalid.detail
            );
        }
    }

    /// What the shape does not have is held to the same.
    #[test]
    fn what_is_ignored_means_one_thing_too() {
        #[derive(Debug, Deserialize)]
        struct Nothing {}
        assert!(read::<Nothing>(br#"{"x":{"y":[1,{"z":null}]}}"#).is_ok());
        let members = |twice: usize| {
            (0..50_000).map(|n| format!("\"m{}\":{n}", n % twice)).collect::<Vec<_>>().join(",")
        };
        assert!(read::<Nothing>(format!("{{{}}}", members(50_000)).as_bytes()).is_ok());
        assert!(read::<Nothing>(format!("{{{}}}", members(49_999)).as_bytes()).is_err());
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(32), "]".repeat(32));
        for wrong in [
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":1,"x":2}"#,
            r#"{"x":1,"\u0078":2}"#,
            r#"{"x":"\ud800"}"#,
            &deep,
            "[]",
        ] {
            assert!(read::<Nothing>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
