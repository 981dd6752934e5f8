--- Ask a language model. One call, one answer: what the server says of tokens, model and seed goes
--- into the manifest, failures that may pass are tried again.
---
---     local llm = require 'tlab.llm'
---     local reply = assert(llm.chat {
---       model = { base_url = 'http://127.0.0.1:8080/v1', name = 'smollm2' },
---       prompt = 'What is a monad?', params = { temperature = 0 }, seed = 7,
---     })
---     print(reply.text)
local openai = require 'tlab.llm.openai'
local price = require 'tlab.llm.price'
local retry = require 'tlab.llm.retry'
local server = require 'tlab.llm.server'
local text = require 'tlab.text'
local M = {}

---@class llm.Model
---@field base_url string as `http://127.0.0.1:8080/v1`
---@field name string? which model, where the server has several
---@field key string? the secret to send as a bearer token

---@class llm.Options
---@field model llm.Model
---@field prompt string? what to ask; or `messages`
---@field system string? goes before the prompt
---@field messages table[]? {role, content} in order
---@field params table? temperature, top_p, max_tokens (1024), stop …; `extra` is added as it is
---@field seed integer?
---@field response_schema table? JSON Schema that the answer must follow; it comes back as `json`
---@field stream boolean?
---@field on_text fun(piece: string)? the answer as it comes, when streaming
---@field timeouts table? {connect_ms, idle_ms, total_ms} of each try
---@field retries integer? tries after the first (default 4)
---@field cache_prompt boolean? false: llama.cpp starts each prompt afresh, order does not matter
---@field price table? see tlab.llm.price

---@class llm.Reply
---@field text string
---@field json any? the parsed answer, when a schema was given
---@field refusal string? where the model says why it will not answer
---@field finish_reason string? `length` means cut at max_tokens
---@field usage table {input, output, cached, total}; empty when the server does not count
---@field model string? the model that answered, by the server's word
---@field fingerprint string?
---@field cost table? {amount, currency}
---@field seed integer?
---@field attempts table[] {status or error, wait_ms} of each try

