--- Where two JSON values differ: a list of changes {at = JSON pointer, a?, b?}, one for each place
--- at which a scalar, or a whole value of another kind, is another one. A side that has nothing
--- there has no member.

local value = require 'host.spec.value'

local M = {}

--- A step of a JSON pointer (RFC 6901 section 3).
local function step(key)
  return '/' .. tostring(key):gsub('~', '~0'):gsub('/', '~1')
end

--- The keys of both maps, sorted, each once.
local function keys_of(a, b)
  local keys = {}
  for key in pairs(a) do
    keys[#keys + 1] = key
  end
  for key in pairs(b) do
    if a[key] == nil then
      keys[#keys + 1] = key
    end
  end
  table.sort(keys)
  return keys
end

local function walk(a, b, at, out)
  local kind = value.kind(a)
  if kind ~= value.kind(b) or kind ~= 'object' and kind ~= 'array' then
    if not value.equal(a, b) then
      out[#out + 1] = { at = at, a = a, b = b }
    end
    return
  end
  if kind == 'array' then
    for i = 1, math.max(#a, #b) do
      walk(a[i], b[i], at .. step(i - 1), out)
    end
    return
  end
  for _, key in ipairs(keys_of(a, b)) do
    walk(a[key], b[key], at .. step(key), out)
  end
end

--- All changes from one value to another, in the order of their pointers.
---@param a any a JSON value, or nil
---@param b any
---@param at? string the pointer to where both stand
---@return table[] changes
function M.changes(a, b, at)
  local out = {}
  walk(a, b, at or '', out)
  return out
end

--- Lists in which order and repetition mean nothing: what is in the one and not in the other.
---@param a string[]|nil
---@param b string[]|nil
---@param at string
---@return table[] changes
function M.sets(a, b, at)
  local function without(list, other)
    local there, out = {}, {}
    for _, item in ipairs(other or {}) do
      there[item] = true
    end
    for _, item in ipairs(list or {}) do
      if not there[item] then
        there[item] = true
        out[#out + 1] = item
      end
    end
    table.sort(out)
    return out
  end
  local out = {}
  for _, item in ipairs(without(a, b)) do
    out[#out + 1] = { at = at, a = item }
  end
  for _, item in ipairs(without(b, a)) do
    out[#out + 1] = { at = at, b = item }
  end
  return out
end

--- Appends one list of changes to another.
function M.add(to, from)
  table.move(from, 1, #from, #to + 1, to)
  return to
end

return M
