--- Charts in words, for those who do not see them.
local axis = require 'tlab.chart.axis'
local text = require 'tlab.text'

local M = {}

local MOST = 12 -- rows or series that are named one by one

local function joined(list, all)
  if all > #list then
    list[#list + 1] = ('and %s more'):format(text.number(all - #list))
  end
  return #list > 0 and table.concat(list, '; ') or 'no data'
end

---@param rows table[] {label, value, more?}
---@return string
function M.rows(rows)
  local list = {}
  for i = 1, math.min(#rows, MOST) do
    local row = rows[i]
    local more = row.more and ' + ' .. axis.number(row.more) or ''
    list[i] = ('%s: %s%s'):format(text.visible(row.label, 40), axis.number(row.value), more)
  end
  return joined(list, #rows)
end

local function ends(points, key)
  local low, high = math.huge, -math.huge
  for _, point in ipairs(points) do
    low, high = math.min(low, point[key]), math.max(high, point[key])
  end
  local first, last = axis.number(low), axis.number(high)
  return first == last and first or ('%s to %s'):format(first, last)
end

---@param list table[] {name?, points}
---@return string
function M.series(list)
  local told = {}
  for i = 1, math.min(#list, MOST) do
    local name, points = list[i].name, list[i].points
    local what = #points == 0 and 'no data'
      or ('%s, x %s, y %s'):format(
        text.many(#points, 'point'),
        ends(points, 'x'),
        ends(points, 'y')
      )
    told[i] = name and ('%s: %s'):format(text.visible(name, 40), what) or what
  end
  return joined(told, #list)
end

---@param from table tick
---@param to table tick
---@param count integer
---@return string
function M.bin(from, to, count)
  return ('%s to below %s: %s'):format(from.label, to.label, text.number(count))
end

---@param values number[]
---@param counts integer[]
---@param ticks table<integer, table>
---@return string
function M.histogram(values, counts, ticks)
  local list = {}
  for i = 1, #values > 0 and math.min(#counts, MOST) or 0 do
    list[i] = M.bin(ticks[i], ticks[i + 1], counts[i] --[[@as integer]])
  end
  return #values == 0 and 'no data' or text.many(#values, 'value') .. '; ' .. joined(list, #counts)
end

return M
