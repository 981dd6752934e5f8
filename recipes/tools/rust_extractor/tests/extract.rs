//! What comes out for patches and folders: by the library, as the program does it.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rust_extractor::extract::Extractor;
use rust_extractor::folder::{Folder, PATCH_MAX, limited};
use serde_json::Value;

/// The lines for a patch, each as "path kind container.name line change", and the summary.
fn lines(patch: &[u8], folder: Option<&Folder>) -> (Vec<String>, Value) {
    let mut out = Vec::new();
    let mut extractor = Extractor::new(&mut out);
    extractor.patch(patch, None, folder).unwrap();
    extractor.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = rows.pop().unwrap()["summary"].clone();
    (rows.iter().map(shown).collect(), summary)
}

fn shown(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let container = row["container"].as_str().map_or(String::new(), |name| format!("{name}."));
    let part = if row["partial"] == true { " partial" } else { "" };
    let (path, kind, name, change) = (text("path"), text("kind"), text("name"), text("change"));
    format!("{path} {kind} {container}{name} {} {change}{part}", row["line"])
}

/// A patch that creates a file.
fn created(name: &str, text: &str) -> Vec<u8> {
    let count = text.lines().count();
    let lines = text.lines().fold(String::new(), |all, line| all + "+" + line + "\n");
    format!(
        "diff --git a/{name} b/{name}\nnew file mode 100644\nindex 0000000..1111111\n\
         --- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{count} @@\n{lines}"
    )
    .into_bytes()
}

fn of_new_file(name: &str, text: &str) -> Vec<String> {
    let (rows, _) = lines(&created(name, text), None);
    rows.into_iter().map(|row| row.trim_end_matches(" added").replacen(&format!("{name} "), "", 1)).collect()
}

