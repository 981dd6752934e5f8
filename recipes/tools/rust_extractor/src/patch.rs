//! A git patch, taken apart: one section a file, its hunks by diffy, and which lines changed.
//!
//! Sections are parsed each for itself, so that one that is damaged says so and the others are read.

use diffy::patch_set::{FileOperation, FilePatch, ParseOptions, PatchKind, PatchSet};
use diffy::{Hunk, Line, Patch};

/// The largest section that is read, in bytes.
const SECTION_MAX: usize = 16 << 20;
/// The longest `diff --git` line, and the most blanks in it: which of its blanks parts the two names
/// is found by trying each of them.
const HEADER_MAX: usize = 8 << 10;
const HEADER_BLANKS: usize = 256;
/// No file has more lines than this; a hunk that says so is refused.
const LINE_MAX: usize = 1 << 31;

/// The bytes of a patch that are about one file, from its `diff --git` line on.
pub struct Section<'a> {
    /// The commit of the `commit` or `From` line above, if there is one.
    pub commit: Option<&'a str>,
    /// The lines of the section.
    pub bytes: &'a [u8],
}

/// What the sections of a patch are, and whether it names commits.
pub struct Sections<'a> {
    /// The sections, in the patch's order.
    pub list: Vec<Section<'a>>,
    /// Whether a `commit` or `From` line was seen: such a text is a patch, even an empty one.
    pub commits: bool,
}

/// A file as a patch changes it.
pub struct FileChange<'a> {
    /// Its name now, or the last one it had when it is deleted.
    pub path: Vec<u8>,
    /// Its name before, the same unless it was renamed or copied.
    pub old_path: Vec<u8>,
    /// Whether the patch has the whole file: it is new, or deleted.
    pub whole: bool,
    /// Whether the file is gone afterwards.
    pub deleted: bool,
    /// The hunks, or why there are none to read.
    pub body: Result<Patch<'a, [u8]>, &'static str>,
}

/// A section that cannot be read.
pub struct Unreadable {
    /// The names in its first line, as they stand there.
    pub path: Vec<u8>,
    /// What is wrong.
    pub why: String,
}

/// Lines that stand on both sides.
struct Run {
    old: usize,
    new: usize,
    len: usize,
}

/// The lines that one or several hunks change. Lines count from 1. Blank ones are left out: they are
/// nobody's change.
#[derive(Default)]
pub struct Edits {
    /// Lines of the old side that are gone, ascending.
    pub removed: Vec<usize>,
    /// Lines of the new side that were not there, ascending.
    pub added: Vec<usize>,
    same: Vec<Run>,
}

/// Parts a patch, or the output of `git log -p`, into its sections.
#[must_use]
pub fn sections(patch: &[u8]) -> Sections<'_> {
    let (mut list, mut commits) = (Vec::new(), false);
    let (mut at, mut start, mut commit) = (0, None, None);
    let mut next_commit = None;
    for line in patch.split_inclusive(|&byte| byte == b'\n') {
        let named = commit_line(line);
        let begins = line.starts_with(b"diff --git ") || is_combined(line);
        if begins || named.is_some() {
            if let Some(start) = start.take() {
                list.push(Section { commit, bytes: &patch[start..at] });
            }
        }
        if named.is_some() {
            (commits, next_commit) = (true, named);
        } else if begins {
            (start, commit) = (Some(at), next_commit);
        }
        at += line.len();
    }
    if let Some(start) = start {
        list.push(Section { commit, bytes: &patch[start..] });
    }
    Sections { list, commits }
}

fn is_combined(line: &[u8]) -> bool {
    line.starts_with(b"diff --cc ") || line.starts_with(b"diff --combined ")
}

/// The commit of a `commit ID` or `From ID date` line. No line of a hunk begins so.
fn commit_line(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"commit ").or_else(|| line.strip_prefix(b"From "))?;
    let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(rest.len());
    let ends = rest.get(end).is_none_or(u8::is_ascii_whitespace);
    ((end == 40 || end == 64) && ends).then(|| std::str::from_utf8(&rest[..end]).ok()).flatten()
}

