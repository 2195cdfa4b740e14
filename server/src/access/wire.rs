//! What do questions and decisions look like? (AuthZEN 1.0 §5–§8)

use rolecall_engine::{
    access::{Decision, Snapshot},
    catalogue::{Part, Plain},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;

/// Properties of a subject, an action or a resource; context.
type Properties = Map<String, Value>;

/// A subject or a resource.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessEntity")]
pub struct Entity {
    /// The type: for subjects `user`, `subject` or `email`; for resources `tenant`, `space` or one of the catalogue.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The identifier among those of the type.
    id: Option<String>,
    /// What is said of it.
    #[serde(default)]
    properties: Properties,
}

/// An action.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessAction")]
pub struct Action {
    /// A scope for tenants, else an action of the resource's type.
    name: Option<String>,
    /// What is said of it.
    #[serde(default)]
    properties: Properties,
}

/// A question: may this subject do this with this resource? What is missing in one of several questions is taken from the
/// whole.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessEvaluation")]
pub struct Evaluation {
    /// Who.
    subject: Option<Entity>,
    /// What.
    action: Option<Action>,
    /// With what.
    resource: Option<Entity>,
    /// Anything else; decisions do not depend on it.
    #[serde(default, rename = "context")]
    _context: Option<Properties>,
}

/// Several questions, and what they have in common.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "AccessEvaluations")]
pub struct Evaluations {
    /// Who, where a question does not say.
    subject: Option<Entity>,
    /// What, where a question does not say.
    action: Option<Action>,
    /// With what, where a question does not say.
    resource: Option<Entity>,
    /// Anything else; decisions do not depend on it.
    #[serde(default, rename = "context")]
    _context: Option<Properties>,
    /// At most 1,000. If there are none, the whole is one question.
    #[serde(default, rename = "evaluations")]
    questions: Vec<Evaluation>,
    /// How to go through them.
    #[serde(default)]
    options: Options,
}

impl Evaluations {
    /// What all have in common, the questions, and which of them are answered.
    pub fn take(self) -> (Evaluation, Vec<Evaluation>, Semantic) {
        let Self { subject, action, resource, questions, options, .. } = self;
        let whole = Evaluation { subject, action, resource, ..Evaluation::default() };
        (whole, questions, options.evaluations_semantic)
    }
}

/// How to go through several questions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessOptions")]
struct Options {
    /// Which questions are answered.
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// Which of several questions are answered (AuthZEN 1.0 §7.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessSemantic")]
#[serde(rename_all = "snake_case")]
pub enum Semantic {
    /// All.
    #[default]
    ExecuteAll,
    /// Those up to the first denial.
    DenyOnFirstDeny,
    /// Those up to the first permit.
    PermitOnFirstPermit,
}

impl Semantic {
    /// Whether this decision is the last one.
    pub const fn ends_with(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// A search: what is left out of a question is what is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "AccessSearch")]
pub struct Search {
    /// Who.
    subject: Option<Entity>,
    /// What.
    action: Option<Action>,
    /// With what.
    resource: Option<Entity>,
    /// Anything else; decisions do not depend on it.
    #[serde(default, rename = "context")]
    _context: Option<Properties>,
    /// Which part of the results.
    #[serde(default)]
    page: PageAsked,
}

impl Search {
    /// The question, and which part of the results is wanted.
    pub fn take(self) -> (Evaluation, PageAsked) {
        let Self { subject, action, resource, page, .. } = self;
        (Evaluation { subject, action, resource, ..Evaluation::default() }, page)
    }
}

/// Which part of the results of a search.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "AccessPage")]
pub struct PageAsked {
    /// The `next_token` of the part before.
    pub token: Option<String>,
    /// How many results; 100 if not given, at most 1,000.
    pub limit: Option<u32>,
}

/// A part of a question that is there.
#[derive(Debug, Clone, Copy)]
pub struct Given<'q> {
    pub kind: &'q str,
    pub id: &'q str,
}

/// The member of an object that a question cannot do without.
fn required<'v, T>(value: Option<&'v T>, pointer: &str) -> Result<&'v T, Error> {
    value.ok_or_else(|| Error::at_pointer(pointer, "is required"))
}

/// A question with what it does not say taken from the whole it is part of.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'q> {
    own: &'q Evaluation,
    whole: Option<&'q Evaluation>,
}

impl Evaluation {
    /// The question by itself.
    pub const fn alone(&self) -> Asked<'_> {
        Asked { own: self, whole: None }
    }

    /// The question as part of a whole.
    pub const fn within<'q>(&'q self, whole: &'q Self) -> Asked<'q> {
        Asked { own: self, whole: Some(whole) }
    }
}

