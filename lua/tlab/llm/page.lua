--- Questions and answers as a page of Markdown for people.
local questions = require 'tlab.llm.questions'
local text = require 'tlab.text'
local M = {}

---A row's answer as text, and the kind of it.
---@param row table {text?, json?}
---@return string answer
---@return string kind `text` or `json`
function M.answer(row)
  if row.text then
    return row.text, 'text'
  end
  return tlab.json.pretty(row.json), 'json'
end

local function asked(messages)
  local content = messages[#messages].content
  return type(content) == 'string' and content or tlab.json.pretty(content)
end

local function answered(row)
  if row.error then
    return ('**No answer** (%s):\n\n'):format(row.error.code)
      .. text.fence(row.error.message, 'text')
  end
  local cut = row.finish_reason == 'length' and '\nCut at `max_tokens`.\n' or ''
  return text.fence(M.answer(row)) .. cut
end

---@param title string
---@param model string?
---@param results table[] {question, row}
---@return string
function M.markdown(title, model, results)
  local parts = { ('# %s\n\nModel: `%s`\n'):format(title, model or 'the only one') }
  for i, result in ipairs(results) do
    local label = questions.label(result.question)
    parts[i + 1] = ('\n## %s%s\n\n'):format(label:sub(1, 1):upper(), label:sub(2))
      .. text.fence(asked(result.question.messages), 'text')
      .. '\n'
      .. answered(result.row)
  end
  return table.concat(parts)
end

return M
