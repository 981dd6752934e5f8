-- Asks the index: `core.index.select` for each query of QUERIES in LAB, all pages, one JSON value a
-- line into ANSWERS. Run by `tlab --self-test`.
local core = require 'core'

local function all(query)
  local answer = { texts = {}, rows = core.json.array {}, pages = 0 }
  repeat
    local page, err = core.index.select(core.env.get 'LAB', query)
    if not page then
      return { error = { code = err.code, message = err.message } }
    end
    answer.pages = answer.pages + 1
    answer.texts[#answer.texts + 1] = page.text ~= '' and page.text or nil
    for _, row in ipairs(page.rows or {}) do
      answer.rows[#answer.rows + 1] = row
    end
    if query.limit then
      query.limit = query.limit - page.count
    end
    query.cursor = page.cursor
  until not page.cursor
  answer.text = table.concat(answer.texts, query.as == 'json' and ',\n' or '')
  answer.texts = nil
  return answer
end

local lines = {}
for line in core.fs.read(core.env.get 'QUERIES'):gmatch '[^\n]+' do
  lines[#lines + 1] = core.json.encode(all(core.json.decode(line))) .. '\n'
end
core.fs.replace(core.env.get 'ANSWERS', table.concat(lines))
return true
