//! Contexts: which tenants there are, and where their keys are.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::tool::{Tool, files, said, said_with};

#[test]
fn contexts_are_made_used_and_ended() {
    let tool = Tool::start();
    let (url, key) = (tool.sandbox.url(), tool.sandbox.admin_key());
    let mut all = String::new();
    let mut say = |line: &str| all += &said(line, tool.nowhere(line));
    say("whoami");
    say("context ls");
    say(&format!("context create acme --url {url} --key-env ACME_KEY"));
    say(&format!("context create acme --url {url} --key-env OTHER_KEY"));
    say("whoami");
    all += &said_with(
        "context create second --url SERVER < key",
        tool.nowhere(&format!("context create second --url {url}")),
        &format!("{key}\nsomething else\n"),
    );
    let mut say = |line: &str| all += &said(line, tool.nowhere(line));
    say("context ls");
    say("context use second");
    say("context get -o yaml");
    say("whoami");
    say("role ls -o ids --context second,acme");
    say("context rm second");
    say("context use second");
    say("context ls -o csv");
    let file = tool.contexts.path().join("contexts.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(files(tool.contexts.path()), ["contexts.lock", "contexts.toml"], "its key went with it");
    insta::assert_snapshot!(all.replace(&tool.contexts.path().display().to_string(), "DIR"));
}

#[test]
fn what_cannot_be_a_context_is_refused() {
    let tool = Tool::start();
    let mut all = String::new();
    for line in [
        "context create a,b --url https://a.example --key-env K",
        "context create -- -a --url https://a.example",
        "context create a --url ftp://a.example --key-env K",
        "context create a --url https://a.example/api/v1 --key-env K",
        "context create a --url https://me:secret@a.example --key-env K",
        "context create a --url https://a.example --key-env K --keyring",
        "context create a --url https://a.example --key secret",
        "context create a --url https://a.example",
        "context create a --url http://a.example --key-env K",
        "context get b",
        "role ls --context a",
        "role ls --context b,a",
    ] {
        all += &said(line, tool.nowhere(line));
    }
    let file = tool.contexts.path().join("contexts.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    all += &said("context ls", tool.nowhere("context ls"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "[contexts.a]\nurl = \"https://a.example\"\nkey = { typed = \"secret\" }\n").unwrap();
    all += &said("context ls", tool.nowhere("context ls"));
    insta::assert_snapshot!(all.replace(&tool.contexts.path().display().to_string(), "DIR"));
}

#[test]
fn keys_come_from_where_they_are_said_to_be() {
    let tool = Tool::start();
    let (url, key) = (tool.sandbox.url(), tool.sandbox.admin_key());
    let programs = tempfile::tempdir().unwrap();
    let kept = programs.path().join("kept");
    // What the program of the desktop does, with a file for a keyring.
    let keyring = format!(
        "#!/bin/sh\ncase $1 in store) cat > {0} ;; lookup) cat {0} ;; clear) rm {0} ;; esac\n",
        kept.display()
    );
    let program = programs.path().join("secret-tool");
    fs::write(&program, keyring).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let file = programs.path().join("file");
    fs::write(&file, format!("{key}\n")).unwrap();

    let run = |line: &str, input: &str| {
        let mut command = tool.nowhere(line);
        command.env("PATH", &path).env("ACME_KEY", key);
        said_with(line, command, input)
    };
    for source in [
        "--keyring",
        "--key-env ACME_KEY",
        &format!("--key-file {}", file.display()),
        &format!("--key-command 'cat {}'", file.display()),
    ] {
        let made = run(&format!("context create a --replace --url {url} {source}"), key);
        assert!(!made.contains("error"), "{made}");
        let me = run("whoami -o json", "");
        assert!(me.contains("ada@acme.example"), "{source}: {me}");
        let written = fs::read_to_string(tool.contexts.path().join("contexts.toml")).unwrap();
        assert!(!written.contains(key), "{source}");
    }
    run(&format!("context create a --replace --url {url} --keyring"), key);
    assert!(kept.exists());
    run(&format!("context create a --replace --url {url}"), key);
    assert!(
        !kept.exists() && files(tool.contexts.path()).contains(&"a.key".to_owned()),
        "it is elsewhere now"
    );
    run(&format!("context create a --replace --url {url} --keyring"), key);
    assert!(kept.exists() && !files(tool.contexts.path()).contains(&"a.key".to_owned()));
    run("context rm a", "");
    assert!(!kept.exists(), "the key goes with the context");
}

#[test]
fn the_environment_is_enough() {
    let tool = Tool::start();
    let mut all = String::new();
    let line = "whoami -o ids";
    all += &said(line, tool.command(line));
    let mut no_key = tool.nowhere(line);
    no_key.env("ROLECALL_URL", tool.sandbox.url());
    all += &said(line, no_key);
    let mut twice = tool.command(line);
    twice.env("ROLECALL_API_KEY_FILE", "/nowhere");
    all += &said(line, twice);
    all += &said(line, tool.with_key("wrong", line));
    all += &said(line, tool.with_key("two words", line));
    let mut unknown = tool.command(line);
    unknown.env("ROLECALL_API_KEYS", "x");
    assert!(said(line, unknown).contains("`ROLECALL_API_KEYS` is not a setting"));
    let mut unreachable = tool.command(line);
    unreachable.env("ROLECALL_URL", "http://127.0.0.1:9");
    all += &said(line, unreachable);
    insta::assert_snapshot!(all);
}

#[test]
fn several_tenants_are_asked_one_after_the_other() {
    let tool = Tool::start();
    let url = tool.sandbox.url();
    let globex = tool.sandbox.started["tenants"][1]["adminKey"].as_str().unwrap();
    let run = |line: &str| {
        let mut command = tool.nowhere(line);
        command
            .env("ACME_KEY", tool.sandbox.admin_key())
            .env("GLOBEX_KEY", globex)
            .env("PLAIN_KEY", tool.user_key());
        said(line, command)
    };
    for name in ["acme", "globex", "plain"] {
        run(&format!("context create {name} --url {url} --key-env {}_KEY", name.to_uppercase()));
    }
    let mut all = String::new();
    for line in [
        "role ls -f 'type eq \"custom\"' --context acme,globex",
        "tenant get --context acme,globex -o csv",
        "tenant edit --auto-assign-shared-spaces false --context acme,plain,globex",
        "tenant ls --context acme",
        "role create --name Both --context globex,acme -o csv",
        "role rm Both --yes --context globex,acme",
        "whoami --context acme,globex -o csv",
        "role ls -f 'name eq \"TenantAdmin\"' -o ids --context acme,globex",
        "who-can notes --context acme,globex",
        "context create keyless --url http://127.0.0.1:9 --key-env NO_KEY",
        "context create again --url URL --key-env ACME_KEY",
        "tenant get --context nowhere,keyless,acme -o csv",
        "tenant edit --name Twice --context acme,globex,acme",
        "tenant edit --name Twice --context acme,again",
        "whoami --context acme,again",
        "tenant get --context keyless",
    ] {
        all += &run(&line.replace("URL", url));
    }
    let line = "role create --from - --context acme,globex -o csv";
    let mut command = tool.nowhere(line);
    command.env("ACME_KEY", tool.sandbox.admin_key()).env("GLOBEX_KEY", globex);
    all += &said_with(line, command, r#"{"name": "Piped", "assignedScopes": ["notes"]}"#);
    let file = tool.contexts.path().join("contexts.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("current = \"acme\"", "current = \"gone\"")).unwrap();
    for line in ["tenant get", "context get", "context use globex", "context get -o ids"] {
        all += &run(line);
    }
    insta::assert_snapshot!(all);
}