/// Reads one section.
///
/// # Errors
/// What is wrong with it: a form that git does not write, or one that is not read here.
pub fn parse(section: &[u8]) -> Result<FileChange<'_>, Unreadable> {
    let first = section.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let names = first.splitn(3, |&byte| byte == b' ').nth(2).unwrap_or_default();
    let unreadable =
        |why: &str| Unreadable { path: names[..names.len().min(HEADER_MAX)].to_vec(), why: why.to_owned() };
    if is_combined(first) {
        return Err(unreadable("a merge's combined patch"));
    }
    if section.len() > SECTION_MAX {
        return Err(unreadable("its patch is larger than 16 MiB"));
    }
    if first.len() > HEADER_MAX || first.split(|&byte| byte == b' ').count() > HEADER_BLANKS {
        return Err(unreadable("its name is too long"));
    }
    match PatchSet::parse_bytes(section, ParseOptions::gitdiff()).next() {
        Some(Ok(file)) => Ok(change_of(section, file)),
        Some(Err(error)) => Err(unreadable(&error.to_string())),
        None => Err(unreadable("no patch")),
    }
}

fn change_of<'a>(section: &'a [u8], file: FilePatch<'a, [u8]>) -> FileChange<'a> {
    let (old, new) = match file.operation() {
        FileOperation::Create(path) => (None, Some(stripped(path, b"biwco"))),
        FileOperation::Delete(path) => (Some(stripped(path, b"aiwco")), None),
        FileOperation::Modify { original, modified } => {
            (Some(stripped(original, b"aiwco")), Some(stripped(modified, b"biwco")))
        }
        FileOperation::Rename { from, to } | FileOperation::Copy { from, to } => {
            (Some(from.to_vec()), Some(to.to_vec()))
        }
    };
    let deleted = new.is_none();
    let whole = deleted || old.is_none();
    let path = new.or_else(|| old.clone()).unwrap_or_default();
    let body = match file.into_patch() {
        PatchKind::Text(hunks) => special(section)
            .or_else(|| far(&hunks).then_some("its line numbers are out of range"))
            .map_or(Ok(hunks), Err),
        PatchKind::Binary(_) => Err("binary"),
    };
    FileChange { old_path: old.unwrap_or_else(|| path.clone()), path, whole, deleted, body }
}

/// The name without the `a/` or `b/` (or, by diff.mnemonicPrefix, one of the other letters).
fn stripped(path: &[u8], letters: &[u8]) -> Vec<u8> {
    match path {
        [letter, b'/', rest @ ..] if letters.contains(letter) => rest.to_vec(),
        _ => path.to_vec(),
    }
}

/// A symbolic link or a submodule has lines in a patch, but no source text.
fn special(section: &[u8]) -> Option<&'static str> {
    let header = section
        .split(|&byte| byte == b'\n')
        .take_while(|line| !line.starts_with(b"@@ "))
        .filter(|line| line.starts_with(b"index ") || line.windows(5).any(|word| word == b"mode "));
    let mut what = None;
    for line in header {
        if line.ends_with(b" 160000") {
            what = Some("a submodule");
        } else if line.ends_with(b" 120000") {
            what = Some("a symbolic link");
        }
    }
    what
}

fn far(patch: &Patch<'_, [u8]>) -> bool {
    patch.hunks().iter().any(|hunk| hunk.old_range().end().max(hunk.new_range().end()) > LINE_MAX)
}

/// How many lines a patch adds and removes.
#[must_use]
pub fn counts(patch: &Patch<'_, [u8]>) -> (usize, usize) {
    patch.hunks().iter().flat_map(Hunk::lines).fold((0, 0), |(added, removed), line| match line {
        Line::Insert(_) => (added + 1, removed),
        Line::Delete(_) => (added, removed + 1),
        Line::Context(_) => (added, removed),
    })
}

