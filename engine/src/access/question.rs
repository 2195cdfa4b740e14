//! What does a service ask, and what is it told? (AuthZEN 1.0 §5, §6, §8)

use super::{
    decide::{Decision, Denial, Query, decide},
    people::UserFacts,
    snapshot::Snapshot,
    spaces::SPACE,
};
use crate::{
    catalogue::{ActionRule, Part, Plain, ResourceType},
    ids::UserId,
    scopes::ScopeIndex,
};

/// A subject or a resource: its type, and its identifier among those of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'q> {
    /// The type.
    pub kind: &'q str,
    /// The identifier.
    pub id: &'q str,
}

/// May this subject do this with this resource?
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// Who; see [`Snapshot::subject`].
    pub subject: Named<'q>,
    /// What: the scope itself for a tenant, else an action of the resource's type.
    pub action: &'q str,
    /// With what.
    pub resource: Named<'q>,
    /// What the service says of the action and of the resource.
    pub properties: &'q dyn Fn(Part, &str) -> Option<Plain>,
}

/// The type of resource that a tenant is. Its actions are the scopes.
pub const TENANT: &str = "tenant";

/// Answers a question. What is not known is denied.
#[must_use]
pub fn evaluate(tenant: &Snapshot, question: &Question<'_>) -> Decision {
    let decided = || {
        let (id, user) = tenant.subject(question.subject)?;
        if question.resource.kind == SPACE {
            let (space, action) = tenant.asked_of_space(question.action, question.resource.id)?;
            return Ok(tenant.judge_in_space(id, space, action));
        }
        let scope = tenant.needed(question.action, question.resource, question.properties)?;
        Ok(tenant.judge(user, scope))
    };
    decided().unwrap_or_else(Decision::Denied)
}

impl Snapshot {
    /// The user whom a subject names. Of type `user`: by identifier, else by subject; `subject` and `email` name by
    /// what they say.
    ///
    /// # Errors
    /// When there is no such user or type, or several users have the address.
    pub fn subject(&self, subject: Named<'_>) -> Result<(UserId, &UserFacts), Denial> {
        let with = |id: UserId| Some((id, self.user(id)?));
        let by_subject = || self.user_with_subject(subject.id).and_then(with).ok_or(Denial::UnknownUser);
        match subject.kind {
            "user" => UserId::from_hex(subject.id).and_then(with).map_or_else(by_subject, Ok),
            "subject" => by_subject(),
            "email" => match self.users_with_email(subject.id) {
                [] => Err(Denial::UnknownUser),
                [user] => with(*user).ok_or(Denial::UnknownUser),
                _ => Err(Denial::AmbiguousUser),
            },
            _ => Err(Denial::UnknownSubjectType),
        }
    }

    /// The scope that an action on a resource needs.
    ///
    /// # Errors
    /// When there is no such type, resource or action.
    pub fn needed<'n>(
        &'n self,
        action: &'n str,
        resource: Named<'_>,
        properties: &dyn Fn(Part, &str) -> Option<Plain>,
    ) -> Result<&'n str, Denial> {
        if resource.kind == TENANT {
            return if self.is(resource.id) { Ok(action) } else { Err(Denial::UnknownResource) };
        }
        let kind = self.catalogue().resource(resource.kind).ok_or(Denial::UnknownResourceType)?;
        let stored = kind.instance(resource.id);
        let value = |part, name: &str| {
            let stored = || stored.filter(|_| part == Part::Resource)?.property(name).cloned();
            properties(part, name).or_else(stored)
        };
        let mut rules = kind.actions.iter().filter(|rule| rule.action == action);
        rules.find(|rule| rule.holds(&value)).map(|rule| rule.scope.as_str()).ok_or(Denial::UnknownAction)
    }

    /// Whether an identifier names the tenant: its own, or one of its host names.
    #[must_use]
    pub fn is(&self, id: &str) -> bool {
        let tenant = self.tenant();
        tenant.id.as_str() == id || tenant.hostnames.iter().any(|name| name.as_str() == id)
    }

    /// What a user may do with a resource, in the words of its type.
    pub fn actions_of<'s>(
        &'s self,
        user: UserId,
        resource: Named<'s>,
        properties: &'s dyn Fn(Part, &str) -> Option<Plain>,
    ) -> impl Iterator<Item = &'s str> {
        let scopes = self.is(resource.id) && resource.kind == TENANT;
        let granted = self.user(user).filter(|facts| scopes && self.is_active(facts));
        let granted = granted.map(|facts| self.effective(facts)).unwrap_or_default();
        let names = (0..=u16::MAX).map(ScopeIndex).map_while(|at| Some((at, self.scope_name(at)?)));
        let scopes = names.filter(move |(at, _)| granted.contains(*at)).map(|(_, name)| name.as_str());
        let kind = self.catalogue().resource(resource.kind);
        let actions = kind.into_iter().flat_map(ResourceType::action_names).filter(move |action| {
            let needed = self.needed(action, resource, properties);
            needed.is_ok_and(|scope| decide(self, &Query { user, scope }).is_allowed())
        });
        let space = Some(resource.id).filter(|_| resource.kind == SPACE);
        let in_space = space.into_iter().flat_map(move |id| self.actions_in_space(user, id));
        scopes.chain(actions).chain(in_space.map(|action| -> &'s str { action.as_str() }))
    }
}

impl ActionRule {
    fn holds(&self, value: &dyn Fn(Part, &str) -> Option<Plain>) -> bool {
        self.when.iter().all(|condition| {
            value(condition.of, &condition.property).is_some_and(|value| value == condition.is)
        })
    }
}
