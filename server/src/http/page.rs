//! Which page of a list is asked for, and how is it answered? (reference/rest-api.md §1.3)

use axum::http::Uri;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rolecall_engine::filter::{Attribute, Filter, Limits, parse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::query::{Kind, Pairs, Parameter, Parameters};
use crate::{
    app::App,
    caller::Caller,
    db::{Direction, Found, Key, Keyset, Neighbour, Sort, Sorts, Value},
    error::Error,
    links::{Link, Links},
};

/// Characters that a parameter for a place in a list may have.
const CURSOR: usize = 32 * 1024;

/// The parameters that say where a page lies.
const PLACES: &[&str] = &["next", "prev", "page", "startingAfter", "endingBefore"];
/// Parameters that a cursor is not bound to. The sort order and the filter are, in the form they have.
const FREE: &[&str] = &["limit", "fields", "totalResults", "sort", "sortBy", "sortOrder", "filter"];

/// How a request says which page it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `next` and `prev`, each with a cursor.
    Cursor,
    /// The same, or the older `startingAfter` and `endingBefore`.
    CursorOrRow,
    /// `page`, with a cursor.
    Page,
    /// `startingAfter` and `endingBefore`, each with an identifier, or with a cursor in our own links: the row may be gone.
    Row,
}

/// What a request says about the page it wants.
#[derive(Debug, Clone)]
pub struct Paging {
    limit: u8,
    sort: Option<String>,
    filter: Option<String>,
    total: bool,
    pairs: Pairs,
    path: String,
}

pub const LIMIT: &[Parameter] = &[
    Parameter { name: "limit", about: "Items on a page", kind: Kind::Limit(20), deprecated: false },
    Parameter::text(
        "sort",
        "What to sort by, with `-` in front for the other way; several with commas between",
    ),
];
pub const CURSORS: &[Parameter] = &[
    Parameter::text("next", "The cursor of the page behind; not together with `prev`"),
    Parameter::text("prev", "The cursor of the page before; not together with `next`"),
];
pub const TOTAL: &[Parameter] = &[Parameter::boolean("totalResults", "Whether to count the whole list")];
pub const FILTER: &[Parameter] = &[Parameter::text("filter", "Which items to list (RFC 7644 §3.4.2.2)")];
pub const ROWS: &[Parameter] = &[
    Parameter::text("startingAfter", "The identifier of the item before the page"),
    Parameter::text("endingBefore", "The identifier of the item behind the page"),
];
pub const PAGE: &[Parameter] = &[Parameter::text("page", "The cursor of the page")];

/// The parameter that says how much, for lists that are sorted in one way.
pub const LIMIT_ONLY: &[Parameter] =
    &[Parameter { name: "limit", about: "Items on a page", kind: Kind::Limit(20), deprecated: false }];

/// The same, for lists with few items on a page.
pub const FEW: &[Parameter] =
    &[Parameter { name: "limit", about: "Items on a page", kind: Kind::Limit(10), deprecated: false }];

/// Items on a page.
///
/// # Errors
/// When the parameter is not a number from 1 to 100.
pub fn limit(pairs: &Pairs) -> Result<u8, Error> {
    limit_or(pairs, 20)
}

fn limit_or(pairs: &Pairs, usual: u8) -> Result<u8, Error> {
    match pairs.get("limit") {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| Error::at_parameter("limit", "must be a number from 1 to 100")),
    }
}

impl Parameters for Paging {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, CURSORS, TOTAL, FILTER].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Ok(Self {
            limit: limit(&pairs)?,
            sort: pairs.get("sort").map(str::to_owned),
            filter: pairs.get("filter").map(str::to_owned),
            total: pairs.flag("totalResults")?,
            path: uri.path().to_owned(),
            pairs,
        })
    }
}

/// What a request says about the page it wants of a list whose filter is in the body.
pub struct Searched(pub Paging);

impl Parameters for Searched {
    fn parameters() -> Vec<Parameter> {
        [LIMIT, CURSORS, TOTAL].concat()
    }

    fn read(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        Paging::read(pairs, uri).map(Self)
    }
}

/// A filter in a body.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct FilterBody {
    /// Which items to list (RFC 7644 §3.4.2.2).
    pub filter: Option<String>,
}

/// How a list is sorted and paged.
pub struct Shape {
    pub sorts: Sorts,
    /// What it is sorted by if the request does not say.
    pub default: &'static str,
    pub style: Style,
}

/// What a cursor holds, sealed.
#[derive(Serialize, Deserialize)]
struct Cursor {
    forward: bool,
    key: Vec<Component>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Component {
    Integer(i64),
    Text(String),
}

impl Paging {
    /// What a request says that wants few items if it does not say how many, and always a count of all.
    ///
    /// # Errors
    /// As [`Parameters::read`].
    pub fn counted(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let limit = limit_or(&pairs, 10)?;
        Ok(Self { limit, total: true, filter: None, ..Self::read(pairs, uri)? })
    }

