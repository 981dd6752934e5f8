//! Reads Lua and its annotations as an editor does, by the analyzer of EmmyLua's language server.
//!
//!     lua_types FOLDER [PATH…]    a folder with a .luarc.json; one line for each mistake, or for
//!                                 each in what lies below the paths; exit code 1
//!
//! Its own command line always knows all of Lua's standard library. Here what `runtime.builtin` of
//! .luarc.json disables is not there, as in the Lua Language Server: a recipe has no `io`.

use std::collections::HashSet;
use std::path::Path;
use std::process::ExitCode;

use emmylua_code_analysis::{
    EmmyLuaAnalysis, WorkspaceFolder, WorkspaceId, build_workspace_folders,
    collect_workspace_files, load_configs, load_configs_raw, load_resource_from_include_dir,
    uri_to_file_path,
};
use tokio_util::sync::CancellationToken;

/// As the Language Server Protocol numbers them: what follows are hints.
const WARNING: u64 = 2;

/// The files of the standard library that are not to be read.
fn disabled(config: &Path) -> HashSet<String> {
    let raw = load_configs_raw(vec![config.to_path_buf()], None);
    let builtin = &raw["runtime"]["builtin"];
    let names = builtin.as_object().into_iter().flatten();
    names
        .filter(|(_, word)| word.as_str() == Some("disable"))
        .map(|(name, _)| if name == "basic" { "global" } else { name })
        .map(|name| format!("std/{name}.lua"))
        .collect()
}

/// The standard library, less what is disabled.
fn add_library(analysis: &mut EmmyLuaAnalysis, disabled: &HashSet<String>) {
    let root = Path::new("/lua");
    let index = analysis.compilation.get_db_mut().get_module_index_mut();
    index.add_workspace_root(root.join("std"), WorkspaceId::STD);
    let files = load_resource_from_include_dir().into_iter();
    let kept = files.filter(|file| file.path.ends_with(".lua") && !disabled.contains(&file.path));
    analysis.update_files_by_path(
        kept.map(|file| (root.join(file.path), Some(file.content)))
            .collect(),
    );
}

fn load(root: &Path) -> EmmyLuaAnalysis {
    let config = root.join(".luarc.json");
    let mut settings = load_configs(vec![config.clone()], None);
    settings.pre_process_emmyrc(root);
    let mut analysis = EmmyLuaAnalysis::new();
    analysis.update_config(settings.clone().into());
    add_library(&mut analysis, &disabled(&config));
    let folders = build_workspace_folders(
        &[WorkspaceFolder::new(root.to_path_buf(), false)],
        &settings,
    );
    for folder in &folders {
        if folder.is_library {
            analysis.add_library_workspace(folder);
        } else {
            analysis.add_main_workspace(folder.root.clone());
        }
    }
    let files = collect_workspace_files(&folders, &analysis.emmyrc, None, None);
    analysis.update_files_by_path(files.into_iter().map(|file| file.into_tuple()).collect());
    analysis
}

/// The mistakes in a folder's files, each with its place: in those that are `wanted`.
fn mistakes(root: &Path, wanted: &[String]) -> Vec<String> {
    let analysis = load(root);
    let db = analysis.compilation.get_db();
    let mut found = Vec::new();
    for file in db.get_module_index().get_main_workspace_file_ids() {
        let uri = analysis.get_uri(file);
        let path = uri
            .and_then(|uri| uri_to_file_path(&uri))
            .unwrap_or_default();
        let name = path.strip_prefix(root).unwrap_or(&path);
        if !wanted.is_empty() && !wanted.iter().any(|one| name.starts_with(one)) {
            continue;
        }
        let all = analysis.diagnose_file(file, CancellationToken::new());
        for one in all.unwrap_or_default() {
            let severity = serde_json::to_value(one.severity).unwrap_or_default();
            if severity.as_u64() > Some(WARNING) {
                continue;
            }
            let code = serde_json::to_value(&one.code).unwrap_or_default();
            let code = code.as_str().unwrap_or("syntax").to_string();
            let text = one.message.replace('\n', " ");
            let at = one.range.start;
            found.push((name.to_owned(), at.line + 1, at.character + 1, text, code));
        }
    }
    found.sort();
    let lines = found.into_iter().map(|(name, line, column, text, code)| {
        format!("{}:{line}:{column}: {text} [{code}]", name.display())
    });
    lines.collect()
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(root) = words
        .first()
        .and_then(|word| Path::new(word).canonicalize().ok())
    else {
        eprintln!("lua_types: the first word is a folder");
        return ExitCode::from(2);
    };
    let lines = mistakes(&root, &words[1..]);
    for line in &lines {
        println!("{line}");
    }
    ExitCode::from(u8::from(!lines.is_empty()))
}
