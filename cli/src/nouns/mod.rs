//! How are the things of a tenant listed, shown, made, changed and ended? The commands are made from one table.

mod body;
mod doing;
mod find;
mod lockout;
mod noun;
mod parts;
mod spaces;
mod table;
mod verbs;

pub use body::complete;
use clap::{
    Arg, ArgAction, ArgMatches, Args as _, Command, Error, FromArgMatches, Subcommand, error::ErrorKind,
};
pub use doing::{Doing, Tells};
pub use noun::Noun;
use noun::{Field, Kind, Verb};
pub use parts::{Given, settle};
use serde_json::Value;
use table::NOUNS;

use crate::{
    api::Client,
    contexts::Reach,
    output::{Column, Format, Output},
};

/// A command about the things of a tenant.
pub struct Things {
    noun: &'static Noun,
    verb: String,
    given: ArgMatches,
}

/// The argument that says which thing is meant; fields have names of their own.
const THING: &str = "thing";

/// The thing with a name in the table.
pub fn noun(name: &str) -> Option<&'static Noun> {
    NOUNS.iter().find(|noun| noun.name == name)
}

impl Subcommand for Things {
    fn augment_subcommands(command: Command) -> Command {
        NOUNS.iter().fold(command, |command, noun| command.subcommand(of(noun)))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        noun(name).is_some()
    }
}

