---@meta
-- Written by tlab, and written anew by `tlab new editor`: changes are lost.

---What a recipe has besides the operations: the values it is given, and the table it returns.

---An error as a value: what the world's failures come as, and what wrong use raises.
---@class tlab.Err
---@field code string such as NOT_FOUND; `tlab explain CODE` says more
---@field message string
---@field op? string the operation that failed
---@field hint? string a line to type
---@field file? string
---@field line? integer

---A secret's name in place of its value, which a recipe never sees.
---@class tlab.Secret

---What a recipe declares to need; `$spec.model.base_url` stands for the spec's value.
---@class (exact) tlab.Needs
---@field net? string[] host:port, or a URL
---@field read? string[] absolute paths
---@field run? string[] programs
---@field env? string[] variables of the environment
---@field call? string[] recipes that run:call runs
---@field secret? string[] names of secrets

---The table that a recipe's file returns.
---@class (exact) tlab.Recipe
---@field name string
---@field summary? string one line
---@field home? string the folder below the day in which its runs lie
---@field place? 'day' its run is the day's own folder
---@field spec? string|table the JSON Schema of its specs: a path in the lab, or the schema itself
---@field needs? tlab.Needs
---@field run fun(run: tlab.Run, spec: any): any

---A call of run:map.
---@class tlab.Task
---@field index integer
---@field seed integer

---@class (exact) tlab
tlab = {}

---A secret's name in place of its value, for headers:
---`headers = { authorization = { 'Bearer ', tlab.secret 'KEY' } }`
---@param name string
---@return tlab.Secret
function tlab.secret(name) end

---Raises `message` when the value is nil or false; gives back all its arguments otherwise.
---@generic T
---@param value? T
---@param message? any
---@param ... any
---@return T -?
---@return any ...
function assert(value, message, ...) end

---@param message any a table {code, message, hint?} or a text
---@param level? integer where: 1 here, 2 the caller, 0 no place
function error(message, level) end

---@param object any
---@return any
function getmetatable(object) end

---@generic V
---@param list V[]|table<integer, V>
---@return fun(list: V[], i: integer): integer, V
---@return V[]
---@return integer
function ipairs(list) end

---@param chunk string|fun(): string? text only
---@param name? string
---@param mode? 't'
---@param env? table
---@return function? chunk
---@return string? err
function load(chunk, name, mode, env) end

---@generic K, V
---@param map table<K, V>|V[]
---@param key? K
---@return K?
---@return V?
function next(map, key) end

---In the same order always.
---@generic K, V
---@param map table<K, V>|V[]|{ [K]: V }
---@return fun(map: table<K, V>, key?: K): K, V
---@return table<K, V>
function pairs(map) end

---@param fn function
---@param ... any
---@return boolean ok
---@return any ...
function pcall(fn, ...) end

---A line for the person at the terminal.
---@param ... any
function print(...) end

---@param a any
---@param b any
---@return boolean
function rawequal(a, b) end

---@param object table
---@param key any
---@return any
function rawget(object, key) end

---@param object table|string
---@return integer
function rawlen(object) end

---@generic T: table
---@param object T
---@param key any
---@param value any
---@return T
function rawset(object, key, value) end

---A module of the lab's `lua/`, or of the library.
---@param name string
---@return any
function require(name) end

---@param from integer|'#'
---@param ... any
---@return any ...
function select(from, ...) end

---@generic T: table
---@param object T
---@param metatable table? without __gc and __mode
---@return T
function setmetatable(object, metatable) end

---@param value any
---@param base? integer
---@return number?
function tonumber(value, base) end

---@param value any
---@return string
function tostring(value) end

---@param value any
---@return 'nil'|'number'|'string'|'boolean'|'table'|'function'|'thread'|'userdata'
function type(value) end

---@param fn function
---@param handler fun(err: any): any
---@param ... any
---@return boolean ok
---@return any ...
function xpcall(fn, handler, ...) end

---@type table<string, any>
_G = {}

_VERSION = 'Lua 5.4'

---@class (exact) tlab.fs
tlab.fs = {}

---Read a whole file; at most `max` bytes (default 64 MiB).
---
---Permit: read; recorded.
---@param path string
---@param max? integer
---@return string?
---@return tlab.Err? err
function tlab.fs.read(path, max) end

---The last bytes of a file: `max` of them, or all.
---
---Permit: read; recorded.
---@param path string
---@param max integer
---@return string?
---@return tlab.Err? err
function tlab.fs.tail(path, max) end

