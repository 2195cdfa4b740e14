//! Filters: any text is one or an error; what another reader of RFC 7644 accepts, ours does too.

use proptest::prelude::*;
use rolecall_engine::filter::{
    Compare, Filter, ItemAttribute, Limits, Operand, ScimUserAttribute, UserAttribute, parse,
};

/// A filter over attributes of users, written as RFC 7644 does.
fn filter() -> impl Strategy<Value = String> {
    let attribute = prop::sample::select(vec!["name", "email", "subject", "Name", "EMAIL"]);
    let operator =
        prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"]);
    let leaf = prop_oneof![
        4 => (attribute.clone(), operator, "[a-z0-9 ()']{1,6}").prop_map(|(attribute, operator, value)| format!("{attribute} {operator} \"{value}\"")),
        1 => attribute.prop_map(|attribute| format!("{attribute} pr")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

fn users(text: &str) -> Result<Filter<UserAttribute>, rolecall_engine::filter::FilterError> {
    parse(text, Limits { bytes: 1 << 20, terms: 1000, ids: 1000, depth: 64 })
}

/// The attributes of a user who has a name and a subject, and no address.
fn values(name: &str, subject: &str) -> impl Fn(UserAttribute) -> Vec<Operand> {
    move |attribute| match attribute {
        UserAttribute::Name => vec![Operand::Text(name.to_owned())],
        UserAttribute::Subject => vec![Operand::Text(subject.to_owned())],
        _ => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_filter_or_an_error_with_its_place(text in any::<String>()) {
        if let Err(error) = parse::<UserAttribute>(&text, Limits::QUERY) {
            prop_assert!(error.at <= text.chars().count());
        }
    }

    #[test]
    fn broken_filters_are_errors_or_filters(text in filter(), at in any::<prop::sample::Index>(), with in any::<char>()) {
        let mut broken: Vec<char> = text.chars().collect();
        let at = at.index(broken.len());
        broken[at] = with;
        let _ = users(&broken.into_iter().collect::<String>());
    }

    #[test]
    fn what_another_reader_accepts_ours_does_too(text in filter()) {
        let theirs = text.parse::<scim_v2::filter::Filter>();
        prop_assert!(theirs.is_err() || users(&text).is_ok(), "{}", text);
    }

    #[test]
    fn not_means_not(text in filter(), name in "[a-z0-9]{1,4}", subject in "[a-z0-9]{1,4}") {
        let (plain, negated) = (users(&text).unwrap(), users(&format!("not ({text})")).unwrap());
        let values = values(&name, &subject);
        prop_assert_eq!(plain.selects(&values), !negated.selects(&values));
    }

    #[test]
    fn and_binds_closer_than_or(a in filter(), b in filter(), c in filter(), name in "[a-z0-9]{1,4}") {
        let values = values(&name, "s");
        let (bare, grouped) = (format!("({a}) or ({b}) and ({c})"), format!("({a}) or (({b}) and ({c}))"));
        prop_assert_eq!(users(&bare).unwrap().selects(&values), users(&grouped).unwrap().selects(&values));
    }
}

/// What is true or false is so in quotes or not, and the schema may stand before a name (RFC 7644 §3.10).
#[test]
fn filters_of_programs_have_truth_values_and_schemas() {
    let active =
        |is: &str| Filter::Compare(ScimUserAttribute::Active, Compare::Equal, Operand::Text(is.to_owned()));
    for (text, filter) in [
        ("active eq true", active("true")),
        ("ACTIVE eq \"False\"", active("false")),
        ("urn:ietf:params:scim:schemas:core:2.0:User:active ne true", Filter::Not(Box::new(active("true")))),
        ("active pr", Filter::Present(ScimUserAttribute::Active)),
    ] {
        assert_eq!(parse(text, Limits::QUERY), Ok(filter), "{text}");
    }
    for wrong in ["active gt true", "active eq 1", "active eq null", "userName eq true", "urn:x:userName pr"]
    {
        assert!(parse::<ScimUserAttribute>(wrong, Limits::QUERY).is_err(), "{wrong}");
    }
    assert!(parse::<ItemAttribute>("type eq \"work\" and primary eq true", Limits::QUERY).is_ok());
}
