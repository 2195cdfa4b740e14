//! How does a handler's signature say what the API document says of it?
//!
//! Every argument of a handler says what it takes from a request, and every answer what it looks like. An argument or an
//! answer that cannot say it does not compile.

use std::future::Future;

use axum::extract::State;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    caller::{Caller, Operating, Permission},
    error::Error,
    provisioner::Provisioner,
};

/// The schemas that operations share, for what comes in and for what goes out.
pub struct Schemas {
    requests: SchemaGenerator,
    responses: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = |settings: &mut SchemaSettings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        };
        Self {
            requests: SchemaSettings::draft2020_12().with(settings).for_deserialize().into_generator(),
            responses: SchemaSettings::draft2020_12().with(settings).for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The schema of something that goes out.
    pub fn response<T: JsonSchema>(&mut self) -> Value {
        self.responses.subschema_for::<T>().to_value()
    }

    /// All shared schemas by name.
    pub fn into_components(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        all.extend(self.responses.take_definitions(true));
        all
    }
}

/// What is said of one operation.
pub struct Document<'s> {
    pub schemas: &'s mut Schemas,
    path: &'static str,
    pub parameters: Vec<Value>,
    pub request_body: Option<Value>,
    pub success: (u16, Value),
    /// Other answers that are no errors.
    pub also: Vec<(u16, Value)>,
    /// Statuses of errors.
    pub errors: Vec<u16>,
    pub authenticated: bool,
    /// Whether it is for operators of the installation.
    pub operating: bool,
    /// The scope the caller must hold.
    pub scope: Option<&'static str>,
    /// Whether it can be asked what it would do.
    pub has_preview: bool,
}

impl<'s> Document<'s> {
    pub const fn new(path: &'static str, schemas: &'s mut Schemas) -> Self {
        Self {
            schemas,
            path,
            parameters: Vec::new(),
            request_body: None,
            success: (200, Value::Null),
            also: Vec::new(),
            errors: Vec::new(),
            authenticated: false,
            operating: false,
            scope: None,
            has_preview: false,
        }
    }

    /// The parameters in the path.
    pub fn path_parameters(&mut self) {
        let names = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
        self.parameters.extend(parameters);
        self.errors.push(404);
    }

    /// A body of a shape.
    pub fn body(&mut self, schema: &Value, required: bool) {
        self.request_body =
            Some(json!({"required": required, "content": {"application/json": {"schema": schema}}}));
        self.errors.extend([400, 408, 413, 415]);
    }

    /// The schema of something that comes in.
    pub fn request_schema<T: JsonSchema>(&mut self) -> Value {
        self.schemas.requests.subschema_for::<T>().to_value()
    }

    /// An answer without a body.
    pub fn empty(&mut self, status: u16, about: &str) {
        self.success = (status, json!({"description": about}));
    }

    /// No answer but that it is done, or what the change made.
    pub fn given_or_done<T: JsonSchema>(&mut self) {
        let schema = self.schemas.response::<T>();
        let content = json!({"application/json": {"schema": schema}});
        self.also = vec![(202, json!({"description": "Done, with what it made", "content": content}))];
        self.empty(204, "Done");
    }

    /// An answer for people: a page, or another address.
    pub fn page(&mut self) {
        let html = json!({"text/html": {"schema": {"type": "string"}}});
        self.success = (200, json!({"description": "A page", "content": html}));
        let elsewhere = json!({"description": "`Location` has the address"});
        let errors = json!({"schema": {"$ref": "#/components/schemas/Errors"}});
        let refused = json!({"text/html": {"schema": {"type": "string"}}, "application/json": errors});
        self.also = vec![
            (302, elsewhere.clone()),
            (303, elsewhere),
            (401, json!({"description": "A page that says so, or an error", "content": refused})),
        ];
    }

    /// An answer with a JSON body.
    pub fn json<T: JsonSchema>(&mut self, status: u16, about: &str) {
        let schema = self.schemas.response::<T>();
        self.success =
            (status, json!({"description": about, "content": {"application/json": {"schema": schema}}}));
    }
}

/// Says what an argument of a handler takes from a request, or what a handler answers.
pub trait Describe {
    fn describe(document: &mut Document<'_>);
}

impl Describe for State<App> {
    fn describe(_: &mut Document<'_>) {}
}

impl<P: Permission> Describe for Caller<P> {
    fn describe(document: &mut Document<'_>) {
        document.authenticated = true;
        document.has_preview = true;
        document.scope = P::SCOPE;
        document.errors.extend([401, 403, 429]);
    }
}

impl Describe for Provisioner {
    fn describe(document: &mut Document<'_>) {
        document.authenticated = true;
        document.errors.extend([401, 429]);
    }
}

impl Describe for Operating {
    fn describe(document: &mut Document<'_>) {
        document.operating = true;
        document.errors.extend([400, 401, 403, 429]);
    }
}

/// A handler whose arguments and answer all describe themselves.
pub trait Described<Arguments> {
    fn describe(document: &mut Document<'_>);
}

macro_rules! described {
    ($($argument:ident),*) => {
        impl<F, Answer, Output, $($argument),*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Answer,
            Answer: Future<Output = Result<Output, Error>>,
            Output: Describe,
            $($argument: Describe,)*
        {
            fn describe(document: &mut Document<'_>) {
                $($argument::describe(document);)*
                Output::describe(document);
            }
        }
    };
}

described!();
described!(A);
described!(A, B);
described!(A, B, C);
described!(A, B, C, D);
described!(A, B, C, D, E);
