//! Which language a file is in, and what of it is known here.

/// How a piece of a file is made whole enough to be parsed (see `fragment`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Blocks stand in braces; the text opens one in the body of a type.
    Braces(&'static str),
    /// Blocks are indented.
    Indented,
    /// Blocks are closed by words: those that open one, with the word that closes it and the text
    /// that stands for an opening one.
    Words(&'static [(&'static str, &'static str, &'static str)]),
}

/// A language whose files are parsed.
pub struct Language {
    /// Its name, as people write it.
    pub name: &'static str,
    /// Its place in the parsers that were made so far.
    pub index: usize,
    /// Its grammar.
    pub grammar: fn() -> tree_sitter::Language,
    /// What counts as a definition in it.
    pub query: &'static str,
    /// The shape of its blocks.
    pub shape: Shape,
    /// What begins a comment that goes to the end of the line.
    pub comment: &'static str,
    /// Whether `'` holds one character, or, as `"` does, a string.
    pub character: bool,
}

/// What a file is in.
pub struct Detected {
    /// The language's name.
    pub name: &'static str,
    /// The language, if its files are parsed.
    pub language: Option<&'static Language>,
}

const LUA: &[(&str, &str, &str)] =
    &[("function", "end", "do"), ("if", "end", "do"), ("do", "end", "do"), ("repeat", "until", "repeat")];
const BASH: &[(&str, &str, &str)] =
    &[("if", "fi", "if true; then"), ("do", "done", "while true; do"), ("case", "esac", "case x in x)")];

/// What both have comes first, and then what each has alone.
const JAVASCRIPT_QUERY: &str =
    concat!(include_str!("../queries/ecmascript.scm"), include_str!("../queries/javascript.scm"));
const TYPESCRIPT_QUERY: &str =
    concat!(include_str!("../queries/ecmascript.scm"), include_str!("../queries/typescript.scm"));

/// How many languages are parsed.
pub const COUNT: usize = 11;

static C: Language = Language {
    name: "C",
    index: 0,
    grammar: || tree_sitter_c::LANGUAGE.into(),
    query: include_str!("../queries/c.scm"),
    shape: Shape::Braces("{"),
    comment: "//",
    character: true,
};
static CPP: Language = Language {
    name: "C++",
    index: 1,
    grammar: || tree_sitter_cpp::LANGUAGE.into(),
    query: include_str!("../queries/cpp.scm"),
    shape: Shape::Braces("void _() {"),
    comment: "//",
    character: true,
};
static RUST: Language = Language {
    name: "Rust",
    index: 2,
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    query: include_str!("../queries/rust.scm"),
    shape: Shape::Braces("fn _() {"),
    comment: "//",
    character: true,
};
static PYTHON: Language = Language {
    name: "Python",
    index: 3,
    grammar: || tree_sitter_python::LANGUAGE.into(),
    query: include_str!("../queries/python.scm"),
    shape: Shape::Indented,
    comment: "#",
    character: false,
};
static LUA_LANGUAGE: Language = Language {
    name: "Lua",
    index: 4,
    grammar: || tree_sitter_lua::LANGUAGE.into(),
    query: include_str!("../queries/lua.scm"),
    shape: Shape::Words(LUA),
    comment: "--",
    character: false,
};
static JAVASCRIPT: Language = Language {
    name: "JavaScript",
    index: 5,
    grammar: || tree_sitter_javascript::LANGUAGE.into(),
    query: JAVASCRIPT_QUERY,
    shape: Shape::Braces("_() {"),
    comment: "//",
    character: false,
};
static TYPESCRIPT: Language = Language {
    name: "TypeScript",
    index: 6,
    grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
    query: TYPESCRIPT_QUERY,
    shape: Shape::Braces("_() {"),
    comment: "//",
    character: false,
};
static TSX: Language = Language {
    name: "TypeScript",
    index: 7,
    grammar: || tree_sitter_typescript::LANGUAGE_TSX.into(),
    query: TYPESCRIPT_QUERY,
    shape: Shape::Braces("_() {"),
    comment: "//",
    character: false,
};
static GO: Language = Language {
    name: "Go",
    index: 8,
    grammar: || tree_sitter_go::LANGUAGE.into(),
    query: include_str!("../queries/go.scm"),
    shape: Shape::Braces("{"),
    comment: "//",
    character: true,
};
static JAVA: Language = Language {
    name: "Java",
    index: 9,
    grammar: || tree_sitter_java::LANGUAGE.into(),
    query: include_str!("../queries/java.scm"),
    shape: Shape::Braces("void _() {"),
    comment: "//",
    character: true,
};
static BASH_LANGUAGE: Language = Language {
    name: "Shell",
    index: 10,
    grammar: || tree_sitter_bash::LANGUAGE.into(),
    query: include_str!("../queries/bash.scm"),
    shape: Shape::Words(BASH),
    comment: "#",
    character: false,
};

