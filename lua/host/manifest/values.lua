--- What of a spec the index can be asked for: its scalars by dotted name. Pure.

local M = {}

local MOST = 64 -- members
local LONGEST = 200 -- bytes of a string, or of a name
local DEPTH = 8

local function is_scalar(value)
  local kind = type(value)
  return kind == 'number' or kind == 'boolean' or kind == 'string' and #value <= LONGEST
end

local function collect(found, prefix, value, depth)
  for key, below in pairs(value) do
    local name = type(key) == 'string' and prefix .. key or ''
    if name == '' or #name > LONGEST then
      goto next
    elseif is_scalar(below) then
      found[#found + 1] = { name = name, value = below }
    elseif type(below) == 'table' and depth > 1 then
      collect(found, name .. '.', below, depth - 1)
    end
    ::next::
  end
end

--- At most 64 of them, by name; longer strings and lists are left out.
---@param spec any
---@return table|nil values name → scalar; nil when there is none
function M.of(spec)
  local found = {}
  if type(spec) == 'table' then
    collect(found, '', spec, DEPTH)
  end
  table.sort(found, function(a, b)
    return a.name < b.name
  end)
  local values
  for i = 1, math.min(#found, MOST) do
    values = values or {}
    values[found[i].name] = found[i].value
  end
  return values
end

return M