impl<'q> Asked<'q> {
    fn part<T: 'q>(self, of: impl Fn(&'q Evaluation) -> Option<&'q T>) -> Option<&'q T> {
        of(self.own).or_else(|| self.whole.and_then(of))
    }

    /// A member of a part; of the whole's part where the own one lacks it.
    fn text<T: 'q>(
        self,
        of: impl Fn(&'q Evaluation) -> Option<&'q T>,
        member: impl Fn(&'q T) -> Option<&'q String>,
        [part, pointer]: [&str; 2],
    ) -> Result<&'q str, Error> {
        required(self.part(&of), part)?;
        let own = of(self.own).and_then(&member);
        let text = own.or_else(|| self.whole.and_then(of).and_then(member));
        required(text, pointer).map(String::as_str)
    }

    pub fn subject_type(self) -> Result<&'q str, Error> {
        self.text(|q| q.subject.as_ref(), |s| s.kind.as_ref(), ["/subject", "/subject/type"])
    }

    pub fn subject(self) -> Result<Given<'q>, Error> {
        let id = |part: &'q Entity| part.id.as_ref();
        Ok(Given {
            kind: self.subject_type()?,
            id: self.text(|q| q.subject.as_ref(), id, ["/subject", "/subject/id"])?,
        })
    }

    pub fn action(self) -> Result<&'q str, Error> {
        self.text(|q| q.action.as_ref(), |a| a.name.as_ref(), ["/action", "/action/name"])
    }

    pub fn resource_type(self) -> Result<&'q str, Error> {
        self.text(|q| q.resource.as_ref(), |r| r.kind.as_ref(), ["/resource", "/resource/type"])
    }

    pub fn resource(self) -> Result<Given<'q>, Error> {
        let id = |part: &'q Entity| part.id.as_ref();
        Ok(Given {
            kind: self.resource_type()?,
            id: self.text(|q| q.resource.as_ref(), id, ["/resource", "/resource/id"])?,
        })
    }

    /// The value of a property of the action or the resource.
    pub fn property(self, part: Part, name: &str) -> Option<Plain> {
        let properties = match part {
            Part::Action => &self.part(|q| q.action.as_ref())?.properties,
            Part::Resource => self.resource_properties()?,
        };
        Some(match properties.get(name)? {
            Value::String(text) => Plain::Text(text.clone()),
            Value::Bool(truth) => Plain::Boolean(*truth),
            other => whole_number(other).map_or_else(|| Plain::Text(format!("\0{other}")), Plain::Integer),
        })
    }

    /// The own properties of the resource; those of the whole's where the own one is only a part, without type or
    /// identifier, and has none. A resource that is there as a whole takes the place of the other (AuthZEN 1.0 §7.1.1).
    fn resource_properties(self) -> Option<&'q Properties> {
        let whole =
            || self.whole.and_then(|whole| whole.resource.as_ref()).map(|resource| &resource.properties);
        let Some(own) = self.own.resource.as_ref() else { return whole() };
        let is_part = own.kind.is_none() || own.id.is_none();
        if is_part && own.properties.is_empty() { whole() } else { Some(&own.properties) }
    }
}

/// A whole number, also one that is written with a fraction of nothing.
fn whole_number(value: &Value) -> Option<i64> {
    let fraction = || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15);
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
    value.as_i64().or_else(|| fraction().map(|number| number as i64))
}

/// A decision.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccessDecision")]
pub struct Decided {
    /// Yes or no.
    pub decision: bool,
    /// Why.
    pub context: Context,
}

/// Why a decision is as it is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccessContext")]
pub struct Context {
    /// A word for programs: `granted`, `not-granted`, `not-active`, `unknown-…`, `ambiguous-user`, `bad-request`.
    pub code: &'static str,
    /// The same for people.
    pub reason: String,
    /// How often the tenant was changed before the state that was looked at.
    pub revision: i64,
    /// What is wrong with the question, in one of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<QuestionError>,
}

/// What is wrong with one of several questions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccessError")]
pub struct QuestionError {
    /// As an answer of its own would have it.
    pub status: u16,
    /// What is wrong.
    pub message: String,
}

impl Decided {
    pub fn new(decision: Decision, tenant: &Snapshot) -> Self {
        let (code, reason) = match decision {
            Decision::Allowed(grant) => ("granted", tenant.describe(grant)),
            Decision::Kept => ("kept", String::from("granted when the session began")),
            Decision::AllowedInSpace(grant) => ("granted", tenant.describe_in_space(grant)),
            Decision::Denied(why) => (why.code(), why.to_string()),
        };
        let context = Context { code, reason, revision: tenant.revision().0, error: None };
        Self { decision: decision.is_allowed(), context }
    }

    /// The answer to one of several questions that cannot be understood.
    pub fn refused(error: &Error, tenant: &Snapshot) -> Self {
        let message = error.to_string();
        let context = Context {
            code: "bad-request",
            reason: message.clone(),
            revision: tenant.revision().0,
            error: Some(QuestionError { status: 400, message }),
        };
        Self { decision: false, context }
    }
}

/// One decision, or as many as were asked for.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "AccessDecisions")]
pub enum Decisions {
    One(Decided),
    Several {
        /// In the order of the questions.
        evaluations: Vec<Decided>,
    },
}

/// A part of the results of a search.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Results")]
pub struct Results<T> {
    /// What was found.
    pub results: Vec<T>,
    /// Where the next part begins.
    pub page: PageFound,
}

/// Where the next part of the results begins.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccessPageFound")]
pub struct PageFound {
    /// To be sent as `page.token`; empty behind the last part.
    pub next_token: String,
    /// Results in this part.
    pub count: usize,
}

/// A subject or a resource that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FoundEntity")]
pub struct FoundEntity {
    /// The type that was asked for.
    #[serde(rename = "type")]
    pub kind: String,
    /// The identifier.
    pub id: String,
}

/// An action that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FoundAction")]
pub struct FoundAction {
    /// The name.
    pub name: String,
}

/// Where the decision API of a tenant is (AuthZEN 1.0 §9).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccessConfiguration")]
pub struct Configuration {
    /// The address everything else lies under.
    pub policy_decision_point: String,
    pub access_evaluation_endpoint: String,
    pub access_evaluations_endpoint: String,
    pub search_subject_endpoint: String,
    pub search_resource_endpoint: String,
    pub search_action_endpoint: String,
}
