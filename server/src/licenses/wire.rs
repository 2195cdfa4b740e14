//! What do licence settings and assignments look like outside? (reference/rest-api.md §12, errors.md §1)

use rolecall_engine::{
    licenses::{AssignmentOp, Entitlement, LicenseAssignment, LicenseSettings, Outcome},
    names::Subject,
    tenants::Tenant,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What new users are entitled to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseSettings")]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// New users are professionals.
    pub auto_assign_professional: bool,
    /// New users are analyzers, unless they are professionals.
    pub auto_assign_analyzer: bool,
}

impl From<LicenseSettings> for Settings {
    fn from(settings: LicenseSettings) -> Self {
        let LicenseSettings { auto_assign_professional, auto_assign_analyzer } = settings;
        Self { auto_assign_professional, auto_assign_analyzer }
    }
}

/// What new users are to be entitled to. What is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewLicenseSettings")]
#[serde(rename_all = "camelCase")]
pub struct NewSettings {
    /// New users are professionals.
    auto_assign_professional: Option<bool>,
    /// New users are analyzers, unless they are professionals.
    auto_assign_analyzer: Option<bool>,
}

impl NewSettings {
    /// The settings that `present` become.
    pub fn apply(&self, present: LicenseSettings) -> LicenseSettings {
        LicenseSettings {
            auto_assign_professional: self
                .auto_assign_professional
                .unwrap_or(present.auto_assign_professional),
            auto_assign_analyzer: self.auto_assign_analyzer.unwrap_or(present.auto_assign_analyzer),
        }
    }
}

/// What a subject is entitled to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseAssignment")]
pub struct Assignment {
    /// The subject.
    pub subject: String,
    /// `professional` or `analyzer`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Since when.
    pub created: String,
    /// Whether it is beyond what the licence allows; never.
    pub excess: bool,
}

impl From<LicenseAssignment> for Assignment {
    fn from(assignment: LicenseAssignment) -> Self {
        Self {
            subject: assignment.subject.to_string(),
            kind: assignment.kind.as_str(),
            created: assignment.created_at.to_string(),
            excess: false,
        }
    }
}

/// Who is entitled, as what.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NewLicenseAssignment")]
pub struct Entitled {
    /// The subject.
    subject: String,
    /// `professional` or `analyzer`.
    #[serde(rename = "type")]
    kind: String,
}

/// Assignments to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentAdditions")]
pub struct Additions {
    /// At most 100.
    add: Vec<Entitled>,
}

/// Assignments to be ended.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentDeletions")]
pub struct Deletions {
    /// At most 100.
    delete: Vec<Entitled>,
}

/// Assignments to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentUpdates")]
pub struct Updates {
    /// At most 100.
    update: Vec<Update>,
}

/// An assignment to be changed.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentUpdate")]
#[serde(rename_all = "camelCase")]
pub struct Update {
    /// The subject that has the assignment, or is to have it.
    subject: String,
    /// What it is to be.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The subject that has it, if another is to have it.
    source_subject: Option<String>,
    /// What it is now.
    source_type: Option<String>,
}

/// Operations in one request.
const OPERATIONS: usize = 100;

fn subject(text: &str, at: &str) -> Result<Subject, Error> {
    Subject::new(text).map_err(|error| Error::at_pointer(format!("{at}/subject"), error))
}

fn kind(word: &str, at: &str) -> Result<Entitlement, Error> {
    word.parse().map_err(|error| Error::at_pointer(format!("{at}/type"), error))
}

fn each<T>(
    list: &str,
    items: Vec<T>,
    read: impl Fn(T, &str) -> Result<AssignmentOp, Error>,
) -> Result<Vec<AssignmentOp>, Error> {
    if items.len() > OPERATIONS {
        return Err(Error::at_pointer(format!("/{list}"), format!("at most {OPERATIONS} at once")));
    }
    items.into_iter().enumerate().map(|(item, value)| read(value, &format!("/{list}/{item}"))).collect()
}

impl Additions {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<Vec<AssignmentOp>, Error> {
        each("add", self.add, |item, at| {
            Ok(AssignmentOp::Add(subject(&item.subject, at)?, kind(&item.kind, at)?))
        })
    }
}

impl Deletions {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<Vec<AssignmentOp>, Error> {
        each("delete", self.delete, |item, at| {
            Ok(AssignmentOp::Remove(subject(&item.subject, at)?, kind(&item.kind, at)?))
        })
    }
}

