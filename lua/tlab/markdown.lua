--- Markdown made of text from outside: nothing in it becomes a heading, a link, HTML or a control
--- sequence. What a repository says stands in code (`code`, `fence`), sentences are `prose`.
local text = require 'tlab.text'
local M = {}

---Text of several lines in which nothing is hidden (tlab.text.visible).
---@param s string any bytes
---@return string UTF-8
function M.visible(s)
  return (
    s:gsub('\r\n', '\n'):gsub('\t', '    '):gsub('[^\n]+', function(line)
      return text.visible(line, #line)
    end)
  )
end

---A code span, in which nothing counts; also safe in a table's cell.
---@param s string
---@param max integer? most bytes, default 300
---@return string
function M.code(s, max)
  s = text.visible(s:gsub('%s+', ' '), max)
  if s == '' then
    return '` `'
  end
  local bar = '`'
  while s:find(bar, 1, true) do
    bar = bar .. '`'
  end
  local gap = (s:find '^`' or s:find '`$') and ' ' or ''
  return bar .. gap .. s:gsub('|', '\\|') .. gap .. bar
end

---A sentence of unknown origin on one line, with all that Markdown would take for a sign of its own
---escaped: no link, image, HTML, mention, emphasis or list comes of it.
---@param s string
---@param max integer? most bytes, default 1000
---@return string
function M.prose(s, max)
  s = text.visible(s:gsub('%s+', ' '), max or 1000):gsub('[\\`*_{}%[%]<>#|~!&$@]', '\\%0')
  s = s:gsub('://', '\\://'):gsub('([wW][wW][wW])%.', '%1\\.')
  return (s:gsub('^([-+=])', '\\%1'):gsub('^(%d+)([.)])', '%1\\%2'))
end

---A code block that its text cannot end.
---@param s string
---@param info string? the language
---@return string
function M.fence(s, info)
  return text.fence(M.visible(s), info)
end

local function table_problem(head, rows)
  for n, row in ipairs(rows) do
    for i = 1, math.max(#head, #row) do
      local kind = type(row[i])
      if i > #head then
        return ('row %d has %d cells where the head has %d'):format(n, #row, #head)
      elseif kind ~= 'string' and kind ~= 'number' then
        return ("row %d, '%s' is a %s, expected a text or a number"):format(n, head[i], kind)
      end
    end
  end
end

---A table. Cells stand in it as they are: make them with `code` or `prose`, or write them yourself.
---@param head string[] titles; one that begins with `>` is of a column of numbers, set to the right
---@param rows (string|number)[][] as many cells each as titles
---@return string
function M.table(head, rows)
  local problem = table_problem(head, rows)
  if problem then
    error('markdown.table: ' .. problem, 2)
  end
  local titles, bars = {}, {}
  for i, title in ipairs(head) do
    titles[i] = title:gsub('^>', '')
    bars[i] = title:find '^>' and '---:' or '---'
  end
  local lines =
    { '| ' .. table.concat(titles, ' | ') .. ' |', '|' .. table.concat(bars, '|') .. '|' }
  for _, row in ipairs(rows) do
    lines[#lines + 1] = '| ' .. table.concat(row, ' | ') .. ' |'
  end
  return table.concat(lines, '\n') .. '\n'
end

return M
