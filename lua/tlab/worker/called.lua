-- run:call: a run that this one called, and what it left in its folder.

local M = {}

---@class tlab.Called
---@field id string
---@field folder string from the lab's root
---@field status 'succeeded'|'failed'|'interrupted'|'timeout'
---@field error? {code: string, message: string, hint: string?}
---@field outputs {path: string, sha256: string, size: integer}[]
---@field metrics table<string, any>
local Called = {}

local read -- see M.make

--- The bytes of one of its files.
---@param name string path in its folder
---@return string
function Called:read(name)
  return read(self, name, 'text')
end

--- The rows of a table: JSON Lines, or CSV by its ending.
---@param name string
---@return table[]
function Called:rows(name)
  return read(self, name, name:find '%.csv$' and 'csv' or 'jsonl')
end

--- The value of a JSON file.
---@param name string
---@return any
function Called:json(name)
  return read(self, name, 'json')
end

--- Why it did not succeed, in the words of the one that called.
local function error_of(recipe, run)
  local err = run.error or { code = 'RUN_FAILED', message = run.status }
  local id8 = run.id:sub(1, 8)
  return {
    code = err.code,
    message = ('%s %s %s: %s'):format(recipe, id8, run.status, err.message),
    hint = err.hint or 'tlab show ' .. id8,
  }
end

--- Gives the answer of run.call its functions.
---@param recipe string
---@param run table
---@param input fun(run: table, path: string, options: table): any the caller's run:input
---@return tlab.Called
---@return table|nil err where it did not succeed
function M.make(recipe, run, input)
  read = function(called, name, as)
    return input(nil, called.folder .. '/' .. name, { as = as })
  end
  setmetatable(run, { __index = Called, __name = 'called run', __metatable = false })
  return run, run.status ~= 'succeeded' and error_of(recipe, run) or nil
end

return M
