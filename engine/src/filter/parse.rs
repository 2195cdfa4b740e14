//! What does the text of a filter say, and where is it wrong?

use alloc::{boxed::Box, string::String, vec::Vec};
use core::fmt;

use super::{Attribute, Compare, Filter, Kind, Operand};
use crate::{names::fold, time::Timestamp};

/// How large a filter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Comparisons, those of `id` not counted.
    pub terms: usize,
    /// Comparisons of `id`.
    pub ids: usize,
    /// Parentheses within parentheses.
    pub depth: usize,
}

impl Limits {
    /// For a filter in a query string.
    pub const QUERY: Self = Self { bytes: 2048, terms: 64, ids: 64, depth: 16 };
    /// For a filter in a body, which may name 100 resources (reference/rest-api.md §1.9).
    pub const BODY: Self = Self { bytes: 8192, terms: 64, ids: 100, depth: 16 };
}

/// Characters of a folded value; some characters fold to many. No stored text that is filtered is longer.
const VALUE: usize = 4096;

/// Why a text is not a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {}: {problem}", at + 1)]
pub struct FilterError {
    /// Characters before the place.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Something else must stand here.
    Expected(&'static str),
    /// No attribute of the resource.
    UnknownAttribute(String, &'static [&'static str]),
    /// No operator of RFC 7644.
    UnknownOperator(String),
    /// The operator or the value does not go with the attribute.
    Unfit(&'static str),
    /// Conditions on an attribute are mixed with others.
    NotApart,
    /// More than the given number of something.
    TooMany(usize, &'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::UnknownAttribute(name, known) => {
                write!(f, "unknown attribute `{name}`; one of")?;
                known
                    .iter()
                    .enumerate()
                    .try_for_each(|(at, name)| write!(f, "{} `{name}`", if at > 0 { "," } else { "" }))
            }
            Self::UnknownOperator(word) => {
                write!(
                    f,
                    "unknown operator `{word}`; one of `eq`, `ne`, `co`, `sw`, `ew`, `pr`, `gt`, `ge`, `lt`, `le`"
                )
            }
            Self::Unfit(why) => f.write_str(why),
            Self::NotApart => f.write_str(
                "conditions on `status` must stand in parentheses of their own, with `and` between them and the rest",
            ),
            Self::TooMany(limit, what) => write!(f, "more than {limit} {what}"),
        }
    }
}

/// Reads a filter: the grammar of RFC 7644 §3.4.2.2 without value paths, names and operators in any case, texts in
/// double or single quotes, `and` before `or`.
///
/// # Errors
/// When the text is not such a filter, names an attribute the resource does not have, compares one in a way that makes
/// no sense, or passes the limits. The error names the place.
pub fn parse<A: Attribute>(text: &str, limits: Limits) -> Result<Filter<A>, FilterError> {
    if text.len() > limits.bytes {
        return Err(FilterError { at: 0, problem: Problem::TooMany(limits.bytes, "bytes") });
    }
    let mut parser = Parser { text, rest: text, limits, terms: 0, ids: 0, depth: 0 };
    let filter = parser.disjunction()?;
    parser.skip_blanks();
    if !parser.rest.is_empty() {
        return Err(parser.expected("`and`, `or` or the end"));
    }
    if A::APART.is_some_and(|attribute| !filter.keeps_apart(attribute)) {
        return Err(FilterError { at: 0, problem: Problem::NotApart });
    }
    Ok(filter)
}

