//! Which requests are there for decisions? (AuthZEN 1.0 §10)

use std::sync::Arc;

use axum::{
    BoxError,
    body::{Bytes, HttpBody},
    extract::State,
    http::Request,
    response::{IntoResponse as _, Response},
};

use super::wire::{
    Configuration, Decided, Decisions, Evaluation, Evaluations, FoundAction, FoundEntity, PageAsked,
    PageFound, Results, Search,
};
use crate::{
    app::App,
    caller::{Caller, Evaluator},
    error::Error,
    http::{
        extract::{AskedHost, Question, question},
        operation::{Operation, get, post},
        place::Bound,
        respond::{Shown, last},
    },
    limits::Tier,
    tenants,
    trace::TraceId,
};

/// The question that is asked most.
pub const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

pub fn operations() -> Vec<Operation> {
    vec![
        post(EVALUATION, "Decide whether a subject may do something", evaluate).tier(Tier::Decision),
        post(EVALUATIONS, "Decide several questions", evaluate_all).tier(Tier::Decision),
        post(SUBJECTS, "Find the users who may do something", search_subjects).tier(Tier::Decision),
        post(RESOURCES, "Find the resources with which a user may do something", search_resources)
            .tier(Tier::Decision),
        post(ACTIONS, "Find what a user may do with a resource", search_actions).tier(Tier::Decision),
        get("/.well-known/authzen-configuration", "Where the decision API is", get_configuration)
            .refusing(&[404]),
    ]
}

async fn evaluate(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Question(asked): Question<Evaluation>,
) -> Result<Shown<Decided>, Error> {
    decided(&app, &caller, &asked)
}

fn decided(app: &App, caller: &Caller<Evaluator>, asked: &Evaluation) -> Result<Shown<Decided>, Error> {
    let decision = super::evaluate(caller.tenant(), asked.alone())?;
    app.metrics.decisions.count(decision.is_allowed());
    Ok(Shown(Decided::new(decision, caller.tenant())))
}

/// Answers the question that is asked most as its handler does, but without the way through the table of operations.
///
/// # Errors
/// As the handler.
pub async fn answer_evaluation<B: HttpBody<Data = Bytes>>(
    app: &App,
    trace: TraceId,
    request: Request<B>,
) -> Response
where
    B::Error: Into<BoxError>,
{
    let (head, body) = request.into_parts();
    let asked = async {
        let caller = Caller::of(&head, app, trace, Tier::Decision).await?;
        Ok::<_, Error>((caller, question(&head.headers, body).await?))
    };
    match asked.await {
        Ok((caller, asked)) => decided(app, &caller, &asked).into_response(),
        // The body may not have been read.
        Err(error) => last(error.into_response()),
    }
}

async fn evaluate_all(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Question(asked): Question<Evaluations>,
) -> Result<Shown<Decisions>, Error> {
    let (whole, questions, semantic) = asked.take();
    if questions.is_empty() {
        return decided(&app, &caller, &whole).map(|Shown(decided)| Shown(Decisions::One(decided)));
    }
    let evaluations = super::evaluate_all(caller.tenant(), &whole, &questions, semantic)?;
    for decided in &evaluations {
        app.metrics.decisions.count(decided.decision);
    }
    Ok(Shown(Decisions::Several { evaluations }))
}

/// Results of a search in one part, if a request says nothing else.
const RESULTS: u32 = 100;
const MOST_RESULTS: u32 = 1000;

fn limit(page: &PageAsked) -> Result<usize, Error> {
    match page.limit.unwrap_or(RESULTS) {
        0 => Err(Error::at_pointer("/page/limit", "must be at least 1")),
        limit => Ok(usize::try_from(limit.min(MOST_RESULTS)).unwrap_or(usize::MAX)),
    }
}

/// The place in the results at which a part begins.
fn place(app: &App, search: &Bound<'_>, page: &PageAsked) -> Result<Option<String>, Error> {
    let open = |token: &str| {
        let wrong = "not a token of this search; begin again without it";
        search.open(app, token).ok_or_else(|| Error::at_pointer("/page/token", wrong))
    };
    page.token.as_deref().map(open).transpose()
}