---@class (exact) tlab.fs.list.answer
---@field name string
---@field type string
---@field size integer

---List a folder, sorted by name.
---
---Permit: read; recorded.
---@param path string
---@return tlab.fs.list.answer[]?
---@return tlab.Err? err
function tlab.fs.list(path) end

---@class (exact) tlab.fs.stat.answer
---@field type string
---@field size integer
---@field modified_ms integer
---@field mode integer

---What a path is, without following a link.
---
---Permit: read; recorded.
---@param path string
---@return tlab.fs.stat.answer?
---@return tlab.Err? err
function tlab.fs.stat(path) end

---@class (exact) tlab.fs.write.answer
---@field size integer
---@field sha256 string

---Write a file of the run, whole or not at all.
---
---Permit: write; recorded.
---@param path string
---@param data string
---@return tlab.fs.write.answer?
---@return tlab.Err? err
function tlab.fs.write(path, data) end

---@class (exact) tlab.fs.extend.answer
---@field size integer
---@field sha256 string

---Add bytes to the end of a file of the run, and hash all of it: for what is too much to hold at once.
---
---Permit: write; recorded.
---@param path string
---@param data string
---@return tlab.fs.extend.answer?
---@return tlab.Err? err
function tlab.fs.extend(path, data) end

---Make a folder of the run, with its parents.
---
---Permit: write; recorded.
---@param path string
---@return boolean?
---@return tlab.Err? err
function tlab.fs.mkdir(path) end

---@class (exact) tlab.fs.copy.answer
---@field size integer
---@field sha256 string

---Copy a file into the run.
---
---Permit: write; recorded.
---@param from string
---@param to string
---@return tlab.fs.copy.answer?
---@return tlab.Err? err
function tlab.fs.copy(from, to) end

---Remove a file or an empty folder of the run.
---
---Permit: write; recorded.
---@param path string
---@return boolean?
---@return tlab.Err? err
function tlab.fs.remove(path) end

---@class (exact) tlab.hash
tlab.hash = {}

---SHA-256 of bytes, as 64 lower-case hex digits.
---
---Permit: none; the same answer always: not recorded.
---@param data string
---@return string
function tlab.hash.bytes(data) end

---@class (exact) tlab.hash.file.answer
---@field sha256 string
---@field size integer

---SHA-256 of a file of any size.
---
---Permit: read; recorded.
---@param path string
---@return tlab.hash.file.answer?
---@return tlab.Err? err
function tlab.hash.file(path) end

---@class (exact) tlab.json
tlab.json = {}

---Canonical JSON (RFC 8785).
---
---Permit: none; computed by the recipe itself: not recorded.
---@param value any
---@return string
function tlab.json.encode(value) end

---Strict JSON (RFC 8259, no duplicate keys).
---
---Permit: none; computed by the recipe itself: not recorded.
---@param text string
---@return any?
---@return tlab.Err? err
function tlab.json.decode(text) end

---Canonical order, indented for people.
---
---Permit: none; computed by the recipe itself: not recorded.
---@param value any
---@return string
function tlab.json.pretty(value) end

---@class (exact) tlab.git
tlab.git = {}

---@class (exact) tlab.git.head.answer
---@field commit? string
---@field tree? string
---@field branch? string
---@field author? string
---@field time? integer
---@field subject? string
---@field unborn? boolean
---@field shallow boolean

---The commit that HEAD names; `unborn` where there is none yet.
---
---Permit: read; recorded.
---@param repo? string
---@return tlab.git.head.answer?
---@return tlab.Err? err
function tlab.git.head(repo) end

---The branch HEAD is on; nil when detached.
---
---Permit: read; recorded.
---@param repo? string
---@return string?
---@return tlab.Err? err
function tlab.git.branch(repo) end

---The nearest tag, as `git describe --tags --always` has it.
---
---Permit: read; recorded.
---@param repo? string
---@return string?
---@return tlab.Err? err
function tlab.git.describe(repo) end

---@class (exact) tlab.git.status.answer
---@field path string
---@field state string

---Changed and untracked paths, sorted; `exclude` are path prefixes.
---
---Permit: read; recorded.
---@param repo? string
---@param exclude? string[]
---@return tlab.git.status.answer[]?
---@return tlab.Err? err
function tlab.git.status(repo, exclude) end

---@class (exact) tlab.git.patch.answer
---@field patch string
---@field files integer
---@field truncated boolean
---@field tree string
---@field left_out? { path: string, reason: string }[]

