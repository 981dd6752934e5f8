--- "Did you mean …?": the nearest of a list of names.
local M = {}

--- Edit distance with neighbours swapped (optimal string alignment) over code points.
---@param a string
---@param b string
---@return integer
function M.distance(a, b)
  local x = { utf8.codepoint(a, 1, -1, true) }
  local y = { utf8.codepoint(b, 1, -1, true) }
  local before, above = {}, {}
  for j = 0, #y do
    above[j] = j
  end
  for i = 1, #x do
    local row = { [0] = i }
    for j = 1, #y do
      local cost = x[i] == y[j] and 0 or 1
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost)
      if i > 1 and j > 1 and x[i] == y[j - 1] and x[i - 1] == y[j] then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, above = above, row
  end
  return above[#y]
end

local LONGEST = 100

--- The names that could have been meant, nearest first; equals in alphabetical order.
---@param word string
---@param names string[]
---@param most? integer how many at most (default 3)
---@return string[]
function M.near(word, names, most)
  local found = {}
  if #word > LONGEST or not utf8.len(word) then
    return found
  end
  local low = word:lower()
  -- One slip in a short word, a third of a long one.
  local allowed = math.max(1, #word // 3)
  for _, name in ipairs(names) do
    if type(name) == 'string' and #name <= LONGEST and utf8.len(name) then
      local d = M.distance(low, name:lower())
      local prefix = #word >= 2 and name:lower():sub(1, #low) == low
      local is_near = d <= allowed and d < math.max(#word, #name) -- something of it is the same
      if is_near or prefix then
        found[#found + 1] = { name = name, d = is_near and d or allowed + 1 }
      end
    end
  end
  table.sort(found, function(a, b)
    return a.d < b.d or a.d == b.d and a.name < b.name
  end)
  local out = {}
  for i = 1, math.min(most or 3, #found) do
    out[i] = found[i].name
  end
  return out
end

--- `, did you mean x?` behind a message, or nothing.
---@param near string|nil
---@return string
function M.behind(near)
  return near and (', did you mean %s?'):format(near) or ''
end

--- `did you mean "x"?` or nil.
---@param word string
---@param names string[]
---@return string|nil
function M.text(word, names)
  local best = M.near(word, names, 1)[1]
  return best and ('did you mean "%s"?'):format(best) or nil
end

return M
