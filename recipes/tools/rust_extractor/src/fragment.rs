//! A piece of a file, made whole enough to be parsed.
//!
//! A hunk begins and ends in the middle of things. What was opened above it and is closed in it is
//! opened again before it, what it leaves open is closed behind it, and the line that git found above
//! it (the text behind `@@`) stands in front, so that lines in the body of a function or type that
//! begins out of sight still belong to it. Strings and comments are skipped on the way, by rule of
//! thumb: a mistake costs a name, never more.

use crate::language::{Language, Shape};

/// What stands around a piece while it is parsed.
#[derive(Default)]
pub struct Frame {
    /// Before it, whole lines.
    pub before: String,
    /// Behind it.
    pub behind: String,
}

/// Wrappers are called so, and are no definitions.
pub const NOBODY: &str = "_";
/// So many levels of blocks are followed.
const DEPTH_MAX: usize = 200;

struct Outline {
    /// What is closed and was not opened, with the column.
    closed: Vec<(&'static str, usize)>,
    /// What is open at the end.
    open: Vec<&'static str>,
    /// Whether it begins within a block comment.
    in_comment: bool,
    /// The first character of code, and its column.
    first: Option<(u8, usize)>,
}

/// The frame for a piece of a file, with the line that git named above it.
#[must_use]
pub fn frame(language: &Language, context: Option<&[u8]>, piece: &[u8]) -> Frame {
    let context = context.map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
    let context = context.filter(|line| !line.is_empty());
    match language.shape {
        Shape::Indented => Frame { before: ladder(context.as_deref(), piece), behind: String::new() },
        Shape::Braces(inner) => braces(language, inner, context.as_deref(), piece),
        Shape::Words(words) => {
            let outline = outline(language, piece);
            let above = context.filter(|line| opens_one(language, line) && indented(&outline));
            let taken = usize::from(above.is_some());
            let mut before = above.unwrap_or_default();
            for (closer, _) in outline.closed.iter().rev().skip(taken) {
                let opener = words.iter().find(|(_, end, _)| end == closer).map_or("{", |word| word.2);
                before = before + " " + opener;
            }
            let unclosed = if taken > 0 && outline.closed.is_empty() { &["end"][..] } else { &[] };
            Frame { before: line(before), behind: closing(&outline, unclosed) }
        }
    }
}

fn line(text: String) -> String {
    if text.is_empty() { text } else { text + "\n" }
}

fn closing(outline: &Outline, more: &[&'static str]) -> String {
    let closers = outline.open.iter().rev().chain(more);
    closers.fold(String::from("\n"), |text, closer| text + closer + "\n")
}

/// Whether a line opens one block more than it closes.
fn opens_one(language: &Language, text: &str) -> bool {
    let outline = outline(language, text.as_bytes());
    outline.open.last().is_some_and(|closer| *closer != ")") && outline.closed.is_empty()
}

fn indented(outline: &Outline) -> bool {
    outline.first.is_some_and(|(_, column)| column > 0) || !outline.closed.is_empty()
}

fn braces(language: &Language, inner: &str, context: Option<&str>, piece: &[u8]) -> Frame {
    let outline = outline(language, piece);
    let blocks = outline.closed.iter().filter(|(closer, _)| *closer == "}");
    let within = blocks.clone().filter(|(_, column)| *column > 0).count();
    let body = blocks.count() > 0
        || outline.first.is_some_and(|(byte, column)| column > 0 || byte == b'{' || byte == b')');
    let comment = if outline.in_comment { "/*" } else { "" };
    if !body {
        return Frame { before: line(comment.to_owned()), behind: closing(&outline, &[]) };
    }
    let (mut before, of_type, opened) = above(language, context, &outline);
    for level in 0..within {
        before += " ";
        before += if of_type && level == 0 { inner } else { "{" };
    }
    let outer_closed = outline.closed.iter().any(|(closer, column)| *closer == "}" && *column == 0);
    let unclosed = if opened && !outer_closed { &["}"][..] } else { &[] };
    Frame { before: line(before + " " + comment), behind: closing(&outline, unclosed) }
}

/// The line above as the beginning of a block: its text, whether the block is a type's, and whether
/// the text opens it (and not the piece itself).
fn above(language: &Language, context: Option<&str>, piece: &Outline) -> (String, bool, bool) {
    let Some(text) = context.filter(|text| !text.ends_with([';', '}', ':'])) else {
        return ("{".to_owned(), false, true);
    };
    let own = outline(language, text.as_bytes());
    let parens = own.open.iter().filter(|closer| **closer == ")").count();
    let continued = parens > 0 && piece.closed.first().is_some_and(|(closer, _)| *closer == ")");
    if continued || piece.first.is_some_and(|(byte, column)| byte == b'{' && column == 0) {
        return (text.to_owned(), false, false);
    }
    let types =
        ["class", "struct", "impl", "trait", "interface", "enum", "namespace", "mod", "record", "union"];
    let of_type =
        !text.contains('(') && text.split(|c: char| !c.is_alphanumeric()).any(|word| types.contains(&word));
    if own.open.contains(&"}") {
        return (text.to_owned(), of_type, true);
    }
    let text = text.trim_end_matches(',').to_owned() + &")".repeat(parens) + " {";
    (text, of_type, true)
}

/// For a piece that begins indented: a line that opens a block at each level that comes later in it.
fn ladder(context: Option<&str>, piece: &[u8]) -> String {
    let indents: Vec<usize> = piece
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty() && !line.trim_ascii().starts_with(b"#"))
        .map(|line| line.len() - line.trim_ascii_start().len())
        .collect();
    let first = indents.first().copied().unwrap_or_default();
    if first == 0 {
        return String::new();
    }
    let mut text = context.map_or_else(
        || "if 1:\n".to_owned(),
        |line| {
            let end = if line.ends_with(':') { "" } else { ":" };
            let open = line.matches('(').count().saturating_sub(line.matches(')').count());
            format!(
                "{}{}{end}\n",
                line.trim_end_matches(','),
                ")".repeat(if end.is_empty() { 0 } else { open })
            )
        },
    );
    let mut levels: Vec<usize> = indents.into_iter().filter(|&level| level > 0 && level < first).collect();
    levels.sort_unstable();
    levels.dedup();
    for level in levels.into_iter().take(DEPTH_MAX) {
        text = text + &" ".repeat(level.min(DEPTH_MAX)) + "if 1:\n";
    }
    text
}

fn outline(language: &Language, text: &[u8]) -> Outline {
    let mut found = Outline { closed: Vec::new(), open: Vec::new(), in_comment: false, first: None };
    let (mut at, mut line_start, mut seen_comment) = (0, 0, false);
    let block_comments = matches!(language.shape, Shape::Braces(_));
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let column = at - line_start;
        at += 1;
        match byte {
            b'\n' => line_start = at,
            _ if byte.is_ascii_whitespace() => {}
            b'#' if block_comments => at += until(&text[at..], b"\n"),
            _ if rest.starts_with(language.comment.as_bytes()) => at += until(&text[at..], b"\n"),
            b'/' if block_comments && rest.starts_with(b"/*") => {
                seen_comment = true;
                at += until(&text[at..], b"*/");
            }
            b'*' if block_comments && rest.starts_with(b"*/") && !seen_comment => {
                found = Outline { closed: Vec::new(), open: Vec::new(), in_comment: true, first: None };
                (seen_comment, at) = (true, at + 1);
            }
            _ => {
                found.first.get_or_insert((byte, column));
                at += code(language, &mut found, rest, column) - 1;
            }
        }
    }
    found
}

