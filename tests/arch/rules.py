"""Who may use what: the tables that tests/arch/check.py holds the tree to."""

# docs/reference/ARCHITECTURE.md, "Folders": a folder includes itself and what is named here.
C_FOLDERS = {
    "core/base": [],
    "core/prim": ["core/base"],
    "core/gate": ["core/base", "core/prim"],
    "core/lua": ["core/base", "core/prim", "core/gate"],
    "core": ["core/base", "core/prim", "core/gate", "core/lua"],
}
# The table of operations is data: the primitives' prototypes come from it.
C_DATA = ["core/gate/ops.def"]

# How a library's headers begin, and the folder that may include them.
LIBRARIES = {
    "lua.h": "core/lua",
    "lualib.h": "core/lua",
    "lauxlib.h": "core/lua",
    "git2": "core/prim",
    "curl/": "core/prim",
    "openssl/": "core/prim",
}

# What objects outside core/prim may take from libraries: computing, memory, and the last words of
# a process that has found a fault in itself. Whatever reads or writes the world is not here.
LIBC = {
    "core/base": """
        calloc explicit_bzero free malloc realloc memchr memcmp memcpy memmem memmove memset qsort snprintf
        vsnprintf sprintf fprintf stderr _Exit strchr strcmp strcspn strerror strlen strncasecmp
        strncmp strnlen strrchr strspn strtod strtol strtoll strtoull __ctype_b_loc __errno_location
        math""",
    "core/gate": """
        free memchr memcmp memcpy memmem memmove memset snprintf explicit_bzero inet_ntop strcasecmp
        strchr strcmp strcspn strlen strncasecmp strncmp strrchr strsignal strspn strtod strtoll
        __errno_location""",
    "core/lua": """
        calloc free realloc memchr memcmp memcpy memmove memset qsort snprintf strchr strcmp strlen
        strncmp strrchr strtol strtoll strtoull fprintf stderr _exit __ctype_b_loc __errno_location
        math""",
    "core": "strcmp strlen strncmp",
}
MATH = "ceil floor fmod frexp ldexp modf pow trunc isnan isinf fabs"
# Names that a library looks for (core/prim/git.c says why).
FOREIGN_NAMES = ["mbedtls_x509_crt_parse_file"]
# What the compiler itself adds.
COMPILER = ["_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"]
COMPILER_PREFIXES = ["__asan_", "__ubsan_", "__sanitizer_", "__sancov_"]

# Lua's own ways to the world, nowhere in core.
LUA_BACK_DOORS = [
    "luaL_openlibs",
    "luaL_loadfilex",
    "luaL_loadfile",
    "luaL_dofile",
    "luaopen_io",
    "luaopen_os",
    "luaopen_package",
    "luaopen_debug",
    "luaL_newstate",
    "lua_dump",
]

# A Lua module's folder (or the module itself: the longest match counts) and what it may require.
# `core` is the trusted state's door to files; a pure module may only compute with it (PURE_CORE).
LUA_MODULES = {
    "tlab": ["tlab"],
    "tlab.schema": ["host.spec.schema"],  # the same validator for recipes: it is pure
    "tlab.text": ["tlab", "host.view.width"],  # how wide a text is: it is pure
    "tlab.repl": ["tlab", "host.view.width", "host.view.suggest"],  # pure, both
    "tlab.date": ["host.store.tree"],  # the same calendar for recipes: it is pure
    "host.spec": ["core", "host.spec", "host.view.suggest"],
    "host.view": ["core", "host.view"],
    "host.manifest": ["core", "host.manifest", "host.spec", "host.store"],
    "host.store": ["core", "host.store", "host.lab", "host.view.suggest"],
    "host.lab": ["core", "host.spec", "host.view"],
    "host.init": ["core", "host.init", "host.lab", "host.editor"],
    "host.new": ["core", "host.init.make", "host.spec.declaration"],
    "host.test": [
        "core",
        "host.test",
        "host.run",
        "host.lab",
        "host.manifest.read",
        "host.view.suggest",
    ],
    "host.new.files": ["tlab"],
    "host.init.files": ["tlab"],
    "tlab.test": ["tlab", "host.view.suggest", "test.file"],  # names nearby: pure; what `tlab test` is given
    "host.editor": ["core", "host.editor", "host.init.make"],
    "host.run": [
        "core",
        "host.run",
        "host.spec",
        "host.manifest",
        "host.store",
        "host.lab",
        "host.view.shell",
        "host.view.suggest",
    ],
    "host.diff": ["core", "host.diff", "host.manifest", "host.spec.value", "host.view.table"],
    "host.doctor": ["core", "host.doctor", "host.store", "host.run.state", "host.view", "host.lab"],
    "host.explain": ["core", "host.explain", "host.view.suggest"],
    "host.repl": ["core", "host"],
    "host.cmd": ["core", "host"],
    "recipes": ["tlab"],
}
# Modules whose functions are found by what a schema says.
BY_NAME = ["host.spec.schema_formats"]

# Modules that compute: spec, manifest, view, diff. Of `core` they use what computes…
PURE = ["host.spec", "host.manifest", "host.view", "host.diff"]
PURE_CORE = ["json.", "hash.bytes", "embedded", "difference", "text.diff"]
# … and these, one by one, what their work is about:
TOUCHES = {
    "host.spec.load": ["fs.read", "fs.list", "fs.stdin"],  # the spec's file, and names near a misspelt one
    "host.manifest.fold": ["hash.file"],  # the record
    "host.manifest.lines": ["fs.part", "collect"],
    "host.manifest.outputs": ["fs.tree", "hash.file"],  # the files of a run
    "host.manifest.ids": ["rand.bytes"],  # the nonce of a run's id
    "host.manifest.read": ["fs.read"],  # run.json
    "host.manifest.verify": ["fs.read", "fs.stat", "fs.tree", "hash.file"],  # a run's folder, looked at again
    "host.manifest.verify_record": ["fs.read"],
    "host.manifest.findings": ["hash.file"],
    "host.diff.source": ["fs.read", "fs.stat", "fs.tree", "hash.file"],  # the two folders
    "host.view.error": ["fs.read"],  # the line of the recipe that an error is about
    "host.view.style": ["env.get", "term.info", "term.out"],  # is there a terminal, are colours wanted
}

# Where the columns of runs.csv are listed beside core/prim/index.h, and between which words.
COLUMNS = {
    "core/prim/index_csv.c": ("tl_index_header[] =", ";"),
    "lua/host/store/index.lua": ("M.COLUMNS = {", "}"),
    "lua/tlab/runs.lua": ("local COLUMNS =", "\n\n"),
}
