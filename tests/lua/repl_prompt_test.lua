--- The person's side of a session, without a session and without a person.
local t = require 'harness'
local core = require 'core'
local commands = require 'host.repl.commands'
local history = require 'host.repl.history'
local permits = require 'host.repl.permits'
local prompt = require 'host.repl.prompt'

local DIR = t.folder()
local real_env, real_line, real_ask = core.env.get, core.term.line, core.term.ask

local function fresh()
  core.fs.purge(DIR)
  assert(core.fs.make(DIR, 448))
end

local function no_secret()
  return false
end

local function history_in(variables)
  core.env.get = function(name)
    return variables[name]
  end
  local opened, err = history.open()
  core.env.get = real_env
  return opened, err
end

t.test('history: for its owner alone, from one session to the next', function()
  fresh()
  local first, err = history_in { HOME = DIR }
  t.eq({ first.lines, err }, { {}, nil })
  t.ok(first:add('1 + 1', no_secret))
  t.ok(not first:add('1 + 1', no_secret), 'the same again')
  t.ok(first:add('caf\u{e9}', no_secret))
  t.eq(core.fs.stat(DIR .. '/.local/state/tlab/history').mode & 511, 384)
  t.eq(core.fs.stat(DIR .. '/.local/state/tlab').mode & 511, 448)
  t.eq(history_in({ HOME = DIR }).lines, { '1 + 1', 'caf\u{e9}' })
  t.eq(history_in({ HOME = DIR, XDG_STATE_HOME = DIR .. '/x' }).lines, {})
  t.ok(core.fs.stat(DIR .. '/x/tlab/history'))
end)

t.test('history: not what holds a secret, begins with a space, is too long or no line', function()
  fresh()
  local opened = history_in { HOME = DIR }
  local function is_secret(line)
    return line:find 'hunter2' ~= nil
  end
  for _, line in ipairs { 'x = "hunter2"', ' 1', '', ('x'):rep(5000), 'a\0b', 'a\nb' } do
    t.ok(not opened:add(line, is_secret), line:sub(1, 20))
  end
  t.ok(opened:add('x = 1', is_secret))
  t.eq(core.fs.read(DIR .. '/.local/state/tlab/history'), 'x = 1\n')
end)

