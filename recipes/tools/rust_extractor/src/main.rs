//! `rust_extractor [--format jsonl] [FOLDER…]`: see `HELP`.

use std::io::{self, BufWriter, ErrorKind};
use std::path::Path;
use std::process::ExitCode;

use rust_extractor::extract::Extractor;
use rust_extractor::folder::{Folder, limited};
use rust_extractor::patch::sections;

const HELP: &str = "\
usage: rust_extractor [--format jsonl] [FOLDER…]

Says which functions, types, imports and languages commits touch, as JSON, one object a line; the last
line sums up. FOLDER is a commit's: diff.patch, commit.json, and whole contents in old/ and new/ if
they are kept. Without one a git patch is read from standard input; `git log -p` writes such.

exit codes: 0 all was read, 1 something could not be read, 2 wrong usage
";

fn main() -> ExitCode {
    let folders = match arguments() {
        Ok(Some(folders)) => folders,
        Ok(None) => return ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("rust_extractor: {message}\ntype: rust_extractor --help");
            return ExitCode::from(2);
        }
    };
    match run(&folders) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            if error.kind() != ErrorKind::BrokenPipe {
                eprintln!("rust_extractor: standard output: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The folders that were named; `None` when what was asked for has been printed.
fn arguments() -> Result<Option<Vec<std::ffi::OsString>>, String> {
    let mut folders = Vec::new();
    let mut given = std::env::args_os().skip(1);
    let mut only_names = false;
    while let Some(word) = given.next() {
        match word.to_str() {
            _ if only_names => folders.push(word),
            Some("--") => only_names = true,
            Some("--help" | "-h") => {
                print!("{HELP}");
                return Ok(None);
            }
            Some("--version") => {
                println!("rust_extractor {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            Some("--format") => match given.next() {
                Some(format) if format == "jsonl" => {}
                _ => return Err("--format: the one format is jsonl".to_owned()),
            },
            Some("--format=jsonl") => {}
            Some(option) if option.starts_with('-') && option != "-" => {
                return Err(format!("no option is called '{option}'"));
            }
            _ => folders.push(word),
        }
    }
    Ok(Some(folders))
}

/// Whether all could be read. What could not is said on standard error, and the rest is still done.
fn run(folders: &[std::ffi::OsString]) -> io::Result<bool> {
    let mut extractor = Extractor::new(BufWriter::new(io::stdout().lock()));
    let mut all = true;
    if folders.is_empty() {
        match limited(io::stdin().lock(), "standard input").and_then(is_patch) {
            Ok(text) => extractor.patch(&text, None, None)?,
            Err(message) => all = complain(&message),
        }
    }
    for name in folders {
        let folder = Folder::new(Path::new(name));
        match folder.patch().and_then(|text| Ok((text, folder.commit()?))) {
            Ok((text, commit)) => extractor.patch(&text, commit.as_deref(), Some(&folder))?,
            Err(message) => all = complain(&message),
        }
    }
    extractor.finish()?;
    Ok(all)
}

fn complain(message: &str) -> bool {
    eprintln!("rust_extractor: {message}");
    false
}

/// Nothing at all is a patch too: that of a commit that changes nothing.
fn is_patch(text: Vec<u8>) -> Result<Vec<u8>, String> {
    let found = sections(&text);
    if found.list.is_empty() && !found.commits && !text.trim_ascii().is_empty() {
        return Err("standard input: no git patch, none of its lines begins with 'diff --git'".to_owned());
    }
    drop(found);
    Ok(text)
}