/// All languages that are parsed.
pub static ALL: [&Language; COUNT] =
    [&C, &CPP, &RUST, &PYTHON, &LUA_LANGUAGE, &JAVASCRIPT, &TYPESCRIPT, &TSX, &GO, &JAVA, &BASH_LANGUAGE];

/// Languages that are named, not parsed, by the ends of their files' names.
const NAMED: &[(&str, &str)] = &[
    ("md markdown", "Markdown"),
    ("rst", "reStructuredText"),
    ("txt", "text"),
    ("html htm xhtml", "HTML"),
    ("css scss less", "CSS"),
    ("json jsonl", "JSON"),
    ("yml yaml", "YAML"),
    ("toml", "TOML"),
    ("ini cfg conf", "INI"),
    ("xml xsl xsd svg", "XML"),
    ("csv tsv", "CSV"),
    ("sql", "SQL"),
    ("mk", "Make"),
    ("cmake", "CMake"),
    ("m4 ac am", "Autotools"),
    ("pl pm", "Perl"),
    ("rb", "Ruby"),
    ("php", "PHP"),
    ("cs", "C#"),
    ("swift", "Swift"),
    ("kt kts", "Kotlin"),
    ("scala", "Scala"),
    ("m mm", "Objective-C"),
    ("s asm", "Assembly"),
    ("zig", "Zig"),
    ("nix", "Nix"),
    ("hs", "Haskell"),
    ("ml mli", "OCaml"),
    ("ex exs", "Elixir"),
    ("erl hrl", "Erlang"),
    ("r", "R"),
    ("jl", "Julia"),
    ("d", "D"),
    ("ps1 psm1", "PowerShell"),
    ("bat cmd", "Batch"),
    ("tex", "TeX"),
    ("proto", "Protocol Buffers"),
    ("scm", "Scheme"),
    ("el", "Emacs Lisp"),
    ("vim", "Vim script"),
    ("patch diff", "patch"),
];

/// The language of a file, by its name, and by `text`, a part of it, where the name leaves a choice.
#[must_use]
pub fn detect(path: &[u8], text: &[u8]) -> Detected {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_lowercase();
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let parsed = |language: &'static Language| Detected { name: language.name, language: Some(language) };
    match (name.as_str(), end) {
        (_, "c") => parsed(&C),
        (_, "h") => parsed(if looks_like_cpp(text) { &CPP } else { &C }),
        (_, "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "ipp" | "inl") => parsed(&CPP),
        (_, "rs") => parsed(&RUST),
        (_, "py" | "pyi" | "pyw") => parsed(&PYTHON),
        (_, "lua") => parsed(&LUA_LANGUAGE),
        (_, "js" | "mjs" | "cjs" | "jsx") => parsed(&JAVASCRIPT),
        (_, "ts" | "mts" | "cts") => parsed(&TYPESCRIPT),
        (_, "tsx") => parsed(&TSX),
        (_, "go") => parsed(&GO),
        (_, "java") => parsed(&JAVA),
        (_, "sh" | "bash") => parsed(&BASH_LANGUAGE),
        ("makefile" | "gnumakefile", _) => Detected { name: "Make", language: None },
        ("cmakelists.txt", _) => Detected { name: "CMake", language: None },
        ("dockerfile" | "containerfile", _) => Detected { name: "Dockerfile", language: None },
        ("justfile", _) => Detected { name: "Just", language: None },
        _ => by_shebang(text).map_or_else(|| Detected { name: named(end), language: None }, parsed),
    }
}

fn named(end: &str) -> &'static str {
    let found = NAMED.iter().find(|(ends, _)| ends.split(' ').any(|one| one == end));
    found.map_or("other", |(_, name)| name)
}

fn by_shebang(text: &[u8]) -> Option<&'static Language> {
    let line = text.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]);
    let mut words = line.split([' ', '/', '\t']).filter(|word| !word.is_empty());
    let program = words.rfind(|word| *word != "env" && !word.starts_with('-'))?;
    match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "sh" | "bash" | "dash" => Some(&BASH_LANGUAGE),
        "python" => Some(&PYTHON),
        "lua" => Some(&LUA_LANGUAGE),
        "node" => Some(&JAVASCRIPT),
        _ => None,
    }
}

/// A header is C++ when a line of it can be nothing else.
fn looks_like_cpp(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        [&b"namespace "[..], b"class ", b"template <", b"template<", b"using ", b"public:", b"private:"]
            .iter()
            .any(|start| line.starts_with(start))
    })
}
