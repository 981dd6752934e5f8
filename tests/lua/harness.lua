--- The harness of the Lua tests: TAP on standard output, exit code by `done`.
--
--   local t = require 'harness'
--   t.test('adds', function() t.eq(1 + 1, 2) end)
--   return t.done()

local core = require 'core'

local M = {}

local count, failed = 0, 0

local function show(value)
  if type(value) ~= 'table' then
    return type(value) == 'string' and string.format('%q', value) or tostring(value)
  end
  local keys, parts = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    local x, y = type(a), type(b)
    return x < y or x == y and x ~= 'table' and a < b
  end)
  for _, key in ipairs(keys) do
    parts[#parts + 1] = tostring(key) .. '=' .. show(value[key])
  end
  return '{' .. table.concat(parts, ', ') .. '}'
end

local function same(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

--- Runs one test; an error in it is its failure, and the next one runs.
---@param name string
---@param fn fun()
function M.test(name, fn)
  count = count + 1
  local ok, err = xpcall(fn, function(e)
    return type(e) == 'table' and (e.message or show(e)) or tostring(e)
  end)
  core.term.out((ok and 'ok ' or 'not ok ') .. count .. ' - ' .. name .. '\n')
  if not ok then
    failed = failed + 1
    core.term.out('  # ' .. err:gsub('\n', '\n  # ') .. '\n')
  end
end

--- Both sides are equal, tables by what they hold.
function M.eq(got, expected, what)
  if not same(got, expected) then
    error(
      (what and what .. ': ' or '') .. 'got ' .. show(got) .. ', expected ' .. show(expected),
      2
    )
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
    error('an error with ' .. show(pattern) .. ' was expected, none came', 2)
  end
  local text = type(err) == 'table' and (err.message or show(err)) or tostring(err)
  if pattern and not text:find(pattern) then
    error('an error with ' .. show(pattern) .. ' was expected, got ' .. show(text), 2)
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
