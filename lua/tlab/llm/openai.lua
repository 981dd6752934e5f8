--- The wire form of OpenAI-compatible chat (llama.cpp, vLLM, Ollama's /v1, OpenAI): requests out,
--- answers in. Needs `choices[0]` and nothing else of an answer; asks nothing of the world.
local sse = require 'tlab.llm.sse'
local text = require 'tlab.text'
local M = {}

local function failure(message, more)
  local f = more or {}
  f.code, f.message = f.code or 'PROVIDER', message
  return f
end

local function map(v)
  return type(v) == 'table' and v or {}
end
local function str(v)
  return type(v) == 'string' and v or nil
end
local function count(v)
  return type(v) == 'number' and math.tointeger(v) or nil
end

local function headers_of(o)
  local headers = {
    ['content-type'] = 'application/json',
    accept = o.stream and 'text/event-stream' or 'application/json',
  }
  if o.model.key then
    headers.authorization = { 'Bearer ', tlab.secret(o.model.key) }
  end
  return headers
end

local function body_of(o, messages)
  local params = o.params or {}
  local body = { model = o.model.name, messages = tlab.json.array(messages) }
  for name, value in pairs(params) do
    if name ~= 'extra' then
      body[name] = value
    end
  end
  body.seed = o.seed or params.seed
  body.cache_prompt = o.cache_prompt
  if o.stream then
    body.stream, body.stream_options = true, { include_usage = true }
  end
  if o.response_schema then
    body.response_format = {
      type = 'json_schema',
      json_schema = { name = 'answer', schema = o.response_schema, strict = true },
    }
  end
  -- Without a bound a small model may run to the end of its context.
  local extra = params.extra or {}
  if not params.max_completion_tokens and not extra.max_completion_tokens then
    body.max_tokens = body.max_tokens or 1024
  end
  for name, value in pairs(extra) do
    if value == tlab.json.null then
      body[name] = nil
    else
      body[name] = value
    end
  end
  return body
end

---@param base_url string
---@return string without a slash at its end
function M.base(base_url)
  return (base_url:gsub('/+$', ''))
end

---@param o llm.Options
---@param messages table[] {role, content}
---@return table request for tlab.http
function M.request(o, messages)
  local timeouts = o.timeouts or {}
  return {
    method = 'POST',
    url = M.base(o.model.base_url) .. '/chat/completions',
    headers = headers_of(o),
    body = tlab.json.encode(body_of(o, messages)),
    timeout_ms = timeouts.total_ms,
    connect_timeout_ms = timeouts.connect_ms,
    -- A stream that says nothing for this long is dead; a whole answer is silent until it is there.
    idle_timeout_ms = timeouts.idle_ms or (o.stream and 300000 or nil),
  }
end

-- Servers put their message into {error: {message}}, {error: "…"}, {detail: "…"} or {message: "…"}.
local function message_of(value)
  local e = value.error
  return str(map(e).message) or str(e) or str(value.detail) or str(value.message)
end

local function first_bytes(body)
  return body == '' and 'an empty answer' or ("'%s'"):format(text.one_line(body, 120))
end

---An answer that is not 200, as a failure.
---@param status integer
---@param headers table[]
---@param body string
---@return table failure {code, message, status, headers, kind}
function M.refusal(status, headers, body)
  local value = map(tlab.json.decode(body))
  local e = map(value.error)
  local message = message_of(value)
  return failure(
    message and text.one_line(message) or first_bytes(body),
    { status = status, headers = headers, kind = str(e.code) or str(e.type) }
  )
end

-- An error object inside a 200. Its own code, where it is a status, decides about another try.
local function inner_error(value)
  local e = map(value.error)
  local status = count(e.code)
  local kind = str(e.code) or str(e.type)
  if not status and kind == 'rate_limit_exceeded' then
    status = 429
  end
  if not status and (kind == 'server_error' or kind == 'overloaded_error') then
    status = 503
  end
  local message = message_of(value) or tlab.json.encode(value.error)
  return failure(text.one_line(message), { status = status, kind = kind })
end

local function has_error(value)
  return value.error ~= nil and value.error ~= tlab.json.null
end

-- Content is a string, or a list of parts of which the text ones count.
local function content_of(message)
  if type(message.content) ~= 'table' then
    return str(message.content) or ''
  end
  local parts = {}
  for _, part in ipairs(message.content) do
    parts[#parts + 1] = str(map(part).text)
  end
  return table.concat(parts)
end

local function usage_of(value)
  local u = map(value.usage)
  local input, output = count(u.prompt_tokens), count(u.completion_tokens)
  if not input and not output then
    return {}
  end
  return {
    input = input,
    output = output,
    cached = count(map(u.prompt_tokens_details).cached_tokens),
    total = count(u.total_tokens) or (input or 0) + (output or 0),
  }
end

---A whole answer.
---@param body string
---@return table? answer {text, refusal?, finish_reason?, usage, model?, fingerprint?}
---@return table? failure
function M.whole(body)
  local value, err = tlab.json.decode(body)
  if type(value) ~= 'table' then
    local why = err and text.one_line(tostring(err.message or err)) or 'not an object'
    return nil, failure(('the answer is not JSON: %s (%s)'):format(first_bytes(body), why))
  end
  if has_error(value) then
    return nil, inner_error(value)
  end
  local choice = map(value.choices)[1]
  if type(choice) ~= 'table' then
    return nil, failure('the answer has no choices: ' .. first_bytes(body))
  end
  local message = map(choice.message)
  return {
    text = content_of(message),
    refusal = str(message.refusal),
    finish_reason = str(choice.finish_reason),
    usage = usage_of(value),
    model = str(value.model),
    fingerprint = str(value.system_fingerprint),
  }
end

local Stream = {}
Stream.__index = Stream

local function take_chunk(self, data)
  if self.failure or self.done then
    return
  end
  if data == '[DONE]' then
    self.done = true
    return
  end
  self.chunks = self.chunks + 1
  local value = tlab.json.decode(data)
  if type(value) ~= 'table' then
    self.failure =
      failure(('chunk %d of the stream is not JSON: %s'):format(self.chunks, first_bytes(data)))
  elseif has_error(value) then
    self.failure = inner_error(value)
  else
    self:add(value)
  end
end

---A streamed answer, to be fed with bytes.
---@param on_text fun(piece: string)?
function M.stream(on_text)
  local self =
    setmetatable({ pieces = {}, refusals = {}, chunks = 0, usage = {}, on_text = on_text }, Stream)
  self.events = sse.new(function(data)
    take_chunk(self, data)
  end)
  return self
end

function Stream:add(value)
  self.model = str(value.model) or self.model
  self.fingerprint = str(value.system_fingerprint) or self.fingerprint
  if type(value.usage) == 'table' then
    self.usage = usage_of(value)
  end
  local choice = map(map(value.choices)[1])
  local delta = map(choice.delta)
  local piece = str(delta.content)
  if piece and piece ~= '' then
    self.pieces[#self.pieces + 1] = piece
    if self.on_text then
      self.on_text(piece)
    end
  end
  self.refusals[#self.refusals + 1] = str(delta.refusal)
  self.finish_reason = str(choice.finish_reason) or self.finish_reason
end

---@param bytes string
---@return boolean more false when nothing more is wanted
function Stream:feed(bytes)
  self.events:feed(bytes)
  return not (self.failure or self.done)
end

---@return table? answer as of `whole`
---@return table? failure
function Stream:finish()
  self.events:finish()
  if self.failure then
    return nil, self.failure
  end
  if not self.done and not self.finish_reason then
    return nil,
      failure(
        ('the stream was cut off after chunk %d: no finish_reason, no [DONE]'):format(self.chunks),
        { code = 'NETWORK' }
      )
  end
  return {
    text = table.concat(self.pieces),
    refusal = #self.refusals > 0 and table.concat(self.refusals) or nil,
    finish_reason = self.finish_reason,
    usage = self.usage,
    model = self.model,
    fingerprint = self.fingerprint,
  }
end

return M