---HEAD to working tree as one patch, untracked files included.
---
---Permit: read; recorded.
---@param repo? string
---@param exclude? string[]
---@return tlab.git.patch.answer?
---@return tlab.Err? err
function tlab.git.patch(repo, exclude) end

---@class (exact) tlab.git.resolve.answer
---@field commit string
---@field kind string
---@field from? string
---@field ref? string

---The commit that a revision names, or both ends of a range A..B.
---
---Permit: read; recorded.
---@param rev string
---@param repo? string
---@return tlab.git.resolve.answer?
---@return tlab.Err? err
function tlab.git.resolve(rev, repo) end

---@class (exact) tlab.git.log.query
---@field from? string
---@field ids? boolean
---@field limit? integer
---@field skip? integer
---@field since? integer
---@field until? integer
---@field author? string
---@field grep? string
---@field path? string[]
---@field merges? string

---@class (exact) tlab.git.log.answer
---@field commit string
---@field parents string[]
---@field tree string
---@field author_name string
---@field author_email string
---@field author_time string
---@field committer_name string
---@field committer_email string
---@field commit_time integer
---@field subject string
---@field body string

---Commits, newest first, or with ids = true their ids; merges = include, exclude or only.
---
---Permit: read; recorded.
---@param query tlab.git.log.query
---@param repo? string
---@return tlab.git.log.answer[]?
---@return tlab.Err? err
function tlab.git.log(query, repo) end

---@class (exact) tlab.git.changes.options
---@field renames? boolean
---@field merges? string
---@field patch? boolean
---@field context? integer
---@field max_patch? integer
---@field log? boolean

---@class (exact) tlab.git.changes.answer
---@field commit string
---@field files { path: string, old_path?: string, status: string, binary: boolean, insertions?: integer, deletions?: integer, similarity?: integer, left_out?: boolean, old_id: string, new_id: string, old_mode: string, new_mode: string }[]
---@field log? table
---@field patch? string
---@field truncated? boolean

---What commits changed, path by path, with git's own numbers; merges = none or first-parent, `log` adds what git.log tells.
---
---Permit: read; recorded.
---@param commits string[]
---@param options? tlab.git.changes.options
---@param repo? string
---@return tlab.git.changes.answer[]?
---@return tlab.Err? err
function tlab.git.changes(commits, options, repo) end

---A file's bytes in a commit; at most `max` (64 MiB).
---
---Permit: read; recorded.
---@param rev string
---@param path string
---@param repo? string
---@param max? integer
---@return string?
---@return tlab.Err? err
function tlab.git.blob(rev, path, repo, max) end

---@class (exact) tlab.git.fetch.options
---@field timeout_ms? integer
---@field idle_timeout_ms? integer
---@field max_bytes? integer
---@field secret? any
---@field user? string

---@class (exact) tlab.git.fetch.answer
---@field repo string
---@field head? string
---@field commit? string
---@field branches { name: string, commit: string }[]
---@field more? integer
---@field fetched boolean
---@field why? string
---@field bytes integer

---Clone or update the lab's mirror of a repository (https, http, file), for the other git operations to read.
---
---Permit: net; recorded.
---@param url string
---@param options? tlab.git.fetch.options
---@return tlab.git.fetch.answer?
---@return tlab.Err? err
function tlab.git.fetch(url, options) end

---@class (exact) tlab.text
tlab.text = {}

---@class (exact) tlab.text.diff.how
---@field from? string
---@field to? string
---@field context? integer

---How one text becomes another, as `diff -u` writes it.
---
---Permit: none; recorded.
---@param a string
---@param b string
---@param how? tlab.text.diff.how
---@return string
function tlab.text.diff(a, b, how) end

---@class (exact) tlab.http
tlab.http = {}

---@class (exact) tlab.http.send.request
---@field url string
---@field method? string
---@field headers? any
---@field body? string
---@field timeout_ms? integer
---@field connect_timeout_ms? integer
---@field idle_timeout_ms? integer
---@field max_bytes? integer
---@field max_redirects? integer

---@class (exact) tlab.http.send.answer
---@field status integer
---@field headers string[][]
---@field body string
---@field url string
---@field address string
---@field http string
---@field redirects { status: integer, url: string }[]
---@field ms integer
---@field first_byte_ms integer

