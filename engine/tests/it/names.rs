//! Names: canonical once, and never a default role's by another spelling. (threats T08, I9)

use std::sync::LazyLock;

use proptest::prelude::*;
use rolecall_engine::{
    assignments::RoleRef,
    catalogue::Catalogue,
    names::{GroupName, RoleName, fold},
};

use crate::world::World;

/// A character and what may stand for it.
const LIKE: &[(char, &[char])] = &[
    ('a', &['а', 'ａ', 'A', 'ɑ', '𝐚', 'ａ']),
    ('c', &['с', 'ｃ', 'C', '𝖼']),
    ('e', &['е', 'ｅ', 'E', '𝑒']),
    ('i', &['і', 'ｉ', 'I', 'l', '1', 'ı']),
    ('l', &['I', '1', 'ｌ', 'L', '|']),
    ('m', &['ｍ', 'M', '𝐦']),
    ('n', &['ｎ', 'N', '𝗇']),
    ('o', &['о', 'ο', 'ｏ', 'O', '0']),
    ('p', &['р', 'ρ', 'ｐ', 'P']),
    ('r', &['ｒ', 'R', '𝚛']),
    ('s', &['ѕ', 'ｓ', 'S']),
    ('t', &['ｔ', 'T', '𝘁']),
    ('u', &['ｕ', 'U', '𝒖']),
    ('d', &['ｄ', 'D', 'ԁ']),
    ('S', &['Ѕ', 's', 'Ｓ']),
    ('T', &['Т', 't', 'Τ', 'Ｔ']),
    ('A', &['А', 'a', 'Α', 'Ａ']),
    ('C', &['С', 'c', 'Ｃ']),
    ('P', &['Р', 'p', 'Ρ']),
    ('D', &['d', 'Ｄ']),
];

const BETWEEN: &[&str] = &[
    "", "", "", " ", "\u{a0}", "\u{200b}", "\u{202e}", "\u{ad}", "-", "_", ".", "\u{feff}", "\u{2060}",
    "\u{3000}",
];

/// A default role's name, spelt otherwise.
fn look_alike() -> impl Strategy<Value = (String, String)> {
    let names: Vec<String> = Catalogue::qlik().default_roles().map(|role| role.name.to_string()).collect();
    (prop::sample::select(names), prop::collection::vec((any::<u8>(), any::<u8>()), 40)).prop_map(
        |(name, choices)| {
            let mut spelt = String::new();
            for (c, (swap, between)) in name.chars().zip(choices) {
                let like = LIKE.iter().find(|(plain, _)| *plain == c).map(|(_, like)| *like);
                match like {
                    Some(like) if swap % 3 == 0 => spelt.push(like[usize::from(swap / 3) % like.len()]),
                    _ => spelt.push(c),
                }
                if between % 4 == 0 {
                    spelt.push_str(BETWEEN[usize::from(between / 4) % BETWEEN.len()]);
                }
            }
            (name, spelt)
        },
    )
}

static WORLD: LazyLock<World> = LazyLock::new(World::new);

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000.max(ProptestConfig::default().cases), ..ProptestConfig::default() })]

    /// Such a name cannot be a role's; and as a reference it means the default role only if it is its name exactly.
    #[test]
    fn a_default_role_has_no_look_alike((name, spelt) in look_alike()) {
        let mut world = WORLD.clone();
        if let Ok(canonical) = RoleName::new(&spelt) {
            prop_assert!(world.make_role(&spelt, &[]).is_err(), "{} {}", name, spelt);
            let meant = RoleRef::Name(spelt.clone()).resolve(&world.snapshot);
            prop_assert!(meant.is_err() || canonical.as_str() == name, "{} {}", name, spelt);
        }
    }
}

proptest! {
    #[test]
    fn a_canonical_name_stays_as_it_is(text in "\\PC{0,40}") {
        if let Ok(name) = GroupName::new(&text) {
            prop_assert_eq!(GroupName::new(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in any::<String>()) {
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
    }

    #[test]
    fn any_text_is_a_name_or_an_error(text in any::<String>()) {
        let _ = RoleName::new(&text);
    }
}
