--- The error codes with their pages, and what a word on the command line means by one.

local core = require 'core'
local pages = require 'host.explain.pages'

local M = {}

--- All of them, in the order of core/base/err.def.
---@return table[] list of {name, exit, help, means, causes, type = list of {line, what}}
function M.all()
  local list = core.codes()
  for _, code in ipairs(list) do
    local page = pages[code.name]
    code.means, code.causes, code.type = page.means, page.causes, page.type
  end
  return list
end

--- The codes that a word means: a name as in a message, in capitals or not, with - for _, also
--- `error[NAME]`; or a number, which is an exit code and may be that of several.
---@param word string
---@return table[]|nil codes
---@return string|nil near the name that may have been meant
function M.of(word)
  local name = (word:match '^error%[(.-)%]:?$' or word):upper():gsub('-', '_')
  local found, names = {}, {}
  for i, code in ipairs(M.all()) do
    names[i] = code.name
    if code.name == name or tostring(code.exit) == word then
      found[#found + 1] = code
    end
  end
  if #found > 0 then
    return found
  end
  return nil, require('host.view.suggest').near(name, names, 1)[1]
end

return M