---Send one request and wait for the whole answer.
---
---Permit: net; recorded.
---@param request tlab.http.send.request
---@return tlab.http.send.answer?
---@return tlab.Err? err
function tlab.http.send(request) end

---@class (exact) tlab.http.open.request
---@field url string
---@field method? string
---@field headers? any
---@field body? string
---@field timeout_ms? integer
---@field connect_timeout_ms? integer
---@field idle_timeout_ms? integer
---@field max_bytes? integer
---@field max_redirects? integer

---@class (exact) tlab.http.open.answer
---@field handle integer
---@field status integer
---@field headers string[][]
---@field url string
---@field address string
---@field http string
---@field redirects { status: integer, url: string }[]
---@field first_byte_ms integer

---Send a request and wait for the headers only.
---
---Permit: net; recorded.
---@param request tlab.http.open.request
---@return tlab.http.open.answer?
---@return tlab.Err? err
function tlab.http.open(request) end

---The next bytes of an opened answer; nil at its end.
---
---Permit: none; recorded.
---@param handle integer
---@return string?
---@return tlab.Err? err
function tlab.http.next(handle) end

---Give up the rest of an opened answer.
---
---Permit: none; recorded.
---@param handle integer
---@return boolean
function tlab.http.close(handle) end

---@class (exact) tlab.proc
tlab.proc = {}

---@class (exact) tlab.proc.run.command
---@field argv string[]
---@field stdin? string
---@field env? table
---@field files? table
---@field collect? string[]
---@field read? string[]
---@field timeout_ms? integer
---@field max_bytes? integer

---@class (exact) tlab.proc.run.answer
---@field exit? integer
---@field signal? integer
---@field stdout string
---@field stderr string
---@field files? table
---@field program { path: string, sha256: string }
---@field confined { network: string, files: string, syscalls: boolean, how: string[] }
---@field ms integer

---Run a program to its end, without a shell, confined, in a folder of its own.
---
---Permit: run; recorded.
---@param command tlab.proc.run.command
---@return tlab.proc.run.answer?
---@return tlab.Err? err
function tlab.proc.run(command) end

---@class (exact) tlab.clock
tlab.clock = {}

---Milliseconds since 1970-01-01 UTC.
---
---Permit: none; recorded.
---@return integer
function tlab.clock.now() end

---Milliseconds of a clock that never jumps.
---
---Permit: none; recorded.
---@return integer
function tlab.clock.monotonic() end

---Wait; other tasks go on.
---
---Permit: none; recorded.
---@param ms integer
---@return boolean
function tlab.clock.sleep(ms) end

---@class (exact) tlab.rand
tlab.rand = {}

---Random bytes from the operating system, at most 65536.
---
---Permit: none; recorded.
---@param count integer
---@return string
function tlab.rand.bytes(count) end

---@class (exact) tlab.env
tlab.env = {}

---An environment variable; nil when unset.
---
---Permit: env; recorded.
---@param name string
---@return string?
function tlab.env.get(name) end

---@class (exact) tlab.run
tlab.run = {}

---Put a fact into the manifest: model, usage, seed, price, metric, tag.
---
---Permit: none; recorded.
---@param kind string
---@param value table
---@return boolean
function tlab.run.note(kind, value) end

---@class (exact) tlab.run.call.answer
---@field id string
---@field folder string
---@field status string
---@field error? table
---@field outputs any[]
---@field metrics table

---Run another recipe of the lab, by its name, as a run of its own, and wait for its end.
---
---Permit: call; recorded.
---@param recipe string
---@param spec? table
---@return tlab.run.call.answer?
---@return tlab.Err? err
function tlab.run.call(recipe, spec) end

---@class (exact) tlab.repl
tlab.repl = {}

---@class (exact) tlab.repl.next.answer
---@field text string
---@field time? boolean

---What the person types next in a session of `tlab repl`; nil at its end. `shown` is what the last entry came to.
---
---Permit: none; recorded.
---@param shown? table
---@return tlab.repl.next.answer?
function tlab.repl.next(shown) end

---@class (exact) tlab.test
tlab.test = {}

---What a test of a recipe wants of `tlab test`: a lab, a run, what that made.
---
---Permit: none; recorded.
---@param what string
---@param about table
---@return any
function tlab.test.ask(what, about) end

---@class (exact) tlab.talk
tlab.talk = {}

---A line on stderr.
---
---Permit: none; for the eye only: not recorded.
---@param text string
---@return boolean
function tlab.talk.say(text) end

