--- Ask a language model: each case × prompt × sample once, all answers in one table.
local llm = require 'tlab.llm'
local price = require 'tlab.llm.price'
local text = require 'tlab.text'

-- The messages of one question, with {{variables}} filled in from its case.
local function messages_of(spec, prompt, vars)
  local messages = {}
  local function add(role, content)
    if type(content) == 'string' then content = assert(text.fill(content, vars)) end
    messages[#messages + 1] = { role = role, content = content }
  end
  if spec.system then add('system', spec.system) end
  for _, message in ipairs(spec.messages or {}) do add(message.role, message.content) end
  if prompt then add('user', prompt) end
  return messages
end

-- Every question of the spec in order. All are made before the first is asked, so that a misspelt
-- variable costs nothing.
local function questions_of(spec)
  local questions = {}
  local prompts = spec.prompts or { spec.prompt or false }
  for c, vars in ipairs(spec.cases or { {} }) do
    for p, prompt in ipairs(prompts) do
      local messages = messages_of(spec, prompt, vars)
      for s = 1, spec.samples or 1 do
        questions[#questions + 1] = {
          case = c, prompt = #prompts > 1 and p or nil, sample = s, messages = messages,
          vars = spec.cases and vars or nil,
        }
      end
    end
  end
  return questions
end

local function label_of(q)
  local prompt = q.prompt and (', prompt %d'):format(q.prompt) or ''
  return ('case %d%s, sample %d'):format(q.case, prompt, q.sample)
end

-- A line of answers.jsonl. Nothing in it differs between two runs that got the same answers.
local function row_of(q, seed, reply, err)
  local row = {
    case = q.case, prompt = q.prompt, sample = q.sample, vars = q.vars, seed = seed,
    attempts = #((reply or err).attempts or {}),
  }
  if not reply then
    row.error = { code = err.code, message = err.message }
    return row
  end
  row.finish_reason, row.usage = reply.finish_reason, reply.usage
  if reply.json ~= nil then row.json = reply.json else row.text = reply.text end
  return row
end

local function ask(run, spec, questions)
  local params = spec.params or {}
  local live = spec.stream and (spec.concurrency or 1) == 1
  local done = 0
  return run:map(questions, function(q, task)
    local seed = params.seed and params.seed + q.sample - 1 or task.seed & 0x7fffffff
    if live then tlab.talk.stream(('— %s —\n'):format(label_of(q))) end
    local reply, err = llm.chat {
      model = spec.model, messages = q.messages, params = params, seed = seed,
      response_schema = spec.response_schema, cache_prompt = spec.cache_prompt,
      stream = spec.stream, on_text = live and tlab.talk.stream or nil,
      timeouts = spec.timeouts, retries = spec.retries,
      price = spec.price or price.find(run.lab_prices, spec.model.name),
    }
    if live then tlab.talk.stream('\n') end
    done = done + 1
    run:progress(done, #questions, 'answers')
    return { question = q, row = row_of(q, seed, reply, err), err = err }
  end, { concurrency = spec.concurrency or 1 })
end

local function answer_of(row)
  if row.text then return row.text, 'text' end
  return tlab.json.pretty(row.json), 'json'
end

-- The same for people: what was asked, what came.
local function page_of(run, spec, results)
  local parts = { ('# %s\n\nModel: `%s`\n'):format(run.name, spec.model.name or 'the only one') }
  for _, result in ipairs(results) do
    local row, messages = result.row, result.question.messages
    local heading = label_of(result.question)
    parts[#parts + 1] = '\n## ' .. heading:sub(1, 1):upper() .. heading:sub(2) .. '\n\n'
    local asked = messages[#messages].content
    if type(asked) ~= 'string' then asked = tlab.json.pretty(asked) end
    parts[#parts + 1] = text.fence(asked, 'text') .. '\n'
    if row.error then
      parts[#parts + 1] = ('**No answer** (%s):\n\n'):format(row.error.code)
        .. text.fence(row.error.message, 'text')
    else
      parts[#parts + 1] = text.fence(answer_of(row))
      if row.finish_reason == 'length' then parts[#parts + 1] = '\nCut at `max_tokens`.\n' end
    end
  end
  return table.concat(parts)
end

local function write_files(run, results)
  for _, result in ipairs(results) do
    if not result.err then
      local row = result.row
      local content, kind = answer_of(row)
      local prompt = row.prompt and ('-prompt-%d'):format(row.prompt) or ''
      run:write(('answers/case-%04d%s-sample-%d.%s'):format(row.case, prompt, row.sample,
        kind == 'json' and 'json' or 'txt'), content)
    end
  end
end

-- All answers are kept; a missing one still makes the run a failed one.
local function check(results)
  local failed, first = 0, nil
  for _, result in ipairs(results) do
    if result.err then
      failed, first = failed + 1, first or result
    end
  end
  if not first then return end
  local code = first.err.code
  error {
    code = (code == 'NOT_RECORDED' or code == 'INVALID') and code or 'PROVIDER', hint = first.err.hint,
    message = ('%d of %d answers failed; the first, %s: %s')
      :format(failed, #results, label_of(first.question), first.err.message),
  }
end

return {
  name = 'ai',
  summary = 'Ask a language model: each case × prompt × sample, all answers in one table.',
  home = 'ai-team/artifacts',
  spec = 'schemas/spec.schema.json',
  needs = { net = { '$spec.model.base_url' }, secret = { '$spec.model.key' } },
  run = function(run, spec)
    run:note('params', spec.params or {})
    local results = ask(run, spec, questions_of(spec))
    local rows = {}
    for i, result in ipairs(results) do rows[i] = result.row end
    run:write_jsonl('answers.jsonl', rows)
    run:write('answers.md', page_of(run, spec, results))
    if spec.answer_files then write_files(run, results) end
    check(results)
  end,
}