    /// What a request says that wants few items if it does not say how many, of a list without filters and counts.
    ///
    /// # Errors
    /// As [`Parameters::read`].
    pub fn few(pairs: Pairs, uri: &Uri) -> Result<Self, Error> {
        let limit = limit_or(&pairs, 10)?;
        Ok(Self { limit, total: false, filter: None, ..Self::read(pairs, uri)? })
    }

    /// The same request with another sort order, where an older parameter asks for it.
    pub fn sorted_by(self, sort: Option<String>) -> Self {
        Self { sort: self.sort.or(sort), ..self }
    }

    /// The same request with the filter that its body has.
    pub fn filtered_by(self, filter: Option<String>) -> Self {
        Self { filter, ..self }
    }

    /// The filter of the query string.
    ///
    /// # Errors
    /// When it is not a filter of this resource.
    pub fn filter<A: Attribute>(&self) -> Result<Option<Filter<A>>, Error> {
        self.parse_filter(Limits::QUERY, |detail| Error::at_parameter("filter", detail))
    }

    /// The filter of the body.
    ///
    /// # Errors
    /// When it is not a filter of this resource.
    pub fn body_filter<A: Attribute>(&self) -> Result<Option<Filter<A>>, Error> {
        self.parse_filter(Limits::BODY, |detail| Error::at_pointer("/filter", detail))
    }

    fn parse_filter<A: Attribute>(
        &self,
        limits: Limits,
        wrong: fn(String) -> Error,
    ) -> Result<Option<Filter<A>>, Error> {
        let Some(text) = &self.filter else { return Ok(None) };
        parse(text, limits).map(Some).map_err(|error| wrong(format!("the filter is wrong {error}")))
    }

    /// Where the page lies.
    ///
    /// # Errors
    /// When the sort order or the cursor is not one of this list.
    pub fn keyset<P>(&self, app: &App, caller: &Caller<P>, shape: &Shape) -> Result<Keyset, Error> {
        let sorts = self.sorts(shape)?;
        let by_cursor =
            || self.beside(["next", "prev"], |cursor, name| self.open(app, caller, shape, cursor, name));
        let by_row = || {
            self.beside(["startingAfter", "endingBefore"], |place, _| {
                let cursor = self.open_either(app, caller, shape, place).map(|(_, row)| row);
                Ok(cursor.unwrap_or_else(|| Neighbour::Row(place.to_owned())))
            })
        };
        let from = match shape.style {
            Style::Cursor => by_cursor()?,
            Style::Row => by_row()?,
            Style::CursorOrRow => match by_cursor()? {
                None => by_row()?,
                found => found,
            },
            Style::Page => match self.pairs.get("page") {
                None => None,
                Some(cursor) => {
                    Some(self.open_either(app, caller, shape, cursor).ok_or_else(|| bad_cursor("page"))?)
                }
            },
        };
        Ok(Keyset { sorts, from, limit: self.limit.into(), total: self.total })
    }

    /// The neighbour that one of two parameters names, the first for the row before the page, the second for the row behind.
    fn beside(
        &self,
        [after, before]: [&str; 2],
        open: impl Fn(&str, &str) -> Result<Neighbour, Error>,
    ) -> Result<Option<(Direction, Neighbour)>, Error> {
        match (self.pairs.get(after), self.pairs.get(before)) {
            (None, None) => Ok(None),
            (Some(place), None) => open(place, after).map(|row| Some((Direction::Next, row))),
            (None, Some(place)) => open(place, before).map(|row| Some((Direction::Previous, row))),
            (Some(_), Some(_)) => {
                Err(Error::at_parameter(before, format!("cannot be used together with `{after}`")))
            }
        }
    }

    fn sorts(&self, shape: &Shape) -> Result<Vec<Sort>, Error> {
        let text = self.sort.as_deref().unwrap_or(shape.default);
        let mut all = Vec::new();
        for field in text.split(',') {
            // A `+` in a query string may arrive as the blank it stands for.
            let descending = field.starts_with('-');
            let name = field.strip_prefix(['+', '-', ' ']).unwrap_or(field);
            let known = shape.sorts.iter().find(|(known, _)| *known == name);
            let (_, columns) = known.ok_or_else(|| {
                let names: Vec<String> = shape.sorts.iter().map(|(name, _)| format!("`{name}`")).collect();
                Error::at_parameter(
                    "sort",
                    format!("cannot sort by `{name}`; use one of {}", names.join(", ")),
                )
            })?;
            let columns = columns.iter().map(|sort| if descending { sort.reversed() } else { *sort });
            all.extend(
                columns
                    .filter(|sort| !all.iter().any(|known: &Sort| known.column == sort.column))
                    .collect::<Vec<_>>(),
            );
        }
        Ok(all)
    }

    /// What a cursor is bound to: it opens for the same tenant, list, order and selection only.
    fn binding<P>(&self, caller: &Caller<P>, shape: &Shape) -> Vec<u8> {
        let free = |name: &str| PLACES.contains(&name) || FREE.contains(&name);
        let mut selection: Vec<(&str, &str)> = self.pairs.iter().filter(|(name, _)| !free(name)).collect();
        selection.sort_unstable();
        let sort = self.sort.as_deref().unwrap_or(shape.default).replace([' ', '+'], "");
        let tenant = caller.tenant_id();
        let parts = (tenant.as_str(), &self.path, sort, &self.filter, selection);
        serde_json::to_vec(&parts).unwrap_or_default()
    }