local function messages_of(o)
  if o.messages then
    return o.messages
  end
  local messages = {}
  if o.system then
    messages[1] = { role = 'system', content = o.system }
  end
  messages[#messages + 1] = { role = 'user', content = o.prompt }
  return messages
end

local function check(o)
  if type(o) ~= 'table' or type(o.model) ~= 'table' or type(o.model.base_url) ~= 'string' then
    error('llm.chat wants model = { base_url = … }', 3)
  elseif not o.messages and type(o.prompt) ~= 'string' then
    error('llm.chat wants a prompt or messages', 3)
  end
end

local function read_all(handle)
  local parts = {}
  while true do
    local bytes, err = tlab.http.next(handle)
    if err then
      return nil, err
    end
    if not bytes then
      return table.concat(parts)
    end
    parts[#parts + 1] = bytes
  end
end

local function read_stream(handle, on_text)
  local stream = openai.stream(on_text)
  while true do
    local bytes, err = tlab.http.next(handle)
    if err then
      return nil, err
    end
    if not bytes then
      break
    end
    if not stream:feed(bytes) then
      tlab.http.close(handle)
      break
    end
  end
  return stream:finish()
end

local function is_stream(response)
  local kind = retry.header(response.headers, 'content-type') or ''
  return kind:lower():find('text/event-stream', 1, true) ~= nil
end

-- One try: an answer, or nil and a failure.
local function try(o, request)
  local response, err
  if o.stream then
    response, err = tlab.http.open(request)
    if response and response.status == 200 and is_stream(response) then
      local answer, failure = read_stream(response.handle, o.on_text)
      return answer, failure, 200
    elseif response then -- a refusal, or a server that does not stream
      response.body, err = read_all(response.handle)
    end
  else
    response, err = tlab.http.send(request)
  end
  if not response or not response.body then
    return nil, err, response and response.status
  end
  if response.status ~= 200 then
    return nil, openai.refusal(response.status, response.headers, response.body), response.status
  end
  local answer, failure = openai.whole(response.body)
  return answer, failure, 200
end

-- What judges answers by a schema. Servers take a schema and may yet ignore it.
local judges = {}
---@return table? judge, table? err
local function judge_of(response_schema)
  local judge, err = judges[response_schema], nil ---@type table?, table?
  if not judge then
    judge, err = require('tlab.schema').compile(response_schema)
    judges[response_schema] = judge
  end
  return judge, err
end

local function misfits(errors)
  local list = {}
  for i, e in ipairs(errors) do
    list[i] = e.pointer == '' and e.message or ('%s: %s'):format(e.pointer, e.message)
  end
  return text.one_line(table.concat(list, '; '))
end

-- The answer of a schema is its JSON; one that was cut, is none or does not fit is a failure.
local function parse(answer, judge)
  if not judge then
    return true
  end
  local function no(message)
    return nil, { code = 'PROVIDER', message = message }
  end
  if answer.refusal then
    return no('the model refused: ' .. text.one_line(answer.refusal))
  end
  if answer.finish_reason == 'length' then
    return no('the answer was cut at max_tokens, so it is not whole JSON; raise params.max_tokens')
  end
  local value, err = tlab.json.decode(answer.text)
  if err then
    return no(
      ("the answer is not JSON, though a schema was given: '%s'"):format(
        text.one_line(answer.text, 120)
      )
    )
  end
  local verdict = judge:check(value)
  if verdict ~= true then
    return no('the answer does not fit the schema: ' .. misfits(verdict))
  end
  answer.json = value
  return true
end

local function hint_of(o, failure)
  if failure.status == 401 and not o.model.key then
    return '"model": { "key": "NAME" } in the spec, and NAME=… in secrets/.env.lab'
  elseif failure.status == 404 and not o.model.base_url:find('/v%d') then
    return ('"base_url": "%s/v1"'):format(openai.base(o.model.base_url))
  end
  return nil
end

local function give_up(o, failure, attempts, why)
  local notes = {}
  if #attempts > 1 then
    notes[1] = ('%d tries'):format(#attempts)
  end
  notes[#notes + 1] = why
  local message = failure.message
  if failure.code == 'PROVIDER' then
    local status = failure.status and (' answered ' .. failure.status) or ''
    message = ('%s%s: %s'):format(openai.base(o.model.base_url), status, message)
  end
  if #notes > 0 then
    message = ('%s (%s)'):format(message, table.concat(notes, '; '))
  end
  return nil,
    {
      code = failure.code,
      message = message,
      status = failure.status,
      attempts = attempts,
      hint = hint_of(o, failure),
    }
end

local function random()
  return tlab.rand.bytes(1):byte() / 256
end

-- What is said of a failure that will be tried again: once, however often it comes.
local function complaint(failure)
  if not failure.status then
    return failure.message
  end
  return ('the server answered %d: %s'):format(failure.status, failure.message)
end

-- Tries until there is an answer or no sense in another try.
local function persist(o, request)
  local policy, attempts, said = retry.new(o.retries), {}, nil
  while true do
    local answer, failure, status = try(o, request)
    if answer then
      attempts[#attempts + 1] = { status = status }
      return answer, nil, attempts
    end
    local wait, why = policy:wait(failure, tlab.clock.now, random)
    attempts[#attempts + 1] = { status = status, error = failure.code, wait_ms = wait }
    if not wait then
      return nil, failure, attempts, why
    end
    local what = complaint(failure)
    if what ~= said then
      tlab.talk.say(('%s; trying again in %.1f s'):format(what, wait / 1000))
      said = what
    end
    tlab.clock.sleep(wait)
  end
end

local noted_seeds = {} -- a seed that many answers share is one fact

local function note_seed(seed)
  if seed and not noted_seeds[seed] then
    noted_seeds[seed] = true
    tlab.run.note('seed', { seed = seed })
  end
end

local function note(o, answer)
  server.note(o.model, answer)
  if answer.usage.input then
    tlab.run.note('usage', {
      input = answer.usage.input,
      output = answer.usage.output or 0,
      cached = answer.usage.cached,
    })
  end
  note_seed(o.seed)
  answer.cost = price.cost(o.price, answer.usage)
  if answer.cost then
    tlab.run.note('cost', answer.cost)
  end
end

---Asks once and waits for the answer.
---@param o llm.Options
---@return llm.Reply?
---@return table? err {code, message, status?, attempts, hint?}; code PROVIDER, NETWORK, TIMEOUT …
function M.chat(o)
  check(o)
  local judge
  if o.response_schema then
    local wrong
    judge, wrong = judge_of(o.response_schema)
    if not judge then
      wrong.message, wrong.attempts = 'response_schema: ' .. wrong.message, {}
      return nil, wrong
    end
  end
  local request = openai.request(o, messages_of(o))
  local answer, failure, attempts, why = persist(o, request)
  if not answer then
    return give_up(o, failure, attempts, why)
  end
  note(o, answer)
  local ok
  ok, failure = parse(answer, judge)
  if not ok then
    return give_up(o, failure, attempts)
  end
  answer.attempts, answer.seed = attempts, o.seed
  return answer
end

return M
