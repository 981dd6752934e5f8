--- Questions and answers as a page of Markdown for people.
local md = require 'tlab.markdown'
local questions = require 'tlab.llm.questions'
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
    return ('**No answer** (%s):\n\n'):format(row.error.code) .. md.fence(row.error.message, 'text')
  end
  local cut = row.finish_reason == 'length' and '\nCut at `max_tokens`.\n' or ''
  return md.fence(M.answer(row)) .. cut
end

---@param title string
---@param model string?
---@param results table[] {question, row}
---@return string
function M.markdown(title, model, results)
  local parts =
    { ('# %s\n\nModel: %s\n'):format(md.prose(title), md.code(model or 'the only one')) }
  for i, result in ipairs(results) do
    local label = questions.label(result.question)
    parts[i + 1] = ('\n## %s\n\n'):format(md.prose(label:sub(1, 1):upper() .. label:sub(2)))
      .. md.fence(asked(result.question.messages), 'text')
      .. '\n'
      .. answered(result.row)
  end
  return table.concat(parts)
end

return M
