--- The harness of the Lua tests: TAP on standard output, exit code by `done`.
--
--   local t = require 'harness'
--   t.test('adds', function() t.eq(1 + 1, 2) end)
--   return t.done()

local core = require 'core'
local show = require 'tlab.test.show'

local M = {}

local count, failed = 0, 0

--- Runs one test; an error in it is its failure, and the next one runs.
---@param name string
---@param fn fun()
function M.test(name, fn)
  count = count + 1
  local ok, err = xpcall(fn, function(e)
    return type(e) == 'table' and (e.message or show.value(e)) or tostring(e)
  end)
  core.term.out((ok and 'ok ' or 'not ok ') .. count .. ' - ' .. name .. '\n')
  if not ok then
    failed = failed + 1
    core.term.out('  # ' .. err:gsub('\n', '\n  # ') .. '\n')
  end
end

--- Both sides are equal, tables by what they hold.
function M.eq(got, expected, what)
  if not show.same(got, expected) then
    local came = ('got %s, expected %s'):format(show.value(got), show.value(expected))
    error((what and what .. ': ' or '') .. came, 2)
  end
end

--- The value is neither nil nor false.
function M.ok(value, what)
  if not value then
    error((what or 'a true value') .. ' was expected, got ' .. tostring(value), 2)
  end
  return value
end

--- The function raises an error whose text (or message) has the pattern.
function M.err(fn, pattern)
  local ok, err = pcall(fn)
  if ok then
    error('an error with ' .. show.value(pattern) .. ' was expected, none came', 2)
  end
  local text = type(err) == 'table' and (err.message or show.value(err)) or tostring(err)
  if pattern and not text:find(pattern) then
    error('an error with ' .. show.value(pattern) .. ' was expected, got ' .. show.value(text), 2)
  end
  return err
end

--- The first table, with what the second has put into it: for what a test is about.
---@param base table
---@param more table?
---@return table base
function M.with(base, more)
  for key, value in pairs(more or {}) do
    base[key] = value
  end
  return base
end

--- A folder of the test's own, which it removes: two copies of a test may run at once.
---@return string
function M.folder()
  local dir = '/tmp/tlab-test-' .. core.hash.bytes(core.rand.bytes(8)):sub(1, 16)
  assert(core.fs.make(dir, 448))
  return dir
end

--- Ends the file: prints the plan, returns whether all passed.
---@return boolean
function M.done()
  core.term.out('1..' .. count .. '\n')
  local all = failed == 0
  count, failed = 0, 0
  return all
end

return M
