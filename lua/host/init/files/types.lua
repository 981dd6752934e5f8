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