/// Takes in what stands at the beginning of `rest`, and gives its length, which is at least 1.
fn code(language: &Language, found: &mut Outline, rest: &[u8], column: usize) -> usize {
    match rest[0] {
        b'\'' if language.character => match rest {
            [_, b'\\', _, ..] => 2 + until(&rest[2..], b"'").min(8),
            [_, _, b'\'', ..] => 3,
            _ => 1,
        },
        quote @ (b'"' | b'\'') => string(rest, quote),
        b'{' => open(found, "}"),
        b'(' => open(found, ")"),
        b'}' => close(found, "}", column),
        b')' => close(found, ")", column),
        byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
            let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
            let word = &rest[..end.unwrap_or(rest.len())];
            if let Shape::Words(words) = language.shape {
                if let Some(one) = words.iter().find(|one| one.0.as_bytes() == word) {
                    open(found, one.1);
                } else if let Some(one) = words.iter().find(|one| one.1.as_bytes() == word) {
                    close(found, one.1, column);
                }
            }
            word.len()
        }
        _ => 1,
    }
}

fn open(found: &mut Outline, closer: &'static str) -> usize {
    if found.open.len() < DEPTH_MAX {
        found.open.push(closer);
    }
    1
}

fn close(found: &mut Outline, closer: &'static str, column: usize) -> usize {
    match found.open.iter().rposition(|one| *one == closer) {
        Some(at) => found.open.truncate(at),
        None if found.closed.len() < DEPTH_MAX => found.closed.push((closer, column)),
        None => {}
    }
    1
}

/// The length of a string that ends with its quote, or with the line.
fn string(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// How many bytes there are up to the end of `end`, or of the text; a line's end is left.
fn until(text: &[u8], end: &[u8]) -> usize {
    match text.windows(end.len()).position(|window| window == end) {
        Some(at) if end == b"\n" => at,
        Some(at) => at + end.len(),
        None => text.len(),
    }
}
