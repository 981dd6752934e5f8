//! The definitions in a text, by tree-sitter and the queries of `queries/`.
//!
//! A query names a definition's node by its kind (`@function`, `@type`, …) and its name by `@name`.
//! Some captures mean more: `@declaration` is a prototype when its `@declarator` has parameters and a
//! variable otherwise; `@require` is the function that makes a call an import; `@container` is what
//! a definition belongs to when nothing around it says so; `@statement` is what it is a part of.

use std::cmp::Reverse;
use std::ops::Range;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Query, QueryCursor, StreamingIterator, Tree};

use crate::language::{COUNT, Language};

/// The largest text that is parsed, in bytes.
pub const TEXT_MAX: usize = 1 << 20;
/// A parser reports now and then; ordinary source takes one report for a hundred bytes or more.
const REPORTS_FREE: usize = 2_000;
const BYTES_A_REPORT: usize = 12;
/// Some texts make each step slow. This is for them alone: nothing else depends on the clock.
const TIME_MAX: Duration = Duration::from_secs(3);
/// What is nested deeper is not looked at; the cost of looking grows with the depth.
const DEPTH_MAX: u32 = 200;
/// What a parser could make nothing of lies flat, and the cost of looking grows with its square.
const ERROR_MAX: usize = 4_000;
/// Names are cut at so many characters, and what they stand in at so many levels.
const NAME_MAX: usize = 200;
const LEVELS_MAX: usize = 4;

/// Something that a text defines, or imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// `function`, `method`, `type`, `impl`, `module`, `macro`, `variable`, `declaration`, `import`.
    pub kind: &'static str,
    /// Its name; of an import, what is imported.
    pub name: String,
    /// The names of what it stands in, with dots between, outermost first.
    pub container: Option<String>,
    /// Its first and last row, from 0.
    pub rows: Range<usize>,
    /// The row of its name.
    pub name_row: usize,
    /// Its first byte.
    pub start: usize,
    /// Whether its first row begins with a blank.
    pub indented: bool,
}

/// Parsers and queries, made when they are first needed.
#[derive(Default)]
pub struct Definer {
    tools: [Option<(Parser, Query)>; COUNT],
    cursor: QueryCursor,
}

struct Found {
    /// The place of its pattern in the query: of patterns for the same node the first one counts.
    pattern: usize,
    bytes: Range<usize>,
    rows: Range<usize>,
    name_row: usize,
    kind: &'static str,
    name: String,
    container: Option<String>,
    indented: bool,
}

const KINDS: [&str; 9] =
    ["function", "method", "type", "impl", "module", "macro", "variable", "declaration", "import"];

impl Definer {
    /// The definitions in a text, by their place.
    ///
    /// # Errors
    /// Why it was not parsed: it is too large, or takes too many steps.
    pub fn definitions(&mut self, language: &Language, text: &[u8]) -> Result<Vec<Definition>, &'static str> {
        if text.len() > TEXT_MAX {
            return Err("larger than 1 MiB");
        }
        let (parser, query) = self.tools[language.index].get_or_insert_with(|| tools(language));
        let tree = parsed(parser, text).ok_or("takes too long to parse")?;
        if too_broken(&tree) {
            return Err("too much of it cannot be parsed");
        }
        let mut found = Vec::new();
        self.cursor.set_max_start_depth(Some(DEPTH_MAX));
        let mut matches = self.cursor.matches(query, tree.root_node(), text);
        while let Some(one) = matches.next() {
            let captures = one.captures.iter().map(|c| (query.capture_names()[c.index as usize], c.node));
            found.extend(read(captures, one.pattern_index, text));
        }
        drop(matches);
        Ok(nested(found))
    }
}

fn tools(language: &Language) -> (Parser, Query) {
    let grammar = (language.grammar)();
    let mut parser = Parser::new();
    parser.set_language(&grammar).expect("the grammar is one that tree-sitter reads");
    let query = Query::new(&grammar, language.query).expect("the query names nodes of its grammar");
    (parser, query)
}

fn too_broken(tree: &Tree) -> bool {
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() && node.child_count() > ERROR_MAX {
            return true;
        }
        if node.has_error() && cursor.depth() < DEPTH_MAX && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
        }
    }
}

/// Parses within a number of reports that goes by the size of the text.
fn parsed(parser: &mut Parser, text: &[u8]) -> Option<Tree> {
    let mut left = REPORTS_FREE + text.len() / BYTES_A_REPORT;
    let begun = Instant::now();
    let mut progress = |_: &tree_sitter::ParseState| {
        left = left.saturating_sub(1);
        left == 0 || begun.elapsed() > TIME_MAX
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree =
        parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options));
    if tree.is_none() {
        parser.reset();
    }
    tree
}

