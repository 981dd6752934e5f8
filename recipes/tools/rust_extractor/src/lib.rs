//! The symbols, imports and languages that a git patch touches.
//!
//! `patch` takes a patch apart, `language` and `parse` find the definitions on both sides, `compare`
//! says what became of them, and `extract` writes that as JSON, one object a line. Where only hunks
//! are known, `fragment` makes them whole enough to be parsed.

pub mod compare;
pub mod extract;
pub mod folder;
pub mod fragment;
pub mod language;
pub mod parse;
pub mod patch;
