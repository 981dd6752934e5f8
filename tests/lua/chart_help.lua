--- What the tests of charts share.
local M = {}

---How often a pattern stands in a text.
function M.count(s, pattern)
  return select(2, s:gsub(pattern, ''))
end

---A series with the points (1, first), (2, second) …
function M.line(name, ...)
  local points = {}
  for i, y in ipairs { ... } do
    points[i] = { x = i, y = y }
  end
  return { name = name, points = points }
end

return M