fn read<'t>(
    captures: impl Iterator<Item = (&'t str, Node<'t>)>,
    pattern: usize,
    text: &[u8],
) -> Option<Found> {
    let (mut whole, mut name, mut container, mut require) = (None, None, None, None);
    let (mut prototype, mut statement) = (false, None);
    for (capture, node) in captures {
        match capture {
            "name" => name = Some(node),
            "declarator" => (name, prototype) = declared(node),
            "container" => container = Some(words(node, text)),
            "require" => require = Some(words(node, text)),
            "statement" => statement = Some(node),
            kind => whole = KINDS.iter().find(|one| **one == kind).map(|kind| (*kind, node)),
        }
    }
    let ((mut kind, node), name_node) = (whole?, name?);
    if require.is_some_and(|word| !["require", "source", "."].contains(&word.as_str())) {
        return None;
    }
    if kind == "declaration" && name_node.kind() == "identifier" && !prototype {
        kind = "variable";
    }
    let mut name = words(name_node, text);
    if kind == "import" {
        imported(&name.clone()).clone_into(&mut name);
    }
    for separator in ["::", ":"] {
        if ["function", "declaration"].contains(&kind) && container.is_none() {
            if let Some((before, after)) = name.rsplit_once(separator) {
                (container, name) = (Some(before.to_owned()), after.to_owned());
            }
        }
    }
    if name.is_empty() || NO_NAMES.contains(&name.as_str()) || name_node.is_missing() {
        return None;
    }
    let outer = statement.unwrap_or(node);
    let start = outer.start_byte() - outer.start_position().column;
    let end = node.end_position();
    let last = if end.column == 0 { end.row.saturating_sub(1) } else { end.row };
    Some(Found {
        pattern,
        bytes: node.byte_range(),
        rows: node.start_position().row..last.max(node.start_position().row),
        name_row: name_node.start_position().row,
        kind,
        name,
        indented: text.get(start).is_some_and(u8::is_ascii_whitespace),
        container: container.map(|text| text.trim_matches(['(', ')', '*', ' ']).to_owned()),
    })
}

/// What an import names, without quotes, and of a group what all of it is in.
fn imported(name: &str) -> &str {
    let group = name.find("::{").unwrap_or(name.len());
    name[..group].trim_matches(['"', '\'', '<', '>'])
}

/// What parsers take for names when they lost their way, and no language lets be one.
const NO_NAMES: [&str; 2] = ["if", "for"];

/// The name within a C declarator, through pointers, arrays, initial values and parameters, and
/// whether it is a function's.
fn declared(node: Node<'_>) -> (Option<Node<'_>>, bool) {
    let (mut at, mut function) = (node, false);
    for _ in 0..16 {
        match at.kind() {
            "identifier" | "field_identifier" | "qualified_identifier" => return (Some(at), function),
            "parenthesized_declarator" => {}
            kind => function = kind == "function_declarator",
        }
        match at.child_by_field_name("declarator").or_else(|| at.named_child(0)) {
            Some(inner) => at = inner,
            None => break,
        }
    }
    (None, false)
}

/// The text of a node in one line, cut when it is long.
fn words(node: Node<'_>, text: &[u8]) -> String {
    let bytes = text.get(node.byte_range()).unwrap_or_default();
    let cut = &bytes[..bytes.len().min(NAME_MAX * 4)];
    let words = String::from_utf8_lossy(cut).split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(NAME_MAX) {
        Some((end, _)) => words[..end].to_owned() + "…",
        None => words,
    }
}

/// Puts definitions in order and says what each stands in.
fn nested(mut found: Vec<Found>) -> Vec<Definition> {
    found.sort_by_key(|one| (one.bytes.start, Reverse(one.bytes.end), one.pattern));
    let mut list: Vec<Definition> = Vec::with_capacity(found.len());
    let mut around: Vec<(usize, usize)> = Vec::new(); // end of the bytes, place in the list
    for one in found {
        while around.last().is_some_and(|(end, _)| *end <= one.bytes.start) {
            around.pop();
        }
        let again = |&(end, at): &(usize, usize)| {
            let above: &Definition = &list[at];
            let named_again = above.name == one.name && (end == one.bytes.end || one.kind == "import");
            named_again || (above.kind == "import" && one.kind == "variable")
        };
        if around.iter().rev().take(3).any(again) {
            continue;
        }
        let outer = around.iter().map(|(_, at)| &list[*at]).filter(|outer| holds(outer.kind));
        let local = ["variable", "declaration"].contains(&one.kind);
        if local && outer.clone().any(|outer| ["function", "method"].contains(&outer.kind)) {
            continue;
        }
        let inside = outer.clone().next_back().is_some_and(|outer| ["type", "impl"].contains(&outer.kind));
        let skipped = outer.clone().count().saturating_sub(LEVELS_MAX);
        let mut names: Vec<&str> = outer.skip(skipped).map(|outer| outer.name.as_str()).collect();
        names.extend(one.container.as_deref().filter(|name| !name.is_empty()));
        let method = one.kind == "function" && (inside || one.container.is_some());
        let definition = Definition {
            kind: if method { "method" } else { one.kind },
            container: (!names.is_empty()).then(|| names.join(".")),
            name: one.name,
            rows: one.rows,
            name_row: one.name_row,
            start: one.bytes.start,
            indented: one.indented,
        };
        around.push((one.bytes.end, list.len()));
        list.push(definition);
    }
    list
}

fn holds(kind: &str) -> bool {
    !["import", "variable", "declaration", "macro"].contains(&kind)
}