    fn open<P>(
        &self,
        app: &App,
        caller: &Caller<P>,
        shape: &Shape,
        cursor: &str,
        name: &str,
    ) -> Result<Neighbour, Error> {
        let opened = self.open_either(app, caller, shape, cursor);
        let wanted = if name == "next" { Direction::Next } else { Direction::Previous };
        opened
            .filter(|(direction, _)| *direction == wanted)
            .map(|(_, row)| row)
            .ok_or_else(|| bad_cursor(name))
    }

    fn open_either<P>(
        &self,
        app: &App,
        caller: &Caller<P>,
        shape: &Shape,
        cursor: &str,
    ) -> Option<(Direction, Neighbour)> {
        if cursor.len() > CURSOR {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let opened = app.cursors.open(&self.binding(caller, shape), &sealed)?;
        let Cursor { forward, key } = serde_json::from_slice(&opened).ok()?;
        let key = key.into_iter().map(|component| match component {
            Component::Integer(value) => Value::Integer(value),
            Component::Text(value) => Value::from(value),
        });
        Some((if forward { Direction::Next } else { Direction::Previous }, Neighbour::Key(key.collect())))
    }

    /// The page, with links to its neighbours.
    ///
    /// # Errors
    /// When a cursor cannot be sealed.
    pub fn page<P, T>(
        &self,
        app: &App,
        caller: &Caller<P>,
        shape: &Shape,
        found: Found<T>,
    ) -> Result<Page<T>, Error> {
        let link = |direction: Direction, key: Option<Key>| {
            key.map(|key| self.neighbour(app, caller, shape, direction, key)).transpose()
        };
        let links = PageLinks {
            this: caller.links().to(with_query(&self.path, self.pairs.iter())),
            next: link(Direction::Next, found.next)?,
            prev: link(Direction::Previous, found.previous)?,
        };
        Ok(Page { data: found.rows, total_results: found.total, links })
    }

    fn neighbour<P>(
        &self,
        app: &App,
        caller: &Caller<P>,
        shape: &Shape,
        direction: Direction,
        key: Key,
    ) -> Result<Link, Error> {
        let forward = direction == Direction::Next;
        let name = match (shape.style, forward) {
            (Style::Cursor | Style::CursorOrRow, true) => "next",
            (Style::Cursor | Style::CursorOrRow, false) => "prev",
            (Style::Page, _) => "page",
            (Style::Row, true) => "startingAfter",
            (Style::Row, false) => "endingBefore",
        };
        let place = self.seal(app, caller, shape, forward, key)?;
        let kept = self.pairs.iter().filter(|(name, _)| !PLACES.contains(name));
        Ok(caller.links().to(with_query(&self.path, kept.chain([(name, place.as_str())]))))
    }

    fn seal<P>(
        &self,
        app: &App,
        caller: &Caller<P>,
        shape: &Shape,
        forward: bool,
        key: Key,
    ) -> Result<String, Error> {
        let component = |value| match value {
            Value::Integer(value) => Ok(Component::Integer(value)),
            Value::Text(value) => Ok(Component::Text(value.into_owned())),
            other @ (Value::Null | Value::Bytes(_)) => Err(Error::internal(format!("{other:?} in a cursor"))),
        };
        let key = key.into_iter().map(component).collect::<Result<_, _>>()?;
        let cursor = serde_json::to_vec(&Cursor { forward, key }).map_err(Error::internal)?;
        Ok(URL_SAFE_NO_PAD.encode(app.cursors.seal(&self.binding(caller, shape), &cursor)?))
    }
}

fn bad_cursor(name: &str) -> Error {
    Error::at_parameter(name, "not a cursor of this list; begin again without it")
}

fn with_query<'p>(path: &str, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Items on the whole list, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_results: Option<i64>,
    /// Where the page and its neighbours are.
    pub links: PageLinks,
}

/// Where a page and its neighbours are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PageLinks {
    /// This page.
    #[serde(rename = "self")]
    pub this: Link,
    /// The page behind, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Link>,
    /// The page before, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev: Option<Link>,
}

/// A page of a list that is gone through in one direction; `next` is where the page behind begins.
pub fn onward<T>(links: &Links, path: &str, pairs: &Pairs, data: Vec<T>, next: Option<String>) -> Page<T> {
    let behind = |next: String| {
        let kept = pairs.iter().filter(|(name, _)| *name != "next");
        links.to(with_query(path, kept.chain([("next", next.as_str())])))
    };
    let next = next.map(behind);
    let this = links.to(with_query(path, pairs.iter()));
    Page { data, total_results: None, links: PageLinks { this, next, prev: None } }
}

/// A whole list on one page.
pub fn whole<T>(links: &Links, path: &str, data: Vec<T>) -> Page<T> {
    Page { data, total_results: None, links: PageLinks { this: links.to(path), next: None, prev: None } }
}
