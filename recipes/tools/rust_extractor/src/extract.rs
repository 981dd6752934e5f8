//! From a patch to lines of JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use diffy::{Hunk, Patch};
use serde_json::{Map, Value, json};

use crate::compare::{Comparison, Placed, Symbol};
use crate::folder::Folder;
use crate::fragment::{NOBODY, frame};
use crate::language::{Detected, Language, detect};
use crate::parse::{Definer, Definition, TEXT_MAX};
use crate::patch::{self, Edits, FileChange, Section};

/// How often a language was seen, and the lines that changed in it.
#[derive(Default)]
struct Tally {
    files: usize,
    insertions: usize,
    deletions: usize,
}

/// Writes the symbols of patches, and at the end what they were about.
pub struct Extractor<W: Write> {
    out: W,
    definer: Definer,
    files: usize,
    languages: BTreeMap<&'static str, Tally>,
    skipped: Vec<Value>,
}

impl<W: Write> Extractor<W> {
    /// An extractor that writes to `out`.
    pub fn new(out: W) -> Self {
        let (definer, languages) = (Definer::default(), BTreeMap::new());
        Self { out, definer, files: 0, languages, skipped: Vec::new() }
    }

    /// Writes what a patch touches. `commit` counts where the patch itself names none; `folder` may
    /// have whole contents.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn patch(&mut self, text: &[u8], commit: Option<&str>, folder: Option<&Folder>) -> io::Result<()> {
        for section in patch::sections(text).list {
            self.section(&section, commit, folder)?;
        }
        Ok(())
    }

    /// Writes the last line.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        let languages: Map<String, Value> = self
            .languages
            .iter()
            .map(|(name, tally)| {
                let Tally { files, insertions, deletions } = tally;
                (
                    (*name).to_owned(),
                    json!({"files": files, "insertions": insertions, "deletions": deletions}),
                )
            })
            .collect();
        let summary = json!({"files": self.files, "languages": languages, "skipped": self.skipped});
        writeln!(self.out, "{}", json!({ "summary": summary }))?;
        self.out.flush()
    }

    fn section(
        &mut self,
        section: &Section<'_>,
        commit: Option<&str>,
        folder: Option<&Folder>,
    ) -> io::Result<()> {
        let commit = commit.or(section.commit);
        self.files += 1;
        let change = match patch::parse(section.bytes) {
            Ok(change) => change,
            Err(unreadable) => {
                self.skip(commit, &unreadable.path, &unreadable.why);
                return Ok(());
            }
        };
        let hunks = match &change.body {
            Ok(hunks) => hunks,
            Err(why) => {
                self.skip(commit, &change.path, why);
                return Ok(());
            }
        };
        let pieces: Vec<(Vec<u8>, Vec<u8>)> = hunks.hunks().iter().map(patch::sides).collect();
        let contents = folder.and_then(|folder| contents(folder, &change, hunks));
        let sample = match (&contents, pieces.first()) {
            (Some((old, new)), _) | (None, Some((old, new))) => {
                if change.deleted {
                    old
                } else {
                    new
                }
            }
            (None, None) => &Vec::new(),
        };
        let Detected { name, language } = detect(&change.path, sample);
        let before = detect(&change.old_path, sample).language.or(language);
        let (added, removed) = patch::counts(hunks);
        let tally = self.languages.entry(name).or_default();
        tally.files += 1;
        tally.insertions += added;
        tally.deletions += removed;
        let (Some(language), Some(before)) = (language, before) else { return Ok(()) };
        let whole = contents.is_some() || change.whole;
        let found = match &contents {
            Some((old, new)) => {
                whole_file(&mut self.definer, (before, old.as_slice()), (language, new.as_slice()), hunks)
            }
            None => in_pieces(&mut self.definer, before, language, hunks, &pieces, whole),
        };
        match found {
            Ok(symbols) => self.write(commit, &change.path, name, &symbols, !whole),
            Err(why) => {
                self.skip(commit, &change.path, why);
                Ok(())
            }
        }
    }

    fn write(
        &mut self,
        commit: Option<&str>,
        path: &[u8],
        name: &str,
        symbols: &[Symbol],
        part: bool,
    ) -> io::Result<()> {
        let path = shown(path);
        for Symbol { definition, line, fate } in symbols {
            let mut row = Map::new();
            let mut put = |key: &str, value: Value| {
                row.insert(key.to_owned(), value);
            };
            if let Some(commit) = commit {
                put("commit", json!(commit));
            }
            put("path", json!(path));
            put("language", json!(name));
            put("kind", json!(definition.kind));
            put("name", json!(definition.name));
            if let Some(container) = &definition.container {
                put("container", json!(container));
            }
            put("line", json!(line));
            put("change", json!(fate.word()));
            if part {
                put("partial", json!(true));
            }
            writeln!(self.out, "{}", Value::Object(row))?;
        }
        Ok(())
    }

    fn skip(&mut self, commit: Option<&str>, path: &[u8], why: &str) {
        let mut row = Map::new();
        if let Some(commit) = commit {
            row.insert("commit".to_owned(), json!(commit));
        }
        row.insert("path".to_owned(), json!(shown(path)));
        row.insert("why".to_owned(), json!(why));
        self.skipped.push(Value::Object(row));
    }
}

