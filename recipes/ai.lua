--- Ask a language model: each case × prompt × sample once, all answers in one table.
local llm = require 'tlab.llm'
local page = require 'tlab.llm.page'
local price = require 'tlab.llm.price'
local questions = require 'tlab.llm.questions'

-- A line of answers.jsonl. Nothing in it differs between two runs that got the same answers.
local function row_of(q, seed, reply, err)
  local row = {
    case = q.case,
    prompt = q.prompt,
    sample = q.sample,
    vars = q.vars,
    seed = seed,
    attempts = #((reply or err).attempts or {}),
  }
  if reply then
    row.finish_reason, row.usage = reply.finish_reason, reply.usage
    row.json = reply.json
    row.text = reply.json == nil and reply.text or nil
  else
    row.error = { code = err.code, message = err.message }
  end
  return row
end

-- Samples of one question differ by their seeds. Without one in the spec they come from the run's.
local function seed_of(spec, q, task)
  local first = spec.params and spec.params.seed
  return first and first + q.sample - 1 or task.seed & 0x7fffffff
end

-- What every question has in common.
local function options_of(run, spec)
  return {
    model = spec.model,
    params = spec.params,
    response_schema = spec.response_schema,
    cache_prompt = spec.cache_prompt,
    stream = spec.stream,
    timeouts = spec.timeouts,
    retries = spec.retries,
    price = spec.price or price.find(run.lab_prices, spec.model.name),
  }
end

-- Asks all questions; with one at a time, the terminal shows answers as they come.
local function ask(run, spec, list)
  local live = spec.stream and spec.concurrency == 1
  local show = live and tlab.talk.stream or function() end
  local done = 0
  return run:map(list, function(q, task)
    local options = options_of(run, spec)
    options.messages, options.seed = q.messages, seed_of(spec, q, task)
    options.on_text = show
    show(('— %s —\n'):format(questions.label(q)))
    local reply, err = llm.chat(options)
    show '\n'
    done = done + 1
    run:progress(done, #list, 'answers')
    return { question = q, row = row_of(q, options.seed, reply, err), err = err }
  end, { concurrency = spec.concurrency })
end

local function write_files(run, results)
  for _, result in ipairs(results) do
    if not result.err then
      local row = result.row
      local answer, kind = page.answer(row)
      local name = ('answers/case-%04d'):format(row.case)
        .. (row.prompt and ('-prompt-%d'):format(row.prompt) or '')
        .. ('-sample-%d.%s'):format(row.sample, kind == 'json' and 'json' or 'txt')
      run:write(name, answer)
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
  if not first then
    return
  end
  local err, label = first.err, questions.label(first.question)
  local own = err.code == 'NOT_RECORDED' or err.code == 'INVALID'
  error {
    code = own and err.code or 'PROVIDER',
    message = ('%d of %d answers failed; the first, %s: '):format(failed, #results, label)
      .. err.message,
    hint = err.hint,
  }
end

---@type tlab.Recipe
return {
  name = 'ai',
  summary = 'Ask a language model: each case × prompt × sample, all answers in one table.',
  home = 'ai-team/artifacts',
  spec = 'schemas/spec.schema.json',
  needs = { net = { '$spec.model.base_url' }, secret = { '$spec.model.key' } },
  run = function(run, spec)
    run:note('params', spec.params or {})
    local results = ask(run, spec, questions.list(spec))
    local rows = {}
    for i, result in ipairs(results) do
      rows[i] = result.row
    end
    run:write_jsonl('answers.jsonl', rows)
    run:write('answers.md', page.markdown(run.name, spec.model.name, results))
    if spec.answer_files then
      write_files(run, results)
    end
    check(results)
  end,
}
