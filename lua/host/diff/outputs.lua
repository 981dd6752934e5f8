--- The files that the runs made, but for spec.json, which is a part of its own.

local texts = require 'host.diff.texts'

local function made(m)
  local list = {}
  for _, file in ipairs(m.outputs or {}) do
    if file.path ~= 'spec.json' then
      list[#list + 1] = file
    end
  end
  return list
end

---@param a table host.diff.source
---@param b table
---@return table|nil part, table|nil err
return function(a, b)
  local files, err = texts.files(a, b, made(a.m), made(b.m))
  if not files then
    return nil, err
  end
  return { changes = {}, files = files }
end