---Text on stderr as it comes, if it is a terminal.
---
---Permit: none; for the eye only: not recorded.
---@param text string
---@return boolean
function tlab.talk.stream(text) end

---How far the work is.
---
---Permit: none; for the eye only: not recorded.
---@param done integer
---@param total integer
---@param label? string
---@return boolean
function tlab.talk.progress(done, total, label) end

---The null of JSON.
---@type lightuserdata
tlab.json.null = nil

---Marks a table as a JSON list, so that an empty one is [].
---@generic T: table
---@param list T
---@return T
function tlab.json.array(list) end

---@class tlab.Called
---@field id string
---@field folder string from the lab's root
---@field status 'succeeded'|'failed'|'interrupted'|'timeout'
---@field error? {code: string, message: string, hint: string?}
---@field outputs {path: string, sha256: string, size: integer}[]
---@field metrics table<string, any>
local Called = {}

--- The bytes of one of its files.
---@param name string path in its folder
---@return string
function Called:read(name) end

--- The rows of a table: JSON Lines, or CSV by its ending.
---@param name string
---@return table[]
function Called:rows(name) end

--- The value of a JSON file.
---@param name string
---@return any
function Called:json(name) end

---@class tlab.Run
---@field seed integer
---@field id string
---@field key string
---@field name string
---@field home string
---@field lab_prices table? what tokens cost, by model: `prices` of lab.json
local Run = {}

--- Several calls of fn(item, task, index) at once; results in the order of the list.
---@generic T, R
---@param list T[]
---@param fn fun(item: T, task: {index: integer, seed: integer}, index: integer): R
---@param options? {concurrency: integer?} how many at once (8)
---@return R[]
function Run:map(list, fn, options) end

--- Writes an artifact, whole or not at all.
---@param name string path in the run's folder
---@param bytes string
---@return {sha256: string, size: integer}
function Run:write(name, bytes) end

--- Adds to the end of an artifact, which is made where there is none: for what is too much to hold.
---@param name string
---@param bytes string
---@return {sha256: string, size: integer}
function Run:extend(name, bytes) end

--- Writes a value as canonical JSON and a newline.
---@param name string
---@param value any
---@return {sha256: string, size: integer}
function Run:write_json(name, value) end

--- Writes one line of canonical JSON for each row.
---@param name string
---@param rows any[]
---@return {sha256: string, size: integer}
function Run:write_jsonl(name, rows) end

--- Writes rows as CSV with a header (tlab.csv).
---@param name string
---@param rows table[] maps from column to value
---@param columns? string[] their order; else all keys of the rows, sorted
---@return {sha256: string, size: integer}
function Run:write_csv(name, rows, columns) end

--- Reads a file of the run, or lab:… of the lab.
---@param name string
---@return string
function Run:read(name) end

--- Reads a file that the experiment is made of; the manifest lists it with its hash. It is decoded
--- by its ending: .json, .jsonl, .csv (maps from column to text); anything else is text.
---@param path string from the lab's root; an absolute one needs a permit
---@param options? {as: 'text'|'json'|'jsonl'|'csv'?} what it is, whatever its ending
---@return any
function Run:input(path, options) end

--- Puts a fact into the manifest: model, usage, seed, cost, metric, tag, params.
---@param kind string
---@param value table
---@return any ...
function Run:note(kind, value) end

--- Puts a number into the manifest, by which runs can be found and compared.
---@param name string
---@param value number
---@return any ...
function Run:metric(name, value) end

--- Runs another recipe of the lab, as a run of its own with its own folder and record, and waits
--- for its end. The recipe declares it: needs = { call = { 'ai' } }. What that run may reach is
--- what the lab and the command line allow; nothing is asked.
---@param recipe string its name
---@param spec? table
---@param options? {raise: boolean?} raise = false: a run that fails is no error here
---@return tlab.Called run with :read(name), :rows(name), :json(name); with raise = false nil where
---  it came to no run
---@return table|nil err with raise = false: what it failed with
function Run:call(recipe, spec, options) end

--- A line for later: in the record with its time, in `tlab show`, and on the terminal.
---@param text any
---@param fields? table<string, any> what belongs to it, by name; plain data
---@return any ...
function Run:log(text, fields) end

--- A line for the person at the terminal.
---@param text any
---@return any ...
function Run:say(text) end

--- How far it is, for the person at the terminal.
---@param done integer
---@param total integer
---@param label string?
---@return any ...
function Run:progress(done, total, label) end
