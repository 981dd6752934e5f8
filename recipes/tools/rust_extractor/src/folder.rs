//! A commit's folder: `commit.json`, `diff.patch`, and, where they are kept, whole contents below
//! `old/` and `new/`. Only regular files are read, no link is followed, and no name leads out.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::parse::TEXT_MAX;

/// The largest patch that is read, in bytes.
pub const PATCH_MAX: u64 = 256 << 20;

/// A folder that is there.
pub struct Folder {
    root: PathBuf,
    has_contents: bool,
}

impl Folder {
    /// A folder by its name.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let has_contents = root.join("old").is_dir() || root.join("new").is_dir();
        Self { root: root.to_owned(), has_contents }
    }

    /// The patch.
    ///
    /// # Errors
    /// One line that says what is wrong with which file.
    pub fn patch(&self) -> Result<Vec<u8>, String> {
        let path = self.root.join("diff.patch");
        let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        limited(file, &path.display().to_string())
    }

    /// The commit that `commit.json` names, as `sha` or `commit`; `None` without such a file.
    ///
    /// # Errors
    /// One line that says what is wrong with the file.
    pub fn commit(&self) -> Result<Option<String>, String> {
        let path = self.root.join("commit.json");
        let Ok(file) = File::open(&path) else { return Ok(None) };
        let bytes = limited(file, &path.display().to_string())?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{}: not JSON: {error}", path.display()))?;
        let id = value.get("sha").or_else(|| value.get("commit"));
        Ok(id.and_then(Value::as_str).map(str::to_owned))
    }

    /// The whole content of a file on one side, `old` or `new`, if it is kept and not too large.
    #[must_use]
    pub fn content(&self, side: &str, name: &[u8]) -> Option<Vec<u8>> {
        if !self.has_contents {
            return None;
        }
        let name = Path::new(OsStr::from_bytes(name));
        let mut path = self.root.join(side);
        for component in name.components() {
            let Component::Normal(part) = component else { return None };
            if !std::fs::symlink_metadata(&path).ok()?.is_dir() {
                return None;
            }
            path.push(part);
        }
        let about = std::fs::symlink_metadata(&path).ok()?;
        if !about.is_file() || about.len() > TEXT_MAX as u64 {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(TEXT_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// Reads to the end, but not beyond [`PATCH_MAX`].
///
/// # Errors
/// One line that names the source.
pub fn limited(source: impl Read, name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    source.take(PATCH_MAX + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > PATCH_MAX {
        return Err(format!("{name}: larger than {} MiB", PATCH_MAX >> 20));
    }
    Ok(bytes)
}