impl FromArgMatches for Things {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let found = matches.subcommand().and_then(|(name, given)| Some((noun(name)?, given.subcommand()?)));
        let (noun, (verb, given)) = found.ok_or_else(|| Error::new(ErrorKind::MissingSubcommand))?;
        Ok(Self { noun, verb: verb.to_owned(), given: given.clone() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The command of a noun, with its verbs.
fn of(noun: &'static Noun) -> Command {
    let plural = format!("{}s", noun.word);
    let (about, look) = match noun.only {
        Some(_) => (format!("Show and edit the {}", noun.word), format!("Show the {}", noun.word)),
        None => (format!("List, show and change {plural}"), format!("Show one {}", noun.word)),
    };
    let mut command =
        Command::new(noun.name).about(about).subcommand_required(true).arg_required_else_help(true);
    if noun.only.is_none() {
        command = command.subcommand(list(noun, &plural));
    }
    let get = named(noun, Command::new("get").about(look), false);
    command = command.subcommand(reading(get));
    for verb in noun.verbs {
        command = match verb {
            Verb::Create => command.subcommand(create(noun)),
            Verb::Edit => command.subcommand(edit(noun)),
            Verb::Rm => {
                let about = format!("Delete {plural}, after asking");
                command.subcommand(writing(named(noun, Command::new("rm").about(about), true)))
            }
            Verb::Roles => spaces::commands(noun, command),
        };
    }
    noun.parts.iter().fold(command, |command, part| {
        let word = part.word();
        let add = format!("Give {} {word}s, besides those that are there", noun.one());
        let remove = format!("Take {word}s from {}, and nothing else", noun.one());
        command.subcommand(change(noun, "add", word, add)).subcommand(change(noun, "remove", word, remove))
    })
}

/// The command that gives or takes something.
fn change(noun: &Noun, verb: &str, word: &str, about: String) -> Command {
    let many = Arg::new("part").value_name(word.to_uppercase()).required(true).num_args(1..);
    let command = named(noun, Command::new(format!("{verb}-{word}")).about(about), false);
    writing(command.arg(many.help(format!("The {word}s"))))
}

fn list(noun: &Noun, plural: &str) -> Command {
    let mut command = Command::new("ls").about(format!("List {plural}"));
    if noun.has_filter {
        let filter = Arg::new("filter").short('f').long("filter").value_name("FILTER");
        command = command.arg(filter.help("Only those that fit, for example `name eq \"X\"` (RFC 7644)"));
    }
    let raw = Arg::new("raw").long("raw").action(ArgAction::SetTrue).conflicts_with_all(["output", "json"]);
    reading(command).arg(raw.help("Print the answers as they come, page by page"))
}

fn create(noun: &'static Noun) -> Command {
    let fields = noun.fields.iter().filter(|field| field.when.creates());
    let command = Command::new("create").about(format!("Make {}", noun.one()));
    let command = fields.fold(command, |command, field| {
        let required = field.when.is_required();
        let argument = flag(field);
        command.arg(if required { argument.required_unless_present("from") } else { argument })
    });
    writing(command.arg(from("A file with the whole body in JSON, or `-`; flags go before it")))
}

fn edit(noun: &'static Noun) -> Command {
    let what = if noun.only.is_some() { format!("the {}", noun.word) } else { noun.one() };
    let about = format!("Change {what}");
    let command = named(noun, Command::new("edit").about(about), false);
    let fields = noun.fields.iter().filter(|field| field.when.edits());
    let command = fields.fold(command, |command, field| command.arg(flag(field)));
    writing(
        command
            .arg(from("A file with the operations of a JSON Patch, or `-`; sent before those of the flags")),
    )
}

fn from(about: &'static str) -> Arg {
    Arg::new("from").long("from").value_name("FILE").help(about)
}

fn flag(field: &Field) -> Arg {
    let argument = Arg::new(field.flag).long(field.flag).help(field.about);
    match field.kind {
        Kind::Text | Kind::Usually(_) => argument.value_name("TEXT"),
        Kind::Flag => argument.value_name("true|false").value_parser(clap::value_parser!(bool)),
        Kind::Number => argument.value_name("NUMBER").value_parser(clap::value_parser!(u32)),
        Kind::Texts | Kind::Roles => argument.value_name("TEXT").action(ArgAction::Append),
    }
}

/// With the name of the thing it is about, or of several.
fn named(noun: &Noun, command: Command, several: bool) -> Command {
    if noun.only.is_some() {
        return command;
    }
    let name = Arg::new(THING).value_name(noun.name.to_uppercase()).required(true);
    let help = format!("The {}'s {}", noun.word, ways(noun));
    command.arg(if several { name.num_args(1..) } else { name }.help(help))
}

/// How one is named.
fn ways(noun: &Noun) -> String {
    let ways: Vec<&str> = ["identifier"].iter().chain(noun.called).copied().collect();
    ways.join(" or ")
}

fn reading(command: Command) -> Command {
    with(command, |command| Output::augment_args(Reach::augment_args(command)))
}

fn writing(command: Command) -> Command {
    with(reading(command), Doing::augment_args)
}

/// With more arguments, which say nothing of what the command is about.
fn with(command: Command, arguments: impl FnOnce(Command) -> Command) -> Command {
    let about = command.get_about().cloned();
    arguments(command).about(about.unwrap_or_default())
}

impl Things {
    pub async fn run(self) -> anyhow::Result<()> {
        let mut output = Output::from_arg_matches(&self.given)?;
        let reach = Reach::from_arg_matches(&self.given)?;
        self.refuse_to_lose_secrets(&output)?;
        let written = body::written(&self.given)?;
        let answers = reach.ask(output.quiet, async |client, _: &[Vec<Value>]| {
            output.place = client.name.clone().filter(|_| reach.is_several());
            let mut rows = self.at(&client, written.clone(), &output).await?;
            let members = rows.iter_mut().filter_map(Value::as_object_mut);
            for members in members.filter(|_| reach.is_several()) {
                members.insert("context".to_owned(), client.name.clone().into());
            }
            Ok(rows)
        });
        let answers = answers.await?;
        self.tell(&output, &answers.all.concat(), reach.is_several())?;
        answers.all_there()
    }

    /// Does it at one tenant; answers what is to be shown.
    async fn at(
        &self,
        client: &Client,
        written: Option<Value>,
        output: &Output,
    ) -> anyhow::Result<Vec<Value>> {
        match self.verb.as_str() {
            "ls" if self.given.get_flag("raw") => verbs::list_raw(client, self.noun, self.filter()).await?,
            "ls" => return verbs::list(client, self.noun, self.filter()).await,
            "roles" => return spaces::holders(client, self.noun, self.name()).await,
            "get" => return Ok(vec![verbs::get(client, self.noun, self.name()).await?]),
            "create" => {
                let body = body::create(self.noun, &self.given, written)?;
                let made = verbs::create(client, self.noun, body, &self.doing()?).await?;
                return Ok(made.into_iter().collect());
            }
            "edit" => {
                let changes = body::edit(self.noun, &self.given, written)?;
                let made =
                    verbs::edit(client, self.noun, self.name(), changes, &self.doing()?, output).await?;
                return Ok(made.into_iter().collect());
            }
            "rm" => {
                let names: Vec<&String> = self.given.get_many(THING).into_iter().flatten().collect();
                verbs::remove(client, self.noun, &names, &self.doing()?, output).await?;
            }
            other => self.change(client, other, output).await?,
        }
        Ok(Vec::new())
    }

    async fn change(&self, client: &Client, verb: &str, output: &Output) -> anyhow::Result<()> {
        let (adds, word) = match verb.split_once('-') {
            Some(("add", word)) => (true, word),
            Some((_, word)) => (false, word),
            None => anyhow::bail!("`{verb}` is no command"),
        };
        let items: Vec<&String> = self.given.get_many("part").into_iter().flatten().collect();
        let doing = self.doing()?;
        if self.noun.verbs.contains(&Verb::Roles) {
            let roles = items.into_iter().map(String::as_str).collect();
            let change = spaces::Change { space: self.noun, roles, adds };
            return change.run(client, self.name(), &self.given, &doing, output).await;
        }
        let part = self.noun.parts.iter().find(|part| part.word() == word);
        let Some(part) = part else { anyhow::bail!("`{verb}` is no command") };
        let change = parts::Change { noun: self.noun, part: *part, adds };
        change.run(client, self.name(), &items, &doing, output).await
    }

    fn name(&self) -> &str {
        if self.noun.only.is_some() {
            return "";
        }
        self.given.get_one::<String>(THING).map_or("", String::as_str)
    }

    fn filter(&self) -> Option<&str> {
        let filter = self.noun.has_filter.then(|| self.given.get_one::<String>("filter")).flatten();
        filter.map(String::as_str)
    }

    fn doing(&self) -> anyhow::Result<Doing> {
        Ok(Doing::from_arg_matches(&self.given)?)
    }

    /// Refuses to tell only the identifiers of what may have a secret that is never shown again.
    fn refuse_to_lose_secrets(&self, output: &Output) -> anyhow::Result<()> {
        let makes = matches!(self.verb.as_str(), "create" | "edit") && self.noun.secret.is_some();
        if makes && output.format() == Format::Ids {
            anyhow::bail!(
                "{} may have a secret that is shown only now, and `--output ids` would not show it; use another form",
                self.noun.one()
            );
        }
        Ok(())
    }

    /// Tells what was found, all of it at once.
    fn tell(&self, output: &Output, rows: &[Value], several: bool) -> anyhow::Result<()> {
        let holders = self.verb == "roles";
        let mut columns = if holders { spaces::HOLDERS } else { self.noun.columns }.to_vec();
        if self.verb == "edit" {
            // The answer has nothing else besides a secret.
            columns.truncate(1);
        }
        let has_secret = |secret: &Column| rows.iter().any(|row| !secret.text(row).is_empty());
        columns.extend(self.noun.secret.filter(has_secret));
        if several {
            columns.insert(0, Column::of("CONTEXT", "context"));
        }
        let lists = holders || self.verb == "ls" && !self.given.get_flag("raw");
        match rows {
            [row] if !several && !lists => output.one(&columns, self.noun.id, row),
            rows if lists || !rows.is_empty() => output.list(&columns, self.noun.id, rows),
            _ => Ok(()),
        }
    }
}
