--- What a spec of `ai` asks: each case × prompt × sample, as one list of questions.
local text = require 'tlab.text'
local M = {}

---@class llm.Question
---@field case integer
---@field prompt integer? which of several prompts
---@field sample integer
---@field vars table<string, any>? the case's variables
---@field messages table[] {role, content}, variables filled in

local function messages_of(spec, prompt, vars)
  local messages = {}
  local function add(role, content)
    if type(content) == 'string' then
      content = assert(text.fill(content, vars))
    end
    messages[#messages + 1] = { role = role, content = content }
  end
  if spec.system then
    add('system', spec.system)
  end
  for _, message in ipairs(spec.messages or {}) do
    add(message.role, message.content)
  end
  if prompt then
    add('user', prompt)
  end
  return messages
end

---All questions, in order: case, then prompt, then sample. They are made before the first is asked,
---so that a misspelt variable costs nothing; it raises INVALID.
---@param spec table
---@return llm.Question[]
function M.list(spec)
  local questions = {}
  local prompts = spec.prompts or { spec.prompt or false }
  for c, vars in ipairs(spec.cases or { {} }) do
    for p, prompt in ipairs(prompts) do
      local messages = messages_of(spec, prompt, vars)
      for s = 1, spec.samples or 1 do
        questions[#questions + 1] = {
          case = c,
          prompt = #prompts > 1 and p or nil,
          sample = s,
          vars = spec.cases and vars or nil,
          messages = messages,
        }
      end
    end
  end
  return questions
end

---@param q llm.Question
---@return string as `case 1, prompt 2, sample 3`
function M.label(q)
  local prompt = q.prompt and (', prompt %d'):format(q.prompt) or ''
  return ('case %d%s, sample %d'):format(q.case, prompt, q.sample)
end

return M
