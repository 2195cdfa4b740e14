//! Which command is for what? The list in the help keeps apart what is done on the server's machine and what is done from anywhere.

use std::{fmt::Write as _, fs, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_markdown::{MarkdownOptions, help_markdown_command_custom};

use crate::output::print;

/// The commands, under what they are for.
const SECTIONS: &[(&str, &[&str])] = &[
    ("Try it", &["dev"]),
    (
        "On the server's machine, with its database and its key",
        &["serve", "init", "migrate", "catalogue", "tenants", "operators", "users", "audit"],
    ),
    (
        "From anywhere, over the API of a Rolecall or of Qlik Cloud",
        &[
            "context",
            "role",
            "user",
            "group",
            "group-settings",
            "tenant",
            "api-key",
            "api-key-settings",
            "oauth-client",
            "space",
            "identity-provider",
            "web-integration",
            "webhook",
            "import",
        ],
    ),
    ("Questions, from anywhere", &["whoami", "can-i", "who-can", "explain", "access"]),
    ("Tenants as files say, from anywhere", &["plan", "apply", "drift", "export", "lint", "test", "schema"]),
    ("This program", &["completions", "man"]),
];

const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}Options:\n{options}{after-help}";

/// The program with its list of commands in sections.
pub fn sectioned(program: Command) -> Command {
    let width = program.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or_default();
    let mut listing = String::new();
    for (title, names) in SECTIONS {
        let _ = writeln!(listing, "{title}:");
        for command in names.iter().filter_map(|name| program.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(listing, "  {:<width$}  {about}", command.get_name());
        }
        listing.push('\n');
    }
    program.before_help(listing.trim_end().to_owned()).help_template(TEMPLATE)
}

/// Print a script that completes commands in a shell.
#[derive(Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self, mut program: Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program, "rolecall", &mut script);
        print(&String::from_utf8(script)?)
    }
}

/// Write manual pages, one for each command.
#[derive(Args)]
pub struct Man {
    /// The directory; it is made if it is not there
    #[arg(required_unless_present = "markdown")]
    directory: Option<PathBuf>,
    /// Print all of them as one page of Markdown instead
    #[arg(long, conflicts_with = "directory")]
    markdown: bool,
}

impl Man {
    pub fn run(self, program: Command) -> anyhow::Result<()> {
        let Some(directory) = self.directory else {
            let options = MarkdownOptions::new()
                .title("Commands".to_owned())
                .show_footer(false)
                .show_table_of_contents(false);
            return print(&help_markdown_command_custom(&program.before_help(None), &options));
        };
        let shown = directory.display();
        fs::create_dir_all(&directory).with_context(|| format!("cannot make `{shown}`"))?;
        clap_mangen::generate_to(program, &directory)
            .with_context(|| format!("cannot write manual pages into `{shown}`"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_stands_in_one_section() {
        let program = crate::program();
        let named: Vec<&str> = SECTIONS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let there: BTreeSet<&str> = program.get_subcommands().map(Command::get_name).collect();
        assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), there);
        assert_eq!(named.len(), there.len());
        program.debug_assert();
    }
}
