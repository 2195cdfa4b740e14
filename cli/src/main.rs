//! Which command is to be run? The composition root of the one binary.

mod access;
mod api;
mod audit;
mod catalogue;
mod contexts;
mod dev;
mod files;
mod help;
mod import;
mod log;
mod manifest;
mod members;
mod migrate;
mod nouns;
mod operators;
mod otlp;
mod output;
mod progress;
mod secret_url;
mod settings;
mod store;
mod tenants;
mod users;
mod wait;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Access control for multi-tenant products: who may do what, and why.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a sandbox: two demo tenants, and API keys to try them with
    Dev(dev::Dev),
    /// Serve the tenants of a database
    Serve(Box<settings::Serve>),
    /// Make the first tenant of a database, and its administrator's API key
    Init(tenants::Init),
    /// Bring a database to the shape of this version, or copy it into another
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Check and print catalogues of scopes and default roles
    #[command(subcommand)]
    Catalogue(catalogue::Catalogues),
    /// Make and look at tenants, on the server's machine
    #[command(subcommand)]
    Tenants(tenants::Tenants),
    /// Look after programs that make and end tenants, on the server's machine
    #[command(subcommand)]
    Operators(operators::Operators),
    /// Look after users, on the server's machine
    #[command(subcommand)]
    Users(users::Users),
    /// Look after audit trails, on the server's machine
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Say which tenants to look after from here, and where their keys are
    #[command(subcommand)]
    Context(contexts::Contexts),
    #[command(flatten)]
    Things(nouns::Things),
    #[command(flatten)]
    Questions(access::Questions),
    /// Bring in many users, groups, roles or memberships from a file, or take them away
    Import(import::Import),
    #[command(flatten)]
    Manifests(manifest::Manifests),
    /// Print a script that completes commands in a shell
    Completions(help::Completions),
    /// Write manual pages
    Man(help::Man),
}

fn main() -> ExitCode {
    let program = program();
    let matches = match program.clone().try_get_matches() {
        Ok(matches) => matches,
        Err(told) => {
            let _ = told.print();
            // Not 2, which is an answer: no, or a difference.
            return if told.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match chosen(&matches, program) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", output::visible_lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn chosen(matches: &ArgMatches, program: clap::Command) -> anyhow::Result<ExitCode> {
    let Arguments { command } = Arguments::from_arg_matches(matches)?;
    settings::refuse_unknown_variables(&program)?;
    run(command, program)
}

/// The program and all its commands.
fn program() -> clap::Command {
    help::sectioned(Arguments::command())
}

fn run(command: Command, program: clap::Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Dev(dev) => dev.run().await,
            Command::Serve(serve) => serve.run().await,
            Command::Init(init) => init.run().await,
            Command::Migrate(migrate) => return migrate.run().await,
            Command::Catalogue(catalogues) => catalogues.run(),
            Command::Tenants(tenants) => tenants.run().await,
            Command::Operators(operators) => operators.run().await,
            Command::Users(users) => users.run().await,
            Command::Audit(audit) => audit.run().await,
            Command::Context(contexts) => contexts.run(),
            Command::Things(things) => things.run().await,
            Command::Questions(questions) => return questions.run().await,
            Command::Import(import) => import.run().await,
            Command::Manifests(manifests) => return manifests.run().await,
            Command::Completions(completions) => completions.run(program),
            Command::Man(man) => man.run(program),
        }?;
        Ok(ExitCode::SUCCESS)
    })
}
