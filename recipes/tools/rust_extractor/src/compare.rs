//! What became of definitions: both sides of a change, and the lines that changed, compared.
//!
//! A definition whose name stands in a line that is on both sides is the same one. What is left is
//! matched by kind, name and container, in order; what then has no partner was added or removed.
//! A definition that is on both sides was modified when a changed line is its own, which means that
//! nothing within it has that line.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::parse::Definition;
use crate::patch::Edits;

/// A definition at its place in a file.
pub struct Placed {
    /// What is defined.
    pub definition: Definition,
    /// Its first and last line, from 1.
    pub lines: (usize, usize),
    /// The line of its name; `None` when that is outside of what was parsed.
    pub name_line: Option<usize>,
}

/// What became of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was not there before.
    Added,
    /// It is there no more.
    Removed,
    /// It is there on both sides, and lines of it changed.
    Modified,
}

impl Fate {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
        }
    }
}

/// A definition that a change touches.
pub struct Symbol {
    /// What is defined.
    pub definition: Definition,
    /// Its first line, on the old side if it was removed; of one that begins out of sight, the first
    /// line of it that changed.
    pub line: usize,
    /// What became of it.
    pub fate: Fate,
}

struct Loose {
    placed: Placed,
    touched: Option<usize>,
}

/// A comparison of one file, part by part.
#[derive(Default)]
pub struct Comparison {
    symbols: Vec<Symbol>,
    gone: Vec<Loose>,
    fresh: Vec<Loose>,
}

type Key = (&'static str, String, Option<String>);

fn key(placed: &Placed) -> Key {
    let definition = &placed.definition;
    (definition.kind, definition.name.clone(), definition.container.clone())
}

impl Comparison {
    /// Takes in both sides of a file, or of a hunk of it. When they are parts (`partial`), what they
    /// say about lines that did not change is not believed.
    pub fn add(&mut self, old: Vec<Placed>, new: Vec<Placed>, edits: &Edits, partial: bool) {
        let touched_old = touched(&old, &edits.removed);
        let touched_new = touched(&new, &edits.added);
        let mut places: HashMap<(Key, usize), usize> = HashMap::new();
        for (at, placed) in new.iter().enumerate() {
            if let Some(line) = placed.name_line {
                places.entry((key(placed), line)).or_insert(at);
            }
        }
        let mut partner = vec![None; new.len()];
        let mut left = Vec::new();
        for (at, placed) in old.into_iter().enumerate() {
            let line = placed.name_line.and_then(|line| edits.new_line(line));
            let same = line.and_then(|line| places.remove(&(key(&placed), line)));
            match same {
                Some(found) => partner[found] = Some(touched_old[at]),
                None => left.push((line.is_some(), Loose { placed, touched: touched_old[at] })),
            }
        }
        for (at, placed) in new.into_iter().enumerate() {
            let touched = touched_new[at];
            match partner[at] {
                Some(before) => self.modified(placed, touched, before),
                None if partial && placed.name_line.is_some_and(|line| edits.was_there(line)) => {
                    self.modified(placed, touched, None);
                }
                None => self.fresh.push(Loose { placed, touched }),
            }
        }
        let believed = left.into_iter().filter(|(stays, _)| !(partial && *stays));
        self.gone.extend(believed.map(|(_, loose)| loose));
    }

    /// What the change touches, by line.
    #[must_use]
    pub fn finish(mut self) -> Vec<Symbol> {
        let mut by_key: HashMap<Key, VecDeque<Loose>> = HashMap::new();
        for loose in std::mem::take(&mut self.gone) {
            by_key.entry(key(&loose.placed)).or_default().push_back(loose);
        }
        for fresh in std::mem::take(&mut self.fresh) {
            let before = by_key.get_mut(&key(&fresh.placed)).and_then(VecDeque::pop_front);
            match before {
                Some(before) => self.modified(fresh.placed, fresh.touched, before.touched),
                None => self.alone(fresh, Fate::Added),
            }
        }
        for loose in by_key.into_values().flatten() {
            self.alone(loose, Fate::Removed);
        }
        let mut symbols = self.symbols;
        symbols.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut seen = HashSet::new();
        symbols.retain(|one| {
            let definition = &one.definition;
            let same = (definition.kind, definition.name.clone(), definition.container.clone());
            one.fate != Fate::Modified || seen.insert(same)
        });
        symbols
    }

    fn modified(&mut self, placed: Placed, after: Option<usize>, before: Option<usize>) {
        let Some(touched) = after.or(before) else { return };
        let line = if placed.name_line.is_some() { placed.lines.0 } else { touched };
        self.symbols.push(Symbol { definition: placed.definition, line, fate: Fate::Modified });
    }

    fn alone(&mut self, loose: Loose, fate: Fate) {
        if loose.placed.name_line.is_none() {
            self.modified(loose.placed, loose.touched, None);
        } else {
            let line = loose.placed.lines.0;
            self.symbols.push(Symbol { definition: loose.placed.definition, line, fate });
        }
    }
}

fn order(symbol: &Symbol) -> (usize, u8, usize, &str, &str, &Option<String>) {
    let definition = &symbol.definition;
    let fate = match symbol.fate {
        Fate::Removed => 0,
        Fate::Added => 1,
        Fate::Modified => 2,
    };
    (symbol.line, fate, definition.start, definition.kind, &definition.name, &definition.container)
}

/// For each definition the first of the changed lines that is its own: the innermost one has it.
fn touched(side: &[Placed], changed: &[usize]) -> Vec<Option<usize>> {
    let mut first = vec![None; side.len()];
    let mut by_place: Vec<usize> = (0..side.len()).collect();
    by_place.sort_by_key(|&at| (side[at].lines.0, Reverse(side[at].lines.1)));
    let mut waiting = by_place.into_iter().peekable();
    let mut around: Vec<usize> = Vec::new();
    for &line in changed {
        while let Some(at) = waiting.next_if(|&at| side[at].lines.0 <= line) {
            around.retain(|&outer| side[outer].lines.1 >= side[at].lines.0);
            around.push(at);
        }
        while around.last().is_some_and(|&at| side[at].lines.1 < line) {
            around.pop();
        }
        if let Some(&at) = around.last() {
            first[at].get_or_insert(line);
        }
    }
    first
}
