//! Access: may this subject do this, who may, and why? (AuthZEN 1.0)
//!
//! Decisions are made on the tenant's snapshot; none waits for the database.

pub mod envoy;
pub mod forward;
pub mod http;
mod wire;

use rolecall_engine::{
    access::{self, Decision, Named, Query, Question, SPACE, Snapshot, TENANT, decide},
    ids::UserId,
};
use wire::{Asked, Decided, Evaluation, Given, Semantic};

use crate::error::Error;

/// Questions in one request.
const QUESTIONS: usize = 1000;

impl<'q> From<Given<'q>> for Named<'q> {
    fn from(Given { kind, id }: Given<'q>) -> Self {
        Self { kind, id }
    }
}

/// Answers a question.
///
/// # Errors
/// When something is missing in it. What is not known is denied.
pub fn evaluate(tenant: &Snapshot, asked: Asked<'_>) -> Result<Decision, Error> {
    let question = Question {
        subject: asked.subject()?.into(),
        action: asked.action()?,
        resource: asked.resource()?.into(),
        properties: &|part, name| asked.property(part, name),
    };
    Ok(access::evaluate(tenant, &question))
}

/// Answers several questions, as many as their semantic wants.
///
/// # Errors
/// When there are too many.
pub fn evaluate_all(
    tenant: &Snapshot,
    whole: &Evaluation,
    questions: &[Evaluation],
    semantic: Semantic,
) -> Result<Vec<Decided>, Error> {
    if questions.len() > QUESTIONS {
        return Err(Error::at_pointer("/evaluations", format!("more than {QUESTIONS} questions")));
    }
    let mut decided = Vec::with_capacity(questions.len());
    for question in questions {
        let answer = match evaluate(tenant, question.within(whole)) {
            Ok(decision) => Decided::new(decision, tenant),
            Err(error) => Decided::refused(&error, tenant),
        };
        let last = semantic.ends_with(answer.decision);
        decided.push(answer);
        if last {
            break;
        }
    }
    Ok(decided)
}

/// The users who may do something, behind one of them.
///
/// # Errors
/// When something is missing in the question.
pub fn subjects(
    tenant: &Snapshot,
    asked: Asked<'_>,
    after: Option<UserId>,
    limit: usize,
) -> Result<Vec<UserId>, Error> {
    let (kind, action, resource) = (asked.subject_type()?, asked.action()?, asked.resource()?);
    if resource.kind == SPACE {
        let asked = tenant.asked_of_space(action, resource.id).ok().filter(|_| kind == "user");
        let users = asked.map(|(space, action)| tenant.users_of_space(after, space, action).take(limit));
        return Ok(users.map(Iterator::collect).unwrap_or_default());
    }
    let needed = tenant.needed(action, resource.into(), &|part, name| asked.property(part, name));
    let scope = needed.ok().filter(|_| kind == "user").and_then(|scope| tenant.scope(scope));
    let Some(scope) = scope else { return Ok(Vec::new()) };
    Ok(tenant.users_who_may(after, scope).take(limit).collect())
}

/// The resources of a type with which a subject may do something, of those that are known beforehand.
///
/// # Errors
/// When something is missing in the question.
pub fn resources(tenant: &Snapshot, asked: Asked<'_>) -> Result<Vec<String>, Error> {
    let (subject, action, kind) = (asked.subject()?, asked.action()?, asked.resource_type()?);
    let Ok((user, _)) = tenant.subject(subject.into()) else { return Ok(Vec::new()) };
    if kind == SPACE {
        let spaces = action.parse().map(|action| tenant.spaces_for(user, action).map(|id| id.to_string()));
        return Ok(spaces.map(Iterator::collect).unwrap_or_default());
    }
    let own = Some(tenant.tenant().id.to_string()).filter(|_| kind == TENANT);
    let instances = tenant.catalogue().resource(kind).map(|kind| kind.instances.as_slice());
    let instances = instances.unwrap_or_default().iter().map(|instance| instance.id.clone());
    let allowed = |id: &String| {
        let needed = tenant.needed(action, Named { kind, id }, &|part, name| asked.property(part, name));
        needed.is_ok_and(|scope| decide(tenant, &Query { user, scope }).is_allowed())
    };
    Ok(own.into_iter().chain(instances).filter(allowed).collect())
}

/// What a subject may do with a resource.
///
/// # Errors
/// When something is missing in the question.
pub fn actions(tenant: &Snapshot, asked: Asked<'_>) -> Result<Vec<String>, Error> {
    let (subject, resource) = (asked.subject()?, asked.resource()?);
    let Ok((user, _)) = tenant.subject(subject.into()) else { return Ok(Vec::new()) };
    let property = |part, name: &str| asked.property(part, name);
    let actions = tenant.actions_of(user, resource.into(), &property);
    Ok(actions.map(str::to_owned).collect())
}