impl Updates {
    /// # Errors
    /// When a member cannot be what it says.
    pub fn read(self) -> Result<Vec<AssignmentOp>, Error> {
        each("update", self.update, |item, at| {
            Ok(AssignmentOp::Update {
                source: subject(item.source_subject.as_deref().unwrap_or(&item.subject), at)?,
                source_kind: item.source_type.map(|word| kind(&word, at)).transpose()?,
                subject: subject(&item.subject, at)?,
                kind: item.kind.map(|word| kind(&word, at)).transpose()?,
            })
        })
    }
}

/// What became of the operations, in their order.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentResults")]
pub struct Results {
    /// One for each operation.
    pub data: Vec<OperationResult>,
}

/// What became of an operation.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "LicenseAssignmentResult")]
#[serde(rename_all = "camelCase")]
pub struct OperationResult {
    /// 200, 201 or 404.
    pub status: u16,
    /// The subject.
    pub subject: String,
    /// What it is entitled to, or was to be.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The subject that had the assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_subject: Option<String>,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<&'static str>,
    /// The code of an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'static str>,
}

impl OperationResult {
    /// What became of `op`.
    pub fn new(op: &AssignmentOp, outcome: Outcome) -> Self {
        let asked = match op {
            AssignmentOp::Add(subject, kind) | AssignmentOp::Remove(subject, kind) => {
                Self { subject: subject.to_string(), kind: Some(kind.as_str()), ..Self::default() }
            }
            AssignmentOp::Update { source, source_kind, subject, kind } => Self {
                subject: subject.to_string(),
                kind: kind.map(Entitlement::as_str),
                source_subject: Some(source).filter(|source| *source != subject).map(ToString::to_string),
                source_type: source_kind.map(Entitlement::as_str),
                ..Self::default()
            },
        };
        match outcome {
            Outcome::Created => Self { status: 201, ..asked },
            Outcome::Done => Self { status: 200, ..asked },
            Outcome::NotFound => Self {
                status: 404,
                code: Some("LICENSES-016"),
                title: Some("Assignment not found."),
                ..asked
            },
        }
    }
}

/// What a tenant is entitled to, and what is used of it. Nothing runs out: there is no more than Rolecall itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseOverview")]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// What is used, by what subjects are entitled to.
    allotments: [Allotment; 2],
    /// Always empty: the key is not kept.
    license_key: &'static str,
    /// `Internal`.
    origin: &'static str,
    /// Always empty.
    parameters: [(); 0],
    /// `Rolecall`.
    product: &'static str,
    /// `Ok`.
    status: &'static str,
    /// No.
    trial: bool,
    /// When the tenant was last changed.
    updated: String,
    /// From when to when it is good, with `/` between.
    valid: String,
}

/// What is used of one kind of entitlement.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseAllotment")]
#[serde(rename_all = "camelCase")]
struct Allotment {
    /// `professional` or `analyzer`.
    name: &'static str,
    /// 0: nothing is counted out beforehand.
    units: i64,
    /// How many subjects are entitled so.
    units_used: i64,
    /// -1: as many more as there are.
    overage: i64,
}

impl Overview {
    /// What is `used` in a tenant.
    pub fn new(used: [(Entitlement, i64); 2], tenant: &Tenant) -> Self {
        let allotment = |(kind, units_used): (Entitlement, i64)| Allotment {
            name: kind.as_str(),
            units: 0,
            units_used,
            overage: -1,
        };
        Self {
            allotments: used.map(allotment),
            license_key: "",
            origin: ORIGIN,
            parameters: [],
            product: PRODUCT,
            status: GOOD,
            trial: false,
            updated: tenant.updated_at.to_string(),
            valid: valid(tenant),
        }
    }
}

const ORIGIN: &str = "Internal";
const PRODUCT: &str = "Rolecall";
const GOOD: &str = "Ok";

/// For as long as there is the tenant.
fn valid(tenant: &Tenant) -> String {
    format!("{}/9999-12-31T23:59:59.999Z", tenant.created_at)
}

/// Whether a tenant's licence is good: always, for whoever can ask.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LicenseStatus")]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// No.
    deactivated: bool,
    /// `Unavailable`.
    extension_status: &'static str,
    /// `Internal`.
    origin: &'static str,
    /// `Rolecall`.
    product: &'static str,
    /// `Ok`.
    status: &'static str,
    /// No.
    trial: bool,
    /// `Plain`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// From when to when it is good, with `/` between.
    valid: String,
}

impl From<&Tenant> for Standing {
    fn from(tenant: &Tenant) -> Self {
        Self {
            deactivated: false,
            extension_status: "Unavailable",
            origin: ORIGIN,
            product: PRODUCT,
            status: GOOD,
            trial: false,
            kind: "Plain",
            valid: valid(tenant),
        }
    }
}
