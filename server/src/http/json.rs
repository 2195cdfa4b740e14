//! Is a text JSON that means one thing only? (RFC 7493 "I-JSON", threats T45)
//!
//! A member that stands twice, or nesting beyond what any request needs, is refused before anything else looks at it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
};
use serde_json::{Map, Value};

use crate::error::Error;

/// Arrays and objects within each other.
const DEPTH: usize = 32;

/// Reads a value of the wanted shape. Members the shape does not have are ignored.
///
/// # Errors
/// When the text is not JSON, has a member twice, is nested too deeply, or has another shape; with the place.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    convert(parse(text)?, "")
}

/// The value a text stands for.
fn parse(text: &[u8]) -> Result<Value, Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut reader);
    value
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Error::at_pointer("", format!("the body is not usable JSON: {error}")))
}

/// A value of the wanted shape from any JSON value; `at` is its place in the body.
///
/// # Errors
/// When it has another shape; with the place.
pub fn convert<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Error> {
    serde_path_to_error::deserialize(Shaped(value)).map_err(|error| {
        let pointer = error.path().iter().filter_map(segment).fold(String::from(at), |pointer, segment| {
            format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"))
        });
        Error::at_pointer(pointer, plain(&error.into_inner().to_string()))
    })
}

/// What was expected, in the words of JSON rather than of this program.
fn plain(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let expected = match expected {
        "i64" | "u32" | "u64" | "u16" => "a whole number",
        other if other.starts_with("struct ") => "an object",
        "a sequence" => "an array",
        other => other,
    };
    format!("{found}, expected {expected}")
}

/// A value that is read as what it is: an object is an object and nothing else. Left to itself, serde takes an array for
/// one, its items for the members in the order the program has them.
struct Shaped(Value);

impl<'de> Deserializer<'de> for Shaped {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Shaped));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Object(members) => {
                let mut members =
                    MapDeserializer::new(members.into_iter().map(|(name, value)| (name, Shaped(value))));
                let value = visitor.visit_map(&mut members)?;
                members.end().map(|()| value)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match &self.0 {
            Value::Array(_) => Err(de::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl IntoDeserializer<'_, serde_json::Error> for Shaped {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
    }
}

/// Builds a [`Value`], strictly.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > DEPTH {
            return Err(E::custom(format_args!("nested more than {DEPTH} levels deep")));
        }
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(Name(name)) = map.next_key()? {
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the member `{name}` stands twice")));
            }
            let value = map.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

#[derive(Deserialize)]
struct Name(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_one_thing_or_is_refused() {
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
}