/// Both whole contents, if they are there and are those that the patch is about.
fn contents(folder: &Folder, change: &FileChange<'_>, hunks: &Patch<'_, [u8]>) -> Option<(Vec<u8>, Vec<u8>)> {
    if change.whole {
        return None;
    }
    let (old, new) = (folder.content("old", &change.old_path)?, folder.content("new", &change.path)?);
    patch::fits(hunks, &old, &new).then_some((old, new))
}

type Side<'a> = (&'static Language, &'a [u8]);

fn whole_file(
    definer: &mut Definer,
    old: Side<'_>,
    new: Side<'_>,
    hunks: &Patch<'_, [u8]>,
) -> Result<Vec<Symbol>, &'static str> {
    let mut comparison = Comparison::default();
    let (old, new) = (place(definer, old, None, 1)?, place(definer, new, None, 1)?);
    comparison.add(old, new, &Edits::of_file(hunks), false);
    Ok(comparison.finish())
}

fn in_pieces(
    definer: &mut Definer,
    before: &'static Language,
    language: &'static Language,
    hunks: &Patch<'_, [u8]>,
    pieces: &[(Vec<u8>, Vec<u8>)],
    whole: bool,
) -> Result<Vec<Symbol>, &'static str> {
    if pieces.iter().map(|(old, new)| old.len().max(new.len())).sum::<usize>() > TEXT_MAX {
        return Err("larger than 1 MiB");
    }
    let mut comparison = Comparison::default();
    for (hunk, (old, new)) in hunks.hunks().iter().zip(pieces) {
        let (old_line, new_line) = patch::starts(hunk);
        let around = (!whole).then_some(hunk);
        let old = place(definer, (before, old), around, old_line)?;
        let new = place(definer, (language, new), around, new_line)?;
        comparison.add(old, new, &Edits::of_hunk(hunk), !whole);
    }
    Ok(comparison.finish())
}

/// The definitions of a text at their lines. A piece of a file is framed by what its hunk says.
fn place(
    definer: &mut Definer,
    (language, text): Side<'_>,
    hunk: Option<&Hunk<'_, [u8]>>,
    first: usize,
) -> Result<Vec<Placed>, &'static str> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let Some(hunk) = hunk else {
        let found = definer.definitions(language, text)?;
        return Ok(found.into_iter().filter_map(|one| at(one, 0, first, usize::MAX)).collect());
    };
    let frame = frame(language, hunk.function_context(), text);
    let above = frame.before.bytes().filter(|&byte| byte == b'\n').count();
    let lines = text.split_inclusive(|&byte| byte == b'\n').count();
    let framed = [frame.before.as_bytes(), text, frame.behind.as_bytes()].concat();
    let found = definer.definitions(language, &framed)?;
    // Whether an indented variable is a function's own cannot be seen from here.
    let found = found.into_iter().filter(|one| !(one.kind == "variable" && one.indented));
    Ok(found.filter_map(|one| at(one, above, first, first + lines - 1)).collect())
}

fn at(definition: Definition, above: usize, first: usize, last: usize) -> Option<Placed> {
    let line = |row: usize| (row >= above).then(|| first + row - above);
    if definition.name == NOBODY && line(definition.name_row).is_none() {
        return None;
    }
    let begins = line(definition.rows.start).unwrap_or(first);
    let ends = line(definition.rows.end)?.min(last);
    let name_line = line(definition.name_row).filter(|line| *line <= last);
    Some(Placed { lines: (begins, ends), name_line, definition })
}

/// A path as JSON can hold it: as it is, or, if it is no UTF-8, quoted as git does.
fn shown(path: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(path) {
        return text.to_owned();
    }
    let mut text = String::from("\"");
    for &byte in path {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.extend(format!("\\{byte:03o}").chars()),
        }
    }
    text + "\""
}
