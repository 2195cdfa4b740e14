//! Which requests are there for explanations?

use axum::{extract::State, http::Uri};
use rolecall_engine::{ids::UserId, time::Timestamp};

use super::{
    Sought,
    impact::{self, Plan},
    wire::{Comparison, Effective, Explanation, Holder, Source},
};
use crate::{
    app::App,
    caller::{Administrator, Caller, Evaluator, Member},
    error::Error,
    http::{
        extract::Body,
        operation::{Operation, get, post},
        page::{LIMIT_ONLY, Page, limit, onward},
        place::Bound,
        preview::Preview,
        query::{Pairs, Parameter, Parameters, Query},
        respond::Shown,
    },
    limits::Tier,
};

const WHO_CAN: &str = "/rolecall/v1/access/who-can";
const HOLDERS: &str = "/rolecall/v1/access/holders";

pub fn operations() -> Vec<Operation> {
    vec![
        get("/rolecall/v1/access/explain", "Why a user may use a scope, or may not", explain_scope),
        get(
            "/rolecall/v1/access/effective",
            "Everything a user is granted, and by which ways",
            get_effective,
        )
        .refusing(&[404]),
        get("/rolecall/v1/access/compare", "What two users are granted", compare_users),
        get(WHO_CAN, "The users who may use a scope, and by which ways", list_who_can),
        get(HOLDERS, "The users who have a role, and by which ways", list_holders),
        post("/rolecall/v1/access/impact", "What several changes would do, one after the other", try_changes)
            .tier(Tier::Filter)
            .refusing(&[403, 404, 409]),
    ]
}

const USER: Parameter =
    Parameter::text("user", "The user, by identifier, subject or address; the caller if not given");
const SCOPE: Parameter = Parameter::text("scope", "The scope");
const SOURCE: Parameter =
    Parameter::text("source", "Only by this kind of way: `direct`, `group`, `everyone` or `user-default`");
const NEXT: Parameter = Parameter::text("next", "Where the page begins, from the link of the page before");

const AT: Parameter = Parameter::text(
    "at",
    "The time to answer for, as RFC 3339 has it; now if not given. What is assigned for some time only counts as it does then, \
     all else as it is now",
);

fn time(pairs: &Pairs) -> Result<Option<Timestamp>, Error> {
    let read = |text: &str| text.parse().map_err(|error| Error::at_parameter("at", error));
    pairs.get("at").map(read).transpose()
}

/// A parameter that a request cannot do without.
fn required(pairs: &Pairs, name: &'static str) -> Result<String, Error> {
    pairs.get(name).map(str::to_owned).ok_or_else(|| Error::at_parameter(name, "is required"))
}

struct ExplainScope {
    user: Option<String>,
    scope: String,
    at: Option<Timestamp>,
}

impl Parameters for ExplainScope {
    fn parameters() -> Vec<Parameter> {
        vec![USER, SCOPE, AT]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        let user = pairs.get("user").map(str::to_owned);
        Ok(Self { user, scope: required(&pairs, "scope")?, at: time(&pairs)? })
    }
}

async fn explain_scope(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(asked): Query<ExplainScope>,
) -> Result<Shown<Explanation>, Error> {
    super::explanation(&app, &caller, asked.user.as_deref(), &asked.scope, asked.at).await.map(Shown)
}

struct GetEffective {
    user: Option<String>,
    at: Option<Timestamp>,
}

impl Parameters for GetEffective {
    fn parameters() -> Vec<Parameter> {
        vec![USER, AT]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Ok(Self { user: pairs.get("user").map(str::to_owned), at: time(&pairs)? })
    }
}

async fn get_effective(
    State(app): State<App>,
    caller: Caller<Member>,
    Query(asked): Query<GetEffective>,
) -> Result<Shown<Effective>, Error> {
    super::effective(&app, &caller, asked.user.as_deref(), asked.at).await.map(Shown)
}

struct CompareUsers {
    user: String,
    with: String,
}

impl Parameters for CompareUsers {
    fn parameters() -> Vec<Parameter> {
        vec![
            Parameter::text("user", "The one, by identifier, subject or address"),
            Parameter::text("with", "The other"),
        ]
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Ok(Self { user: required(&pairs, "user")?, with: required(&pairs, "with")? })
    }
}

async fn compare_users(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Query(asked): Query<CompareUsers>,
) -> Result<Shown<Comparison>, Error> {
    super::comparison(&app, &caller, &asked.user, &asked.with).await.map(Shown)
}

/// What the lists of users have in common.
struct Listing {
    source: Option<Source>,
    limit: usize,
    next: Option<String>,
    pairs: Pairs,
}

impl Listing {
    fn read(pairs: Pairs) -> Result<Self, Error> {
        let source = pairs.get("source").map(str::parse).transpose();
        Ok(Self {
            source: source.map_err(|error: &str| Error::at_parameter("source", error))?,
            limit: limit(&pairs)?.into(),
            next: pairs.get("next").map(str::to_owned),
            pairs,
        })
    }

    async fn answer(
        self,
        app: &App,
        caller: &Caller<Evaluator>,
        path: &'static str,
        sought: Sought,
    ) -> Result<Shown<Page<Holder>>, Error> {
        let what = format!("{path} {sought:?} {:?}", self.source);
        let search = Bound { tenant: caller.tenant_id(), what: &what };
        let open = |next: &str| search.open(app, next).and_then(|place| place.parse::<UserId>().ok());
        let after = match &self.next {
            None => None,
            Some(next) => Some(open(next).ok_or_else(|| {
                Error::at_parameter("next", "not a cursor of this list; begin again without it")
            })?),
        };
        let (found, last) = super::holders(app, caller, sought, self.source, (after, self.limit)).await?;
        let next = last.map(|last| search.seal(app, &last.to_string())).transpose()?;
        Ok(Shown(onward(caller.links(), path, &self.pairs, found, next)))
    }
}

struct ListWhoCan {
    scope: String,
    listing: Listing,
}

impl Parameters for ListWhoCan {
    fn parameters() -> Vec<Parameter> {
        [&[SCOPE, SOURCE, NEXT], LIMIT_ONLY].concat()
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Ok(Self { scope: required(&pairs, "scope")?, listing: Listing::read(pairs)? })
    }
}

async fn list_who_can(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Query(asked): Query<ListWhoCan>,
) -> Result<Shown<Page<Holder>>, Error> {
    let sought = Sought::scope(caller.tenant(), asked.scope)?;
    asked.listing.answer(&app, &caller, WHO_CAN, sought).await
}

async fn try_changes(
    State(app): State<App>,
    caller: Caller<Administrator>,
    Body(plan): Body<Plan>,
) -> Result<Shown<Preview>, Error> {
    impact::preview(&app, &caller, plan).await.map(Shown)
}

struct ListHolders {
    role: String,
    listing: Listing,
}

impl Parameters for ListHolders {
    fn parameters() -> Vec<Parameter> {
        [&[Parameter::text("role", "The role, by identifier or name"), SOURCE, NEXT], LIMIT_ONLY].concat()
    }
    fn read(pairs: Pairs, _: &Uri) -> Result<Self, Error> {
        Ok(Self { role: required(&pairs, "role")?, listing: Listing::read(pairs)? })
    }
}

async fn list_holders(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Query(asked): Query<ListHolders>,
) -> Result<Shown<Page<Holder>>, Error> {
    let sought = Sought::role(caller.tenant(), &asked.role)?;
    asked.listing.answer(&app, &caller, HOLDERS, sought).await
}