struct Parser<'t> {
    text: &'t str,
    rest: &'t str,
    limits: Limits,
    terms: usize,
    ids: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn error_at(&self, rest: &str, problem: Problem) -> FilterError {
        let before = self.text.get(..self.text.len() - rest.len()).unwrap_or_default();
        FilterError { at: before.chars().count(), problem }
    }

    fn expected(&self, what: &'static str) -> FilterError {
        self.error_at(self.rest, Problem::Expected(what))
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Takes the characters at the front that pass the test.
    fn take(&mut self, test: impl Fn(char) -> bool) -> &'t str {
        let (taken, rest) = self.rest.split_at(self.rest.find(|c| !test(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Takes the word if it is next.
    fn keyword(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let here = self.rest;
        let found = self.take(|c| c.is_ascii_alphabetic()).eq_ignore_ascii_case(word)
            && matches!(self.rest.chars().next(), None | Some(' ' | '(' | ')'));
        if !found {
            self.rest = here;
        }
        found
    }

    fn symbol(&mut self, symbol: char) -> bool {
        self.skip_blanks();
        let after = self.rest.strip_prefix(symbol);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn disjunction<A: Attribute>(&mut self) -> Result<Filter<A>, FilterError> {
        let first = self.conjunction()?;
        let mut parts = Vec::from([first]);
        while self.keyword("or") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn conjunction<A: Attribute>(&mut self) -> Result<Filter<A>, FilterError> {
        let first = self.factor()?;
        let mut parts = Vec::from([first]);
        while self.keyword("and") {
            parts.push(self.factor()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn factor<A: Attribute>(&mut self) -> Result<Filter<A>, FilterError> {
        let negated = self.keyword("not");
        let start = self.rest;
        if !self.symbol('(') {
            return if negated { Err(self.expected("`(` behind `not`")) } else { self.comparison() };
        }
        self.depth += 1;
        if self.depth > self.limits.depth {
            return Err(
                self.error_at(start, Problem::TooMany(self.limits.depth, "parentheses within parentheses"))
            );
        }
        let inner = self.disjunction()?;
        self.depth -= 1;
        if !self.symbol(')') {
            return Err(self.expected("`and`, `or` or `)`"));
        }
        Ok(if negated { Filter::Not(Box::new(inner)) } else { inner })
    }

    fn comparison<A: Attribute>(&mut self) -> Result<Filter<A>, FilterError> {
        self.skip_blanks();
        let start = self.rest;
        let name = self.take(|c| c.is_ascii_alphanumeric() || "._-:$".contains(c));
        if name.is_empty() {
            return Err(self.expected("the name of an attribute, `not` or `(`"));
        }
        let unknown = || Problem::UnknownAttribute(name.into(), A::NAMES);
        let (attribute, kind) = A::named(name).ok_or_else(|| self.error_at(start, unknown()))?;
        self.count(name, start)?;
        self.skip_blanks();
        let operator_at = self.rest;
        let operator = self.take(|c| !matches!(c, ' ' | '(' | ')' | '"' | '\''));
        if operator.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(attribute));
        }
        let (compare, negated) = compare(operator).ok_or_else(|| match operator {
            "" => self.expected("an operator"),
            word => self.error_at(operator_at, Problem::UnknownOperator(word.into())),
        })?;
        self.skip_blanks();
        let value_at = self.rest;
        let value = self.value()?;
        let filter =
            build(attribute, kind, compare, value).map_err(|problem| self.error_at(value_at, problem))?;
        Ok(if negated { Filter::Not(Box::new(filter)) } else { filter })
    }

    fn count(&mut self, attribute: &str, start: &str) -> Result<(), FilterError> {
        let (count, limit, what) = if attribute.eq_ignore_ascii_case("id") {
            (&mut self.ids, self.limits.ids, "identifiers")
        } else {
            (&mut self.terms, self.limits.terms, "comparisons")
        };
        *count += 1;
        if *count > limit { Err(self.error_at(start, Problem::TooMany(limit, what))) } else { Ok(()) }
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Value::Text),
            _ => match self.take(|c| !matches!(c, ' ' | '(' | ')')) {
                "null" => Ok(Value::Null),
                word @ ("true" | "false") => Ok(Value::Boolean(word == "true")),
                "" => Err(self.expected("a value in quotes")),
                _ => Ok(Value::Other),
            },
        }
    }

    /// A text in quotes, with the escapes of JSON (RFC 8259 §7).
    fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        chars.next();
        loop {
            let here = chars.as_str();
            match chars.next() {
                None => return Err(self.error_at(here, Problem::Expected("the closing quote"))),
                Some(c) if c == quote => break,
                Some('\\') => match escape(&mut chars) {
                    Some(c) => text.push(c),
                    None => {
                        return Err(self
                            .error_at(here, Problem::Expected("an escape as in JSON, for example `\\\"`")));
                    }
                },
                Some(c) => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(text)
    }
}

enum Value {
    Text(String),
    Boolean(bool),
    Null,
    Other,
}

/// The character that an escape stands for; the backslash is taken already.
fn escape(chars: &mut core::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        c @ ('"' | '\'' | '\\' | '/') => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match unit(chars)? {
            high @ 0xd800..=0xdbff => {
                let low = (chars.next()? == '\\' && chars.next()? == 'u').then(|| unit(chars))??;
                char::decode_utf16([high, low]).next()?.ok()?
            }
            unit => char::from_u32(u32::from(unit))?,
        },
        _ => return None,
    })
}

fn unit(chars: &mut core::str::Chars<'_>) -> Option<u16> {
    let digits =
        chars.as_str().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    *chars = chars.as_str().get(4..)?.chars();
    u16::from_str_radix(digits, 16).ok()
}

fn one_or<A>(mut parts: Vec<Filter<A>>, many: fn(Vec<Filter<A>>) -> Filter<A>) -> Filter<A> {
    if parts.len() > 1 { many(parts) } else { parts.pop().unwrap_or(Filter::All(parts)) }
}

/// The comparison an operator stands for, and whether it is negated.
fn compare(operator: &str) -> Option<(Compare, bool)> {
    let operators = [
        ("eq", Compare::Equal, false),
        ("ne", Compare::Equal, true),
        ("co", Compare::Contains, false),
        ("sw", Compare::StartsWith, false),
        ("ew", Compare::EndsWith, false),
        ("gt", Compare::Greater, false),
        ("ge", Compare::GreaterOrEqual, false),
        ("lt", Compare::Less, false),
        ("le", Compare::LessOrEqual, false),
    ];
    operators
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(operator))
        .map(|(_, compare, negated)| (*compare, *negated))
}

/// A comparison that makes sense. Being equal to nothing is being absent.
fn build<A: Attribute>(
    attribute: A,
    kind: Kind,
    compare: Compare,
    value: Value,
) -> Result<Filter<A>, Problem> {
    if kind == Kind::Boolean {
        return truth(attribute, compare, &value);
    }
    let text = match value {
        Value::Text(text) if !text.is_empty() => text,
        Value::Text(_) | Value::Null if compare == Compare::Equal => {
            return Ok(Filter::Not(Box::new(Filter::Present(attribute))));
        }
        Value::Text(_) | Value::Null => {
            return Err(Problem::Unfit("nothing can only be compared by `eq` or `ne`"));
        }
        Value::Boolean(_) | Value::Other => return Err(Problem::Expected("a value in quotes")),
    };
    let operand = match kind {
        Kind::Text | Kind::Boolean => match fold(&text) {
            folded if folded.chars().count() > VALUE => {
                return Err(Problem::TooMany(VALUE, "characters in a value"));
            }
            folded => Operand::Text(folded),
        },
        Kind::Time if matches!(compare, Compare::Contains | Compare::StartsWith | Compare::EndsWith) => {
            return Err(Problem::Unfit(
                "a time can only be compared by `eq`, `ne`, `gt`, `ge`, `lt` or `le`",
            ));
        }
        Kind::Time => match text.parse::<Timestamp>() {
            Ok(time) => Operand::Time(time),
            Err(_) => return Err(Problem::Expected("a time, for example \"2026-11-24T08:00:00Z\"")),
        },
    };
    Ok(Filter::Compare(attribute, compare, operand))
}

/// A comparison with `true` or `false`; some programs put these in quotes.
fn truth<A: Attribute>(attribute: A, compare: Compare, value: &Value) -> Result<Filter<A>, Problem> {
    if compare != Compare::Equal {
        return Err(Problem::Unfit("what is true or false can only be compared by `eq` or `ne`"));
    }
    let is = match value {
        Value::Boolean(is) => *is,
        Value::Text(text) if text.eq_ignore_ascii_case("true") => true,
        Value::Text(text) if text.eq_ignore_ascii_case("false") => false,
        Value::Text(_) | Value::Null | Value::Other => return Err(Problem::Expected("`true` or `false`")),
    };
    let operand = Operand::Text(String::from(if is { "true" } else { "false" }));
    Ok(Filter::Compare(attribute, compare, operand))
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec};

    use super::*;
    use crate::filter::UserAttribute::{self, Email, Name, Subject};

    fn users(text: &str) -> Result<Filter<UserAttribute>, FilterError> {
        parse(text, Limits::QUERY)
    }

    fn text(attribute: UserAttribute, compare: Compare, text: &str) -> Filter<UserAttribute> {
        Filter::Compare(attribute, compare, Operand::Text(text.to_string()))
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = users(r#"name eq "A" or Email SW 'b@' AND not (subject ne "x")"#).unwrap();
        let x = text(Subject, Compare::Equal, "x");
        let expected = Filter::Any(vec![
            text(Name, Compare::Equal, "a"),
            Filter::All(vec![
                text(Email, Compare::StartsWith, "b@"),
                Filter::Not(Box::new(Filter::Not(Box::new(x)))),
            ]),
        ]);
        assert_eq!(filter, expected);
    }

    #[test]
    fn quotes_escapes_and_blanks() {
        assert_eq!(
            users(r#"  name   eq "a\"\u00e9\ud83d\ude00'b"  "#),
            Ok(text(Name, Compare::Equal, "a\"é😀'b"))
        );
        assert_eq!(users(r"name eq 'it\'s'"), Ok(text(Name, Compare::Equal, "it's")));
        assert_eq!(users(r#"(name eq"x")"#), Ok(text(Name, Compare::Equal, "x")));
        assert_eq!(users("email pr"), Ok(Filter::Present(Email)));
        for nothing in ["email eq null", "email eq \"\"", "not (email pr)"] {
            assert_eq!(users(nothing), Ok(Filter::Not(Box::new(Filter::Present(Email)))), "{nothing}");
        }
    }

    #[test]
    fn an_error_names_the_place() {
        for (wrong, message) in [
            ("", "at character 1: expected the name of an attribute, `not` or `(`"),
            ("name", "at character 5: expected an operator"),
            ("name eq", "at character 8: expected a value in quotes"),
            ("name eq x", "at character 9: expected a value in quotes"),
            ("name eq \"x", "at character 11: expected the closing quote"),
            ("name eq \"\\x\"", "at character 10: expected an escape as in JSON, for example `\\\"`"),
            (
                "name is \"x\"",
                "at character 6: unknown operator `is`; one of `eq`, `ne`, `co`, `sw`, `ew`, `pr`, `gt`, `ge`, `lt`, `le`",
            ),
            ("(name pr", "at character 9: expected `and`, `or` or `)`"),
            ("name pr name pr", "at character 9: expected `and`, `or` or the end"),
            ("not name pr", "at character 5: expected `(` behind `not`"),
            ("name gt \"\"", "at character 9: nothing can only be compared by `eq` or `ne`"),
            (
                "emails[type eq \"x\"] pr",
                "at character 1: unknown attribute `emails`; one of `id`, `subject`, `name`, `email`, `status`, `clientId`, `assignedRoles.id`, `assignedRoles.name`, `assignedGroups.id`, `assignedGroupsAssignedRoles.name`, `assignedScopes`",
            ),
        ] {
            assert_eq!(users(wrong).unwrap_err().to_string(), message, "{wrong}");
        }
    }

    #[test]
    fn filters_have_limits() {
        let deep = |n: usize| format!("{}name pr{}", "(".repeat(n), ")".repeat(n));
        assert!(users(&deep(16)).is_ok());
        assert_eq!(
            users(&deep(17)).unwrap_err().problem,
            Problem::TooMany(16, "parentheses within parentheses")
        );
        let many = |n: usize, term: &str| vec![term; n].join(" or ");
        assert!(users(&many(64, "name pr")).is_ok());
        assert_eq!(users(&many(65, "name pr")).unwrap_err().problem, Problem::TooMany(64, "comparisons"));
        let id = "id eq \"62716ab404a7bd8626af9bd6\"";
        assert!(parse::<UserAttribute>(&many(100, id), Limits::BODY).is_ok());
        assert_eq!(
            parse::<UserAttribute>(&many(101, id), Limits::BODY).unwrap_err().problem,
            Problem::TooMany(100, "identifiers")
        );
        assert_eq!(users(&"x".repeat(2049)).unwrap_err().problem, Problem::TooMany(2048, "bytes"));
        let long = format!("name eq \"{}\"", "\u{fdfa}".repeat(600));
        assert_eq!(users(&long).unwrap_err().problem, Problem::TooMany(4096, "characters in a value"));
    }

    #[test]
    fn times_are_compared_as_times() {
        use crate::filter::RoleAttribute::CreatedAt;
        let time = Operand::Time(Timestamp::from_millis(1000));
        assert_eq!(
            parse("createdAt ge \"1970-01-01T00:00:01Z\"", Limits::QUERY),
            Ok(Filter::Compare(CreatedAt, Compare::GreaterOrEqual, time))
        );
        for wrong in ["createdAt gt \"soon\"", "createdAt co \"1970\""] {
            assert!(parse::<crate::filter::RoleAttribute>(wrong, Limits::QUERY).is_err(), "{wrong}");
        }
    }

    #[test]
    fn status_must_keep_apart() {
        for (filter, apart) in [
            (r#"(name eq "Bob" or name eq "Al") and (status eq "active" or status eq "disabled")"#, true),
            (r#"name eq "Bob" or name eq "Al" and (status eq "active" or status eq "disabled")"#, false),
            (r#"status eq "active""#, true),
            (r#"name pr and status eq "active""#, true),
            ("(name pr and status pr) and email pr", true),
            ("name pr or status pr", false),
            ("not (name pr and status pr)", false),
        ] {
            let problem = users(filter).err().map(|error| error.problem);
            assert_eq!(problem, (!apart).then_some(Problem::NotApart), "{filter}");
        }
    }
}
