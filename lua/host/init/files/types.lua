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
