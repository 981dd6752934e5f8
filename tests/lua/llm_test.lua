local t = require 'harness'
local fake = require 'fake_tlab'

local llm = require 'tlab.llm'

local name = 'smollm2-135m-instruct-q4_1'
local root, base, model

-- A world with a server of its own: the module remembers what servers said of themselves.
local count = 0
local function install(script, gets, piece)
  count = count + 1
  root = 'http://127.0.0.1:' .. 8000 + count
  base = root .. '/v1'
  model = { base_url = base .. '/', name = name }
  local by_url = {}
  for path, response in pairs(gets or {}) do
    by_url[root .. path] = response
  end
  return fake.install(script, by_url, piece)
end

local function chat(options)
  options.model = options.model or model
  options.prompt = options.prompt or 'What is the capital of France?'
  return llm.chat(options)
end

local function sent(world, n)
  return tlab.json.decode(world.posts[n or 1].body)
end

local function notes(world, kind)
  local list = {}
  for _, note in ipairs(world.notes) do
    if note[1] == kind then
      list[#list + 1] = note[2]
    end
  end
  return list
end

t.test('a whole answer of llama.cpp, and what its server says', function()
  local world = install({ fake.recorded '07-chat-simple' }, {
    ['/v1/models'] = fake.recorded '03-models',
    ['/props'] = fake.recorded '04-props',
  })
  local reply, err = chat {
    system = 'Be brief.',
    seed = 7,
    params = { temperature = 0 },
    price = { input_per_million = 1, output_per_million = 2 },
  }
  t.eq(err, nil)
  t.eq(reply.text, 'The capital of France is Paris.')
  t.eq(reply.finish_reason, 'stop')
  t.eq(reply.usage, { input = 32, output = 8, cached = 0, total = 40 })
  t.eq(reply.fingerprint, 'b0-unknown')
  t.eq(reply.attempts, { { status = 200 } })
  t.eq(reply.cost, { amount = 48 / 1e6, currency = 'USD' })
  local request = world.posts[1]
  t.eq(request.url, base .. '/chat/completions')
  t.eq(request.headers.authorization, nil)
  t.eq(sent(world), {
    model = name,
    seed = 7,
    temperature = 0,
    max_tokens = 1024,
    messages = {
      { role = 'system', content = 'Be brief.' },
      { role = 'user', content = 'What is the capital of France?' },
    },
  })
  local it = notes(world, 'model')[1]
  t.eq({ it.asked, it.answered, it.fingerprint }, { name, name, 'b0-unknown' })
  t.eq(
    { it.owned_by, it.server, it.model_ftype, it.meta.n_params },
    { 'llamacpp', 'llama.cpp', 'Q4_1', 134515008 }
  )
  t.eq(it.model_path, nil)
  t.eq(notes(world, 'usage'), { { input = 32, output = 8, cached = 0 } })
  t.eq(notes(world, 'seed'), { { seed = 7 } })
  t.eq(#notes(world, 'cost'), 1)
  t.eq(world.said, {})
end)

t.test('the server is asked about itself once', function()
  local world = install {
    fake.answer('a', { model = 'm' }),
    fake.answer('b', { model = 'm' }),
  }
  t.ok(chat { model = { base_url = base } })
  llm.chat { model = { base_url = base }, prompt = 'again' }
  t.eq(world.gets, { base .. '/models' })
  t.eq(notes(world, 'model'), { { answered = 'm' } })
end)

t.test('another model than asked is said and noted', function()
  local world = install { fake.recorded '37-wrong-model-name' }
  t.ok(chat { model = { base_url = base, name = 'gpt-9' } })
  t.eq(#world.said, 1)
  t.ok(world.said[1]:find("'gpt-9'", 1, true) and world.said[1]:find(name, 1, true))
  t.eq(notes(world, 'model')[1].asked, 'gpt-9')
end)

t.test('a key goes into a header as a handle', function()
  local world = install { fake.answer 'x' }
  t.ok(chat { model = { base_url = base, key = 'LLM_KEY' } })
  t.eq(world.posts[1].headers.authorization, { 'Bearer ', { secret = 'LLM_KEY' } })
end)

t.test('messages, parameters, extra ones, and what takes the place of max_tokens', function()
  local world = install { fake.answer 'x', fake.answer 'x', fake.answer 'x' }
  local messages = { { role = 'user', content = 'hi' } }
  chat {
    messages = messages,
    cache_prompt = false,
    params = { top_p = 0.5, stop = { '.' }, max_tokens = 5, extra = { n_probs = 1 } },
  }
  t.eq(sent(world), {
    model = name,
    messages = messages,
    cache_prompt = false,
    top_p = 0.5,
    stop = { '.' },
    max_tokens = 5,
    n_probs = 1,
  })
  chat { params = { extra = { max_completion_tokens = 9, reasoning_effort = 'low' } } }
  t.eq({ sent(world, 2).max_tokens, sent(world, 2).max_completion_tokens }, { nil, 9 })
  chat { params = { temperature = 1, extra = { temperature = tlab.json.null, logprobs = false } } }
  t.eq({ sent(world, 3).temperature, sent(world, 3).logprobs }, { nil, false })
end)

t.test('streams of two servers, split anywhere', function()
  for _, piece in ipairs { 1, 7, 1000, 100000 } do
    for file, expected in pairs {
      ['24-stream-with-usage'] = { 'The capital of France is Paris.', 'stop', 8 },
      ['25-stream-without-usage'] = { 'The capital of France is Paris.', 'stop' },
      ['28-stream-cut-by-max-tokens'] = { 'Here are three things a lab', 'length', 6 },
      ['other-06-stream-with-usage'] = { 'The capital of France is Paris.', 'stop' },
    } do
      local world = install({ fake.recorded(file) }, {}, piece)
      local pieces = {}
      local reply, err = chat {
        stream = true,
        on_text = function(s)
          pieces[#pieces + 1] = s
        end,
      }
      t.eq(err, nil, file)
      t.eq({ reply.text, reply.finish_reason, reply.usage.output }, expected, name)
      t.eq(table.concat(pieces), reply.text)
      t.ok(#pieces > 3)
      t.eq(world.closed, 1)
      t.eq(sent(world).stream_options, { include_usage = true })
    end
  end
end)

t.test('a streamed answer in UTF-8 is the whole one', function()
  install({ fake.recorded '26-stream-utf8' }, {}, 1)
  local reply = chat { stream = true }
  t.ok(utf8.len(reply.text) < #reply.text)
end)

t.test('a server that answers a stream with one piece of JSON is understood', function()
  install { fake.recorded '07-chat-simple' }
  t.eq(chat({ stream = true }).text, 'The capital of France is Paris.')
end)

local function refused(options, response, code, pattern, tries)
  local script = {}
  for i = 1, 5 do
    script[i] = response
  end
  local world = install(script)
  local reply, err = chat(options)
  t.eq(reply, nil)
  t.eq(err.code, code)
  t.ok(err.message:find(pattern, 1, true), err.message)
  t.eq(#world.posts, tries, 'tries')
  t.eq(#err.attempts, tries)
  t.eq(#world.gets, 0)
  return err, world
end

t.test('faults of streams', function()
  local first = { choices = { { delta = { content = 'The' } } } }
  local function stream(pattern, code, tries, ...)
    return refused({ stream = true }, fake.events { first, ... }, code, pattern, tries)
  end
  stream('cut off after chunk 1', 'NETWORK', 5)
  stream('chunk 2 of the stream is not JSON: \'{"choices":\'', 'PROVIDER', 1, '{"choices":')
  stream('chunk 2', 'PROVIDER', 1, '"\xFF"')
  stream('answered 503: full', 'PROVIDER', 5, { error = { message = 'full', code = 503 } })
  stream(
    'answered 429: slow',
    'PROVIDER',
    5,
    { error = { message = 'slow', code = 'rate_limit_exceeded' } }
  )
  stream('no luck', 'PROVIDER', 1, { error = 'no luck' })
  local cut = fake.events { first }
  cut.cut = { code = 'NETWORK', message = 'the connection was cut' }
  refused({ stream = true }, cut, 'NETWORK', 'the connection was cut (5 tries)', 5)
end)

t.test('a stream that was cut is asked again from its start', function()
  local first = { choices = { { delta = { content = 'The' } } } }
  local world = install {
    fake.events { first },
    fake.events { first, { choices = { { delta = {}, finish_reason = 'stop' } } } },
  }
  local reply = chat { stream = true }
  t.eq(reply.text, 'The')
  t.eq(reply.attempts, { { status = 200, error = 'NETWORK', wait_ms = 500 }, { status = 200 } })
  t.eq(world.sleeps, { 500 })
end)

t.test('refusals are told in the words of the server', function()
  local err = refused(
    {},
    fake.recorded '51-error-401-wrong-key',
    'PROVIDER',
    '/v1 answered 401: Invalid API Key',
    1
  )
  t.ok(err.hint:find('secrets/.env.lab', 1, true))
  refused({}, fake.recorded 'other-09-error-401', 'PROVIDER', 'answered 401: ', 1)
  refused({}, fake.recorded 'other-07-error-bad-json', 'PROVIDER', 'answered 500: ', 2)
  refused({}, fake.recorded '41-error-400-context', 'PROVIDER', '4531 tokens', 1)
  refused({}, fake.recorded '46-error-500-image', 'PROVIDER', 'the same answer twice', 2)
  err = refused(
    { model = { base_url = 'http://h:1' } },
    { status = 404, headers = {}, body = 'no\27[2J' },
    'PROVIDER',
    "http://h:1 answered 404: 'no [2J'",
    1
  )
  t.eq(err.hint, '"base_url": "http://h:1/v1"')
end)

t.test('answers with 200 that are none', function()
  local function ok(body)
    return { status = 200, headers = {}, body = body }
  end
  refused({}, ok '<html>log in</html>', 'PROVIDER', "is not JSON: '<html>log in</html>'", 1)
  refused({}, ok '', 'PROVIDER', 'is not JSON: an empty answer', 1)
  refused({}, ok '{"choices":[{"mess', 'PROVIDER', 'is not JSON', 1)
  refused({}, ok '{"choices":[{"message":{"content":"\xFF"}}]}', 'PROVIDER', 'is not JSON', 1)
  refused({}, ok '{"choices":[]}', 'PROVIDER', 'has no choices', 1)
  refused({}, ok '[1]', 'PROVIDER', 'has no choices', 1)
  refused(
    {},
    ok '{"error":{"message":"no money","code":"insufficient_quota"}}',
    'PROVIDER',
    'no money',
    1
  )
end)

t.test('what the world does is tried again, what it will not do is not', function()
  local function err(code)
    return { err = { code = code, message = 'connection refused' } }
  end
  refused({}, err 'NETWORK', 'NETWORK', 'connection refused (5 tries)', 5)
  refused({ retries = 1 }, err 'NETWORK', 'NETWORK', 'connection refused (2 tries)', 2)
  refused({}, err 'TIMEOUT', 'TIMEOUT', 'connection refused (2 tries)', 2)
  refused({}, err 'REFUSED', 'REFUSED', 'connection refused', 1)
  refused({}, err 'NOT_RECORDED', 'NOT_RECORDED', 'connection refused', 1)
  refused({}, err 'DRY_RUN', 'DRY_RUN', 'connection refused', 1)
  local _, world = refused(
    {},
    { status = 503, headers = { { 'Retry-After', '3600' } }, body = 'x' },
    'PROVIDER',
    'it asks to wait until 2026-11-23 01:58:19 UTC',
    1
  )
  t.eq(world.sleeps, {})
end)

t.test('a loading model is waited for, with one line', function()
  local script = {}
  for i = 1, 9 do
    script[i] = fake.recorded '01-health-503-loading'
  end
  script[10] = fake.recorded '07-chat-simple'
  local world = install(script)
  local reply = chat {}
  t.eq(reply.text, 'The capital of France is Paris.')
  t.eq(#reply.attempts, 10)
  t.eq(#world.said, 1)
  t.ok(world.said[1]:find('Loading model', 1, true))
end)

t.test('a schema: parsed, cut, refused, not JSON', function()
  local schema = { type = 'object' }
  local world = install { fake.recorded '18-json-schema' }
  local reply = chat { response_schema = schema }
  t.eq(type(reply.json), 'table')
  t.eq(
    sent(world).response_format,
    { type = 'json_schema', json_schema = { name = 'answer', schema = schema, strict = true } }
  )
  local function no(response, pattern)
    world = install { response }
    local got, err = chat { response_schema = schema }
    t.eq(got, nil)
    t.eq(err.code, 'PROVIDER')
    t.ok(err.message:find(pattern, 1, true), err.message)
    t.eq(#notes(world, 'model'), 1, 'what was answered is noted all the same')
  end
  no(fake.recorded '19-json-schema-cut-by-max-tokens', 'cut at max_tokens')
  no(fake.answer 'Sure! {"a":1}', 'is not JSON')
  no(fake.answer '[1]', 'does not fit the schema: expected an object')
  no(
    fake.answer('', { choices = { { message = { refusal = 'I will not' } } } }),
    'refused: I will not'
  )
end)

t.test('content that is null or a list of parts', function()
  local function answer(content)
    return fake.answer('', { choices = { { message = { content = content } } } })
  end
  install { answer(tlab.json.null), answer { { type = 'text', text = 'a' }, { text = 'b' } } }
  t.eq(chat({}).text, '')
  t.eq(chat({}).text, 'ab')
end)

t.test('wrong use is an error', function()
  install {}
  t.err(function()
    llm.chat {}
  end, 'base_url')
  t.err(function()
    llm.chat { model = model }
  end, 'a prompt or messages')
end)

return t.done()