/// The first line of a hunk on the old and the new side. A side without lines names the line before.
#[must_use]
pub fn starts(hunk: &Hunk<'_, [u8]>) -> (usize, usize) {
    let start = |range: diffy::HunkRange| range.start() + usize::from(range.is_empty());
    (start(hunk.old_range()), start(hunk.new_range()))
}

/// The text of a hunk on the old and the new side.
#[must_use]
pub fn sides(hunk: &Hunk<'_, [u8]>) -> (Vec<u8>, Vec<u8>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in hunk.lines() {
        match line {
            Line::Context(text) => {
                old.extend_from_slice(text);
                new.extend_from_slice(text);
            }
            Line::Delete(text) => old.extend_from_slice(text),
            Line::Insert(text) => new.extend_from_slice(text),
        }
    }
    (old, new)
}

impl Edits {
    /// The edits of a hunk alone: nothing is known of lines outside of it.
    #[must_use]
    pub fn of_hunk(hunk: &Hunk<'_, [u8]>) -> Self {
        let mut edits = Self::default();
        edits.take(hunk);
        edits
    }

    /// The edits of all hunks: the lines between them are the same on both sides.
    #[must_use]
    pub fn of_file(patch: &Patch<'_, [u8]>) -> Self {
        let mut edits = Self::default();
        let (mut old, mut new) = (1, 1);
        for hunk in patch.hunks() {
            let len = starts(hunk).0.saturating_sub(old);
            edits.same.push(Run { old, new, len });
            (old, new) = edits.take(hunk);
        }
        edits.same.push(Run { old, new, len: LINE_MAX });
        edits
    }

    fn take(&mut self, hunk: &Hunk<'_, [u8]>) -> (usize, usize) {
        let (mut old, mut new) = starts(hunk);
        for line in hunk.lines() {
            match line {
                Line::Context(_) => {
                    self.same.push(Run { old, new, len: 1 });
                    (old, new) = (old + 1, new + 1);
                }
                Line::Delete(text) => {
                    if !text.iter().all(u8::is_ascii_whitespace) {
                        self.removed.push(old);
                    }
                    old += 1;
                }
                Line::Insert(text) => {
                    if !text.iter().all(u8::is_ascii_whitespace) {
                        self.added.push(new);
                    }
                    new += 1;
                }
            }
        }
        (old, new)
    }

    /// Where a line of the old side is on the new one, if it is there.
    #[must_use]
    pub fn new_line(&self, old: usize) -> Option<usize> {
        let run = &self.same[..self.same.partition_point(|run| run.old <= old)];
        let run = run.iter().rev().find(|run| run.len > 0)?;
        (old - run.old < run.len).then(|| run.new + (old - run.old))
    }

    /// Whether a line of the new side was there before.
    #[must_use]
    pub fn was_there(&self, new: usize) -> bool {
        let run = &self.same[..self.same.partition_point(|run| run.new <= new)];
        run.iter().rev().find(|run| run.len > 0).is_some_and(|run| new - run.new < run.len)
    }
}

/// Whether whole contents are those that a patch is about: its lines stand in them.
#[must_use]
pub fn fits(patch: &Patch<'_, [u8]>, old: &[u8], new: &[u8]) -> bool {
    let old: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
    let new: Vec<&[u8]> = new.split_inclusive(|&byte| byte == b'\n').collect();
    patch.hunks().iter().all(|hunk| {
        let (mut o, mut n) = starts(hunk);
        hunk.lines().iter().all(|line| {
            let (in_old, in_new, text) = match line {
                Line::Context(text) => (true, true, text),
                Line::Delete(text) => (true, false, text),
                Line::Insert(text) => (false, true, text),
            };
            let fits = (!in_old || old.get(o.wrapping_sub(1)) == Some(text))
                && (!in_new || new.get(n.wrapping_sub(1)) == Some(text));
            (o, n) = (o + usize::from(in_old), n + usize::from(in_new));
            fits
        })
    })
}
