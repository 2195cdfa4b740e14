//! What does the table of operations say of each?

use axum::{
    Extension,
    handler::Handler,
    http::Method,
    middleware::map_response,
    response::Response,
    routing::{MethodFilter, MethodRouter, on},
};

use super::describe::{Described, Document};
use crate::{app::App, limits::Tier};

/// An operation of the API: a method, a path and what happens there.
pub struct Operation {
    pub method: Method,
    pub path: &'static str,
    /// The name of the handler.
    pub id: &'static str,
    /// The room it is in.
    pub tag: &'static str,
    pub summary: &'static str,
    pub tier: Tier,
    /// Statuses of refusals that the handler's arguments do not tell.
    pub refusals: &'static [u16],
    pub describe: fn(&mut Document<'_>),
    route: MethodRouter<App>,
}

/// A read.
pub fn get<H: Handler<T, App> + Described<A>, T: 'static, A>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    operation(Method::GET, MethodFilter::GET, path, summary, Tier::Read, handler)
}

/// A creation, or an action.
pub fn post<H: Handler<T, App> + Described<A>, T: 'static, A>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    operation(Method::POST, MethodFilter::POST, path, summary, Tier::Write, handler)
}

/// A replacement.
pub fn put<H: Handler<T, App> + Described<A>, T: 'static, A>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    operation(Method::PUT, MethodFilter::PUT, path, summary, Tier::Write, handler)
}

/// A patch.
pub fn patch<H: Handler<T, App> + Described<A>, T: 'static, A>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    operation(Method::PATCH, MethodFilter::PATCH, path, summary, Tier::Write, handler)
}

/// A deletion.
pub fn delete<H: Handler<T, App> + Described<A>, T: 'static, A>(
    path: &'static str,
    summary: &'static str,
    handler: H,
) -> Operation {
    operation(Method::DELETE, MethodFilter::DELETE, path, summary, Tier::Write, handler)
}

impl Operation {
    /// The same operation in another tier.
    pub fn tier(self, tier: Tier) -> Self {
        Self { tier, ..self }
    }

    /// The same operation, which the rules may refuse with these statuses.
    pub fn refusing(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }

    /// What answers the operation's requests.
    pub fn into_route(self) -> MethodRouter<App> {
        let answered = Answered { operation: self.id, tier: self.tier, path: self.path };
        self.route.route_layer(map_response(answered.marks())).layer(Extension(self.tier))
    }
}

/// Which operation an answer is of. It is in the answer's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    pub operation: &'static str,
    pub tier: Tier,
    pub path: &'static str,
}

impl Answered {
    /// Says so in an answer.
    pub fn marks(self) -> impl Fn(Response) -> std::future::Ready<Response> + Clone {
        move |mut response| {
            response.extensions_mut().insert(self);
            std::future::ready(response)
        }
    }
}

fn operation<H: Handler<T, App> + Described<A>, T: 'static, A>(
    method: Method,
    filter: MethodFilter,
    path: &'static str,
    summary: &'static str,
    tier: Tier,
    handler: H,
) -> Operation {
    let (id, tag) = name_and_room(std::any::type_name::<H>());
    let route = on(filter, handler);
    Operation { method, path, id, tag, summary, tier, refusals: &[], describe: H::describe, route }
}

/// The name of a handler and the folder it is in, from its path in the program: `…::roles::http::list_roles`.
fn name_and_room(path: &'static str) -> (&'static str, &'static str) {
    let mut parts = path.rsplit("::");
    let name = parts.next().unwrap_or_default();
    (name, parts.nth(1).unwrap_or_default())
}
