--- Which files of tests the words of `tlab test` name.

local core = require 'core'
local suggest = require 'host.view.suggest'

local M = {}

local FOLDER = 'tests/recipes'
local ENDING = '_test.lua'

---@class test.File
---@field name string what it tests: hello of tests/recipes/hello_test.lua
---@field file string its path in the lab

local function is_test(entry)
  return entry.type ~= 'folder' and entry.name:sub(-#ENDING) == ENDING and #entry.name > #ENDING
end

--- All that there are, sorted by name.
---@param lab table
---@return test.File[]
function M.all(lab)
  local files = {}
  for _, entry in ipairs(core.fs.list(lab.root .. '/' .. FOLDER) or {}) do
    if is_test(entry) then
      files[#files + 1] =
        { name = entry.name:sub(1, -#ENDING - 1), file = FOLDER .. '/' .. entry.name }
    end
  end
  return files
end

--- What a word names: recipes/hello.lua, tests/recipes/hello_test.lua and hello are one.
local function name_of(word)
  local name = word:match '[^/]*$'
  return name:match('^(.+)_test%.lua$') or name:match '^(.+)%.lua$' or name
end

local function unknown(lab, word, files)
  local names, name = {}, name_of(word)
  for i, file in ipairs(files) do
    names[i] = file.name
  end
  if core.fs.stat(lab.root .. '/recipes/' .. name .. '.lua') then
    return {
      code = 'NOT_FOUND',
      message = ('%s has no test: %s/%s%s is not there'):format(name, FOLDER, name, ENDING),
    }
  end
  local near = suggest.near(name, names, 1)[1]
  return {
    code = 'NOT_FOUND',
    message = ('there is no test of "%s"%s'):format(name, suggest.behind(near)),
    details = { 'tests are ' .. FOLDER .. '/NAME' .. ENDING },
    hint = near and 'tlab test ' .. near or 'tlab test',
  }
end

--- The files that words name; without words all of them.
---@param lab table
---@param words string[]
---@return test.File[]|nil
---@return table|nil err
function M.files(lab, words)
  local all, found, seen = M.all(lab), {}, {}
  if #all == 0 then
    return nil,
      {
        code = 'NOT_FOUND',
        message = ('there are no tests in %s/%s'):format(lab.root, FOLDER),
        hint = 'tlab new recipe my-recipe  # with a test',
      }
  elseif #words == 0 then
    return all
  end
  for _, word in ipairs(words) do
    local name, before = name_of(word), #found
    for _, file in ipairs(all) do
      if file.name == name then
        found[#found + 1] = not seen[name] and file or nil
        seen[name] = true
      end
    end
    if #found == before and not seen[name] then
      return nil, unknown(lab, word, all)
    end
  end
  return found
end

return M