t.test('history: a long one is cut to its newest lines', function()
  fresh()
  local path = DIR .. '/tlab/history'
  assert(core.fs.make(DIR .. '/tlab', 448))
  assert(core.fs.write(path, ('an old line of some length\n'):rep(20000) .. 'the last\n'))
  local opened = history_in { XDG_STATE_HOME = DIR }
  t.eq(#opened.lines, 1000)
  t.eq(opened.lines[1000], 'the last')
  t.ok(core.fs.stat(path).size < 30000)
  t.eq(core.fs.stat(path).mode & 511, 384)
end)

t.test(
  'history: a home that cannot be written to is told once, and the session has its own',
  function()
    fresh()
    assert(core.fs.write(DIR .. '/file', 'x'))
    for _, variables in ipairs { { HOME = DIR .. '/file' }, { HOME = 'relative' }, {} } do
      local opened, err = history_in(variables)
      t.ok(err and err.message ~= '')
      local kept, why = opened:add('1', no_secret)
      t.eq({ kept, why }, { true, nil })
      t.eq(opened.lines, { '1' })
    end
  end
)

--- A prompt whose lines are given, and what it says.
local function prompt_of(lines)
  local said = {}
  local at = prompt.new({ root = DIR }, {})
  at.person = true
  at.session = { look = function() end }
  function at.read()
    local line = table.remove(lines, 1)
    return type(line) == 'string' and line or nil, type(line) == 'table' and line[1] or 'end'
  end
  function at.say(_, text)
    said[#said + 1] = text
  end
  function at.print(_, text)
    said[#said + 1] = text
  end
  function at.tell(_, err)
    said[#said + 1] = err.code
  end
  return at, said
end

local function text_of(answer)
  return answer and answer.text
end

t.test('lines go to the worker, with the width of the terminal', function()
  local at = prompt_of { '', '  ', 'x = 1' }
  local answer = at:next(nil)
  t.eq({ answer.text, answer.width ~= nil }, { 'x = 1', true })
  t.eq(at:next {}, nil)
  t.eq(at.entries, { { text = 'x = 1', failed = false } })
end)

t.test('an entry of several lines is one; Ctrl-C drops it', function()
  local at = prompt_of { 'f(', '1)', 'g(', { 'interrupted' }, 'h()', { 'interrupted' }, ':quit' }
  t.eq(text_of(at:next(nil)), 'f(')
  t.eq(text_of(at:next { more = true }), '1)')
  local g = at:next {}
  t.eq({ g.text, g.drop }, { 'g(', nil })
  local h = at:next { more = true }
  t.eq({ h.text, h.drop }, { 'h()', true })
  t.eq(at:next {}, nil)
  t.eq(at.entries, { { text = 'f(\n1)', failed = false }, { text = 'h()', failed = false } })
end)

t.test('within an entry nothing is a command', function()
  local at = prompt_of { 'x = [[', ':quit', '?help', 'end]]' }
  at:next(nil)
  t.eq(text_of(at:next { more = true }), ':quit')
  t.eq(text_of(at:next { more = true }), '?help')
end)

t.test('the end of the input, a lost terminal and an error end the session', function()
  t.eq(prompt_of({}):next(nil), nil)
  t.eq(prompt_of({ { 'gone' } }):next(nil), nil)
  local err = { code = 'IO', message = 'm' }
  local answer, why = prompt_of({ { err } }):next(nil)
  t.eq({ answer, why }, { nil, err })
end)

t.test('a script ends with its first error, and with an entry that is not complete', function()
  local at = prompt_of { 'x', 'y' }
  at.person = false
  at:next(nil)
  t.eq(at:next { error = { code = 'RUN_FAILED', message = 'm' } }, { text = '', stop = true })
  at = prompt_of { 'f(' }
  at.person = false
  at:next(nil)
  t.eq(at:next { more = true }, { text = '', stop = true })
  at = prompt_of { ':nothing', 'x' }
  at.person = false
  t.eq({ at:next(nil), at.failed.code }, { nil, 'USAGE' })
end)

t.test('a person is told, and goes on', function()
  local at, said = prompt_of { ':nothing', ':time', ':save x', '?zzzzzzzzz', ':time f(1)' }
  local answer = at:next(nil)
  t.eq({ answer.text, answer.time }, { 'f(1)', true })
  t.eq(said, { 'USAGE', 'USAGE', 'USAGE', 'NOT_FOUND' })
end)

t.test('each command is in the help, with what it takes', function()
  for _, each in ipairs(commands.list) do
    t.ok(each.help ~= '' and each.name ~= '')
  end
  t.eq(commands.perform(prompt_of {}, ':sho').hint, ':show')
  t.eq(commands.perform(prompt_of {}, ':').hint, ':help')
  t.eq(text_of(prompt_of({ ': quit', 'x' }):next(nil)), nil)
  t.eq(text_of(prompt_of({ ':', '::again::' }):next(nil)), '::again::')
end)

t.test('what is missing is asked for: once, this session, always, or not', function()
  fresh()
  local text = '{ "schema": "tlab.lab/1" }\n'
  assert(core.fs.write(DIR .. '/lab.json', text))
  local questions, replies
  core.term.ask = function(question)
    questions[#questions + 1] = question
    return table.remove(replies, 1)
  end
  local function ask(subject, ...)
    questions, replies = {}, { ... }
    local at, said = prompt_of {}
    local how = permits.ask(at, { family = 'net', subject = subject, op = 'http.send' })
    return how, at, said
  end
  t.eq(ask('a:1', 'o'), 'once')
  t.ok(questions[1]:find('http.send wants network access to a:1', 1, true), questions[1])
  t.eq(ask('a:1', 'session'), 'session')
  t.eq(ask('a:1', 'n'), nil)
  t.eq(ask('a:1', ''), nil)
  t.eq(ask 'a:1', nil)
  t.eq(ask('a:1', 'about', 'O '), 'once')
  t.eq(#questions, 2)
  t.eq(core.fs.read(DIR .. '/lab.json'), text)
  local how, at = ask('a:1', 'a')
  local none = { net = {}, read = {}, run = {}, env = {} }
  t.eq(
    permits.text({ allow = none, deny = none }, at.granted),
    'net   nothing\nread  nothing\nrun   nothing\nenv   nothing\ngranted here: net a:1, always\n'
  )
  t.eq({ how, at.granted }, { 'always', { { family = 'net', item = 'a:1', how = 'always' } } })
  local kept = '{ "permits": {"allow": {"net": ["a:1"]}}, "schema": "tlab.lab/1" }\n'
  t.eq(core.fs.read(DIR .. '/lab.json'), kept)
  t.eq(ask('a:1', 'a'), 'always')
  t.eq(core.fs.read(DIR .. '/lab.json'), kept)
  ask('\27[2J\u{202e}x', 'n')
  t.ok(not questions[1]:find '\27' and not questions[1]:find '\u{202e}', questions[1])
  core.fs.remove(DIR .. '/lab.json')
  local instead, _, said = ask('b:1', 'a')
  t.eq({ instead, said }, { 'session', { 'NOT_FOUND' } })
  assert(core.fs.write(DIR .. '/lab.json', '{ "schema": "tlab.l')) -- as an editor leaves it
  instead, _, said = ask('b:1', 'a')
  t.eq({ instead, said }, { 'session', { 'INVALID' } })
  at = prompt_of {}
  at.person = false
  t.eq(permits.ask(at, { family = 'net', subject = 'a:1' }), nil)
  core.term.ask = real_ask
end)

t.test('of a folder all is allowed, and so it is said', function()
  fresh()
  local question
  core.term.ask = function(text)
    question = text
  end
  local function ask(subject)
    permits.ask(prompt_of {}, { family = 'read', subject = subject, op = 'fs.read' })
    return question:match '^[^\n]*'
  end
  t.eq(ask(DIR), 'fs.read wants reading ' .. DIR .. ', and all that lies in it')
  t.eq(ask(DIR .. '/x'), 'fs.read wants reading ' .. DIR .. '/x')
  core.term.ask = real_ask
end)

core.term.line = real_line
core.fs.purge(DIR)
return t.done()
