//! Is a file or a function too long to be one thing?

use super::{Fault, files::File};

/// Lines of a file, tests not counted.
const FILE: usize = 500;
/// Lines of a function.
const FUNCTION: usize = 60;

pub fn check(files: &[File]) -> Vec<Fault> {
    let program = files.iter().filter(|file| file.path.contains("/src/"));
    program.flat_map(|file| long_file(file).into_iter().chain(long_functions(file))).collect()
}

fn long_file(file: &File) -> Option<Fault> {
    let lines = file.program().lines().count();
    (lines > FILE).then(|| format!("{}: {lines} lines; at most {FILE}", file.path))
}

/// A formatted function ends at the first brace that stands as far in as it does.
fn long_functions(file: &File) -> Vec<Fault> {
    let lines: Vec<&str> = file.program().lines().collect();
    let mut faults = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| begins_function(line)) {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let end = lines.iter().skip(at).position(|line| *line == format!("{indent}}}"));
        if let Some(length) = end.filter(|length| *length > FUNCTION) {
            faults.push(format!(
                "{}:{}: a function of {length} lines; at most {FUNCTION}",
                file.path,
                at + 1
            ));
        }
    }
    faults
}

/// Whether a line is the head of a function with a body.
fn begins_function(line: &str) -> bool {
    let head = line.trim_start();
    let named = head.split('(').next().unwrap_or_default().split_whitespace().any(|word| word == "fn");
    named && !head.starts_with("//") && !head.ends_with([';', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: String) -> File {
        File { path: "server/src/a.rs".into(), text }
    }

    #[test]
    fn long_files_and_functions_are_told() {
        let body = |n: usize| format!("fn a() {{\n{}}}\n", "    x();\n".repeat(n));
        assert!(check(&[file(body(59))]).is_empty());
        assert_eq!(check(&[file(body(61))]).len(), 1);
        assert_eq!(check(&[file("x\n".repeat(501))]).len(), 1);
        let tests =
            format!("x\n{}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(400), "x\n".repeat(400));
        assert!(check(&[file(tests)]).is_empty());
    }
}