async fn search_subjects(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Question(search): Question<Search>,
) -> Result<Shown<Results<FoundEntity>>, Error> {
    let (question, page) = search.take();
    let (limit, tenant) = (limit(&page)?, Arc::clone(caller.tenant()));
    let kind = question.alone().subject_type()?.to_owned();
    let what = format!("{SUBJECTS} {:?} {kind}", (question.alone().action()?, question.alone().resource()?));
    let search = Bound { tenant: caller.tenant_id(), what: &what };
    let after = place(&app, &search, &page)?.and_then(|after| after.parse().ok());
    // Going through all users may take milliseconds.
    let find = move || super::subjects(&tenant, question.alone(), after, limit + 1);
    let mut found = tokio::task::spawn_blocking(find).await.map_err(Error::internal)??;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next_token = last.map(|last| search.seal(&app, &last.to_string())).transpose()?;
    let results: Vec<FoundEntity> =
        found.into_iter().map(|user| FoundEntity { kind: kind.clone(), id: user.to_string() }).collect();
    let page = PageFound { next_token: next_token.unwrap_or_default(), count: results.len() };
    Ok(Shown(Results { results, page }))
}

/// A part of results that are all there. The place is the last one of the part before.
fn part<T>(
    app: &App,
    search: &Bound<'_>,
    page: &PageAsked,
    (all, name): (Vec<T>, fn(&T) -> &str),
) -> Result<Results<T>, Error> {
    let (limit, total) = (limit(page)?, all.len());
    let begin = match place(app, search, page)? {
        None => 0,
        Some(last) => {
            let at = all.iter().position(|found| name(found) == last);
            let gone = "what it leads on from is not found any more; begin again without it";
            at.ok_or_else(|| Error::at_pointer("/page/token", gone))? + 1
        }
    };
    let results: Vec<T> = all.into_iter().skip(begin).take(limit).collect();
    let last = results.last().filter(|_| begin + results.len() < total);
    let next_token = last.map(|last| search.seal(app, name(last))).transpose()?.unwrap_or_default();
    let page = PageFound { next_token, count: results.len() };
    Ok(Results { results, page })
}

async fn search_resources(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Question(search): Question<Search>,
) -> Result<Shown<Results<FoundEntity>>, Error> {
    let (question, page) = search.take();
    let found = super::resources(caller.tenant(), question.alone())?;
    let kind = question.alone().resource_type()?;
    let found = found.into_iter().map(|id| FoundEntity { kind: kind.to_owned(), id }).collect();
    let what = format!("{RESOURCES} {:?} {kind}", (question.alone().subject()?, question.alone().action()?));
    let search = Bound { tenant: caller.tenant_id(), what: &what };
    part(&app, &search, &page, (found, |found| &found.id)).map(Shown)
}

async fn search_actions(
    State(app): State<App>,
    caller: Caller<Evaluator>,
    Question(search): Question<Search>,
) -> Result<Shown<Results<FoundAction>>, Error> {
    let (question, page) = search.take();
    let found = super::actions(caller.tenant(), question.alone())?;
    let found = found.into_iter().map(|name| FoundAction { name }).collect();
    let what = format!("{ACTIONS} {:?}", (question.alone().subject()?, question.alone().resource()?));
    let search = Bound { tenant: caller.tenant_id(), what: &what };
    part(&app, &search, &page, (found, |found| &found.name)).map(Shown)
}

/// The configuration of the tenant whose host was asked, or of the installation for a host that is nobody's.
async fn get_configuration(
    State(app): State<App>,
    AskedHost(host): AskedHost,
) -> Result<Shown<Configuration>, Error> {
    let links = tenants::links_of_host(&app, host.as_ref()).await?;
    let to = |path: &str| links.to(path).href;
    Ok(Shown(Configuration {
        policy_decision_point: to(""),
        access_evaluation_endpoint: to(EVALUATION),
        access_evaluations_endpoint: to(EVALUATIONS),
        search_subject_endpoint: to(SUBJECTS),
        search_resource_endpoint: to(RESOURCES),
        search_action_endpoint: to(ACTIONS),
    }))
}
