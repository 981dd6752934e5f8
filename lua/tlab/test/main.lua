--- What `tlab test` runs: a recipe whose run reads a file of tests and then calls each of them.

local lab = require 'tlab.test.lab'
local show = require 'tlab.test.show'
local t = require 'tlab.test'

--- Where it was raised, and what; of a message that Lua itself has put a place before, without it.
local function failure(file, err)
  local told = { ok = false, message = show.message(err) }
  if type(err) == 'table' then
    told.file, told.line, told.hint = err.file, err.line, err.hint
    return told
  end
  local at, line, message = told.message:match '^([^\n]-):(%d+): (.*)$'
  if at then
    -- Lua cuts a long name at its front.
    local cut = at:match '^%.%.%.(.*)$'
    told.file = cut and file:sub(-#cut) == cut and file or at
    told.line, told.message = math.tointeger(tonumber(line)), message
  end
  return told
end

local function try(file, test)
  local ok, err = pcall(test.fn, lab.new())
  local told = ok and { ok = true } or failure(file, err)
  assert(tlab.test.ask('told', told))
end

return {
  name = 'test',
  summary = 'Run the tests of a file.',
  home = 'tests',
  run = function(_, spec)
    ---@diagnostic disable-next-line: unresolved-require
    require 'test.file' -- which is given, not found
    local names = tlab.json.array {}
    for i, test in ipairs(t.told()) do
      names[i] = test.name
    end
    assert(tlab.test.ask('plan', { names = names }))
    for _, test in ipairs(t.told()) do
      try(spec.file, test)
    end
  end,
}