/// A folder of its own, below cargo's folder for that.
fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn c() {
    let text = "#include <stdio.h>\n#include \"own.h\"\n#define ONE 1\nstruct point { int x; };\n\
                typedef unsigned char byte;\nint shared = 3;\nint proto(int a);\n\
                static char *find(void)\n{\n  int local = 1;\n  return 0;\n}\n";
    let found = of_new_file("a.c", text);
    let wanted = [
        "import stdio.h 1",
        "import own.h 2",
        "macro ONE 3",
        "type point 4",
        "type byte 5",
        "variable shared 6",
        "declaration proto 7",
        "function find 8",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn cpp() {
    let text = "namespace geo {\nclass Shape {\n  int sides();\n  int area() { return 1; }\n};\n}\n\
                template <class T> T twice(T x) { return x + x; }\nint geo::Shape::sides() { return 3; }\n";
    let found = of_new_file("a.cpp", text);
    let wanted = [
        "module geo 1",
        "type geo.Shape 2",
        "declaration geo.Shape.sides 3",
        "method geo.Shape.area 4",
        "function twice 7",
        "method geo::Shape.sides 8",
    ];
    assert_eq!(found, wanted);
    assert_eq!(of_new_file("a.h", "class Far;\nnamespace x {}\n")[0], "module x 2");
}

#[test]
fn rust() {
    let text = "use std::{fs, io};\nuse a::b::{c, d};\nconst N: u8 = 1;\nstruct S;\nimpl Clone for S {\n    \
                fn clone(&self) -> S { S }\n}\nmod inner { fn f() {} }\nmacro_rules! m { () => {} }\ntrait T { fn g(); }\n";
    let found = of_new_file("a.rs", text);
    let wanted = [
        "import std 1",
        "import a::b 2",
        "variable N 3",
        "type S 4",
        "impl S 5",
        "method S.clone 6",
        "module inner 8",
        "function inner.f 8",
        "macro m 9",
        "type T 10",
        "method T.g 10",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn python() {
    let text = "import os.path as p, re\nfrom .near import (a,\n    b)\nLIMIT = 3\n@wrap\ndef f():\n    x = 1\n\n\
                class A(B):\n    async def m(self):\n        pass\n";
    let found = of_new_file("a.py", text);
    let wanted = [
        "import os.path 1",
        "import re 1",
        "import .near 2",
        "variable LIMIT 4",
        "function f 5",
        "type A 9",
        "method A.m 10",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn lua() {
    let text = "local date = require 'tlab.date'\nlocal M = {}\nlocal function near() end\n\
                function M.far(a) return a end\nfunction M:own() end\nM.late = function() end\nreturn M\n";
    let found = of_new_file("a.lua", text);
    let wanted = [
        "import tlab.date 1",
        "variable M 2",
        "function near 3",
        "function M.far 4",
        "method M.own 5",
        "function M.late 6",
    ];
    assert_eq!(found, wanted);
}

#[test]
fn javascript_and_typescript() {
    let text = "import x from 'near';\nconst fs = require('fs');\nexport const f = () => 1;\nlet n = 2;\n\
                class A { m() {} }\nfunction g() { const local = 1; }\n";
    let wanted = [
        "import near 1",
        "import fs 2",
        "function f 3",
        "variable n 4",
        "type A 5",
        "method A.m 5",
        "function g 6",
    ];
    assert_eq!(of_new_file("a.js", text), wanted);
    assert_eq!(of_new_file("a.ts", text), wanted);
    let typed = "interface I { a(): void }\ntype T = string;\nenum E { one }\nabstract class Q { abstract z(): void }\n";
    let wanted = ["type I 1", "method I.a 1", "type T 2", "type E 3", "type Q 4", "method Q.z 4"];
    assert_eq!(of_new_file("a.tsx", typed), wanted);
}

#[test]
fn go_java_and_shell() {
    let text = "package p\nimport (\n\t\"fmt\"\n\tx \"a/b\"\n)\ntype T struct{}\nfunc (t *T) M() {}\nfunc F() {}\nvar v = 1\n";
    let wanted = ["import fmt 3", "import a/b 4", "type T 6", "method T.M 7", "function F 8", "variable v 9"];
    assert_eq!(of_new_file("a.go", text), wanted);
    let text = "package p;\nimport a.B;\npublic class C {\n  C() {}\n  void m() {}\n}\n";
    assert_eq!(of_new_file("a.java", text), ["import a.B 2", "type C 3", "method C.C 4", "method C.m 5"]);
    let text = "#!/usr/bin/env bash\n. ./near.sh\nNAME=1\nrun() {\n  echo source far\n}\n";
    assert_eq!(of_new_file("tool", text), ["import ./near.sh 2", "variable NAME 3", "function run 4"]);
}

const OLD: &str =
    "import os\n\ndef stays():\n    return 1\n\ndef changes():\n    return 1\n\ndef goes():\n    return 1\n";
const NEW: &str =
    "import os\n\ndef stays():\n    return 1\n\ndef changes():\n    return 2\n\ndef comes():\n    return 1\n";
const PATCH: &str = "diff --git a/m.py b/m.py\nindex 1..2 100644\n--- a/m.py\n+++ b/m.py\n\
    @@ -4,7 +4,7 @@ def stays():\n     return 1\n \n def changes():\n-    return 1\n+    return 2\n \n-def goes():\n+def comes():\n     return 1\n";

#[test]
fn whole_contents_and_the_patch_alone_agree() {
    let root = scratch("whole");
    fs::create_dir_all(root.join("old")).unwrap();
    fs::create_dir_all(root.join("new")).unwrap();
    fs::write(root.join("old/m.py"), OLD).unwrap();
    fs::write(root.join("new/m.py"), NEW).unwrap();
    let wanted =
        ["m.py function changes 6 modified", "m.py function goes 9 removed", "m.py function comes 9 added"];
    assert_eq!(lines(PATCH.as_bytes(), Some(&Folder::new(&root))).0, wanted);
    let part: Vec<String> = wanted.iter().map(|line| format!("{line} partial")).collect();
    assert_eq!(lines(PATCH.as_bytes(), None).0, part);
    // Contents of another commit are not believed.
    fs::write(root.join("new/m.py"), OLD).unwrap();
    assert_eq!(lines(PATCH.as_bytes(), Some(&Folder::new(&root))).0, part);
}

#[test]
fn links_are_not_followed_and_names_lead_nowhere() {
    let root = scratch("links");
    let outside = scratch("outside");
    fs::write(outside.join("m.py"), NEW).unwrap();
    fs::create_dir_all(root.join("old")).unwrap();
    fs::write(root.join("old/m.py"), OLD).unwrap();
    std::os::unix::fs::symlink(&outside, root.join("new")).unwrap();
    let folder = Folder::new(&root);
    assert!(folder.content("old", b"m.py").is_some());
    assert!(folder.content("new", b"m.py").is_none());
    assert!(folder.content("old", b"../../outside/m.py").is_none());
    assert!(folder.content("old", outside.join("m.py").to_str().unwrap().as_bytes()).is_none());
    std::os::unix::fs::symlink(outside.join("m.py"), root.join("old/link.py")).unwrap();
    assert!(folder.content("old", b"link.py").is_none());
}

#[test]
fn a_body_that_begins_out_of_sight() {
    let hunk = |name: &str, body: &str| {
        format!("diff --git a/{name} b/{name}\nindex 1..2 100644\n--- a/{name}\n+++ b/{name}\n{body}")
            .into_bytes()
    };
    let c = hunk(
        "a.c",
        "@@ -50,6 +50,7 @@ static int find(struct list *l,\n   if(x) {\n     y();\n   }\n+  z();\n   return 0;\n }\n \n",
    );
    assert_eq!(lines(&c, None).0, ["a.c function find 53 modified partial"]);
    let branch = hunk(
        "a.c",
        "@@ -50,0 +50,5 @@ static int f(int x)\n+  else if(x) {\n+    y();\n+  }\n+}\n+int end(void) { return 1; }\n",
    );
    assert_eq!(
        lines(&branch, None).0,
        ["a.c function f 50 modified partial", "a.c function end 54 added partial"]
    );
    let each = hunk("a.c", "@@ -50,0 +50,3 @@ static int f(int x)\n+EACH\n+for(x = 1;;)\n+  y();\n");
    assert!(lines(&each, None).0.is_empty());
    let rust = hunk(
        "a.rs",
        "@@ -50,6 +50,9 @@ impl Walk {\n         y();\n     }\n \n+    fn next(&self) {\n+        z();\n+    }\n     fn last() {\n         w();\n     }\n",
    );
    assert_eq!(lines(&rust, None).0, ["a.rs method Walk.next 53 added partial"]);
    let lua =
        hunk("a.lua", "@@ -50,3 +50,3 @@ function M.far(a)\n   if a then\n-    b()\n+    c()\n   end\n");
    assert_eq!(lines(&lua, None).0, ["a.lua function M.far 51 modified partial"]);
    let python = hunk(
        "a.py",
        "@@ -50,5 +50,6 @@ class Tool:\n         y()\n \n     def last(self):\n+        z()\n         w()\n         v()\n",
    );
    assert_eq!(lines(&python, None).0, ["a.py method Tool.last 52 modified partial"]);
    let comment = hunk(
        "a.c",
        "@@ -1,4 +1,4 @@\n  * if (this) { is\n  * a comment\n  */\n-int old_one;\n+int new_one;\n",
    );
    assert_eq!(
        lines(&comment, None).0,
        ["a.c variable old_one 4 removed partial", "a.c variable new_one 4 added partial"]
    );
}

#[test]
fn names_and_kinds_of_files() {
    let patch = b"commit 0123456789012345678901234567890123456789\n\n    words\n\n\
diff --git \"a/caf\\303\\251.py\" \"b/caf\\303\\251.py\"\nnew file mode 100644\nindex 0..1\n--- /dev/null\n\
+++ \"b/caf\\303\\251.py\"\n@@ -0,0 +1 @@\n+def a(): pass\n\\ No newline at end of file\n\
diff --git \"a/caf\\351.py\" \"b/caf\\351.py\"\ndeleted file mode 100644\nindex 1..0\n--- \"a/caf\\351.py\"\n\
+++ /dev/null\n@@ -1 +0,0 @@\n-def b(): pass\n\
diff --git a/with space.py b/with space.py\nindex 1..2 100644\n--- a/with space.py\t\n+++ b/with space.py\t\n\
@@ -1 +1 @@\n-def c(): pass\r\n+def c(x): pass\r\n\
diff --git a/old.py b/new.py\nsimilarity index 90%\nrename from old.py\nrename to new.py\nindex 1..2 100644\n\
--- a/old.py\n+++ b/new.py\n@@ -1 +1 @@\n-def d(): pass\n+def e(): pass\n\
diff --git a/same.py b/moved.py\nsimilarity index 100%\nrename from same.py\nrename to moved.py\n\
diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n\
diff --git a/p.png b/p.png\nnew file mode 100644\nindex 0..1\nBinary files /dev/null and b/p.png differ\n\
diff --git a/sub b/sub\nindex 1..2 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n\
diff --git a/l.py b/l.py\nnew file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/l.py\n@@ -0,0 +1 @@\n+far.py\n\\ No newline at end of file\n\
diff --cc both.py\nindex 1,2..3\n--- a/both.py\n+++ b/both.py\n@@@ -1,1 -1,1 +1,1 @@@\n--def a\n++def b\n\
diff --git a/cut.py b/cut.py\nindex 1..2 100644\n--- a/cut.py\n+++ b/cut.py\n@@ -1,9 +1,9 @@\n-def a(): pass\n";
    let (rows, summary) = lines(patch, None);
    let wanted = [
        "caf\u{e9}.py function a 1 added",
        "\"caf\\351.py\" function b 1 removed",
        "with space.py function c 1 modified partial",
        "new.py function d 1 removed partial",
        "new.py function e 1 added partial",
    ];
    assert_eq!(rows, wanted);
    assert_eq!(summary["files"], 11);
    let skipped: Vec<&str> =
        summary["skipped"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(skipped, ["p.png", "sub", "l.py", "both.py", "a/cut.py b/cut.py"]);
    assert_eq!(summary["skipped"][1]["why"], "a submodule");
    assert_eq!(summary["skipped"][3]["why"], "a merge's combined patch");
    assert_eq!(summary["skipped"][0]["commit"], "0123456789012345678901234567890123456789");
    assert_eq!(summary["languages"]["Python"]["files"], 5);
    assert_eq!(summary["languages"]["Shell"]["files"], 1);
}

#[test]
fn what_is_too_large_is_named() {
    let huge = "int a;\n".repeat(200_000);
    let (rows, summary) = lines(&created("big.c", &huge), None);
    assert!(rows.is_empty());
    assert_eq!(summary["skipped"][0]["why"], "larger than 1 MiB");
    let long = format!("diff --git a/{0} b/{0}\nold mode 100644\nnew mode 100755\n", " x".repeat(40_000));
    assert_eq!(lines(long.as_bytes(), None).1["skipped"][0]["why"], "its name is too long");
    let wide = format!("diff --git a/{0} b/{0}\n", "x".repeat(4 << 10));
    assert_eq!(lines(wide.as_bytes(), None).1["skipped"][0]["why"], "its name is too long");
    let blanks = format!("diff --git a/{0} b/{0}\n", " x".repeat(200));
    assert_eq!(lines(blanks.as_bytes(), None).1["skipped"][0]["why"], "its name is too long");
    let large = format!("diff --git a/x b/x\n{}", "-\n".repeat(8 << 20));
    assert_eq!(lines(large.as_bytes(), None).1["skipped"][0]["why"], "its patch is larger than 16 MiB");
    let far = "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -9999999999,1 +1 @@\n-x\n+y\n";
    assert_eq!(lines(far.as_bytes(), None).1["skipped"][0]["why"], "its line numbers are out of range");
}

#[test]
fn no_source_is_read_without_end() {
    let error = limited(io::repeat(b'x').take(PATCH_MAX + 1), "standard input").unwrap_err();
    assert_eq!(error, "standard input: larger than 256 MiB");
}

/// Commits of this repository, as git writes them, with what must be found in them.
#[test]
fn real_commits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commits");
    let mut names: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.retain(|name| name.extension().is_some_and(|end| end == "patch"));
    assert!(names.len() >= 3);
    for name in names {
        let (rows, summary) = lines(&fs::read(&name).unwrap(), None);
        let expected = fs::read_to_string(name.with_extension("txt")).unwrap();
        assert_eq!(rows.join("\n") + "\n", expected, "{}", name.display());
        assert_eq!(summary["skipped"], Value::Array(Vec::new()));
    }
}
