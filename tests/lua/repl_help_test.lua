local t = require 'harness'
local core = require 'core'
local complete = require 'host.repl.complete'
local examples = require 'host.repl.examples'
local help = require 'host.repl.help'
local pages = require 'host.repl.pages'

-- Of the command line's own recipes, and of tests.
local INTERNAL = { schema = true, runs = true, artifacts = true, test = true }

--- The answer to a line that asks for help: its text, or the error.
local function asked(line)
  local text
  local prompt = {
    print = function(_, said)
      text = said
    end,
  }
  local is_own, err = help.answer(prompt, line)
  return is_own, text, err
end

t.test('every operation that a recipe may ask for has an example, which is Lua', function()
  local known = {}
  for _, op in ipairs(core.ops()) do
    if pages.is_for_recipes(op) then
      known[op.name] = true
      local example = examples[op.name]
      t.ok(example, op.name)
      t.ok(example:find('tlab.' .. op.name, 1, true), example)
      t.ok(load('return ' .. example, '=x', 't', {}) or load(example, '=x', 't', {}), example)
    end
  end
  for name in pairs(examples) do
    t.ok(known[name], name .. ' is an operation')
  end
end)

t.test('each function of the library has a page with an example that the tests try', function()
  for _, file in ipairs(core.embedded_names()) do
    local name = file:match '^tlab/([%w_]+)%.lua$'
    if name and not INTERNAL[name] then
      for _, fn in ipairs((pages.functions(core.embedded(file)))) do
        local page = pages.library('tlab.' .. name, fn)
        t.ok(fn.owner ~= 'M' or page:find(' --> ', 1, true), page)
      end
    end
  end
end)

t.test('an operation: signature, permit, what it answers, an example', function()
  local _, text = asked '?tlab.fs.read'
  t.eq(
    text,
    [[
tlab.fs.read(path: string, max?: integer)
  Read a whole file; at most `max` bytes (default 64 MiB).
  answers   string, or nil and an error
  permit    the run's folder and lab:… are free, other paths need --allow-read=PATH
  example   tlab.fs.read 'lab:lab.json'
]]
  )
end)

t.test('what maps hold is told, a parameter by the name of a type is none', function()
  local _, text = asked '?tlab.text.diff'
  t.eq(
    text:match '[^\n]*',
    'tlab.text.diff(a: string, b: string, how?: '
      .. '{ from?: string, to?: string, context?: integer })'
  )
  _, text = asked '?tlab.text'
  t.ok(text:find('tlab.text.diff(a, b, how?)', 1, true), text)
end)

t.test('all ways to ask mean the same; what only looks like one goes to the worker', function()
  local _, page = asked '?run:write'
  for _, line in ipairs {
    '? run.write ',
    'help(run.write)',
    'help( run:write );',
    'help run.write',
    "help 'run.write'",
    'help("run:write")',
  } do
    local _, text = asked(line)
    t.eq(text, page, line)
  end
  for _, line in ipairs { 'help = 1', 'helper()', 'x = help', 'help(f(1))', 'help(x).y' } do
    t.eq(asked(line), false, line)
  end
end)

t.test('pages of modules, families, error codes, Lua itself, and of all', function()
  for line, word in pairs {
    ['?tlab.csv'] = '.decode(',
    ['?tlab.csv.decode'] = ' --> ',
    ['?tlab.hash'] = 'tlab.hash.file',
    ['?NOT_FOUND'] = 'exit code',
    ['?string.format'] = '#pdf-string.format',
    ['?pcall'] = '#pdf-pcall',
    ['?tlab.secret'] = 'authorization',
    ['?run'] = "run'latest'",
    ['?'] = ':save FILE',
    help = ':save FILE',
  } do
    local _, text = asked(line)
    t.ok(text and text:find(word, 1, true), line .. ': ' .. tostring(text))
  end
end)

t.test('a name that nothing has, and the one that was meant', function()
  local is_own, text, err = asked '?tlab.fs.raed'
  t.eq({ is_own, text, err.code, err.hint }, { true, nil, 'NOT_FOUND', '?tlab.fs.read' })
  err = select(3, asked '?zzzzzzzzzzzzz')
  t.eq(err.message, 'there is no help on zzzzzzzzzzzzz')
end)

local looked
local session = {
  look = function(_, what)
    looked = what
    return { { name = 'read', type = 'function' }, { name = 'root', type = 'string' } }
  end,
}

local ROOT = t.folder()

local function completed(line, more)
  local prompt = {
    session = session,
    entry = {},
    lab = { root = ROOT },
    run = { dir = ROOT .. '/run' },
  }
  for name, value in pairs(more or {}) do
    prompt[name] = value
  end
  return complete.line(prompt, line, #line)
end

t.test('fields and methods are asked of the worker', function()
  t.eq(completed 'x = tlab.fs.r', { from = 13, words = { 'read', 'root' } })
  t.eq(looked, { way = { 'tlab', 'fs' }, prefix = 'r' })
  t.eq(completed('run:').words, { 'read' })
  t.eq(looked, { way = { 'run' }, prefix = '' })
  t.eq(completed('ret').words, { 'read', 'root', 'return' })
  t.eq(completed('x = s..re').from, 8)
  t.eq(looked, { way = {}, prefix = 're' })
  for _, line in ipairs { 'x = 12', "('x'):re", 't[1].re', 'f().re', '1..', '12e', 'x = ::re' } do
    t.eq(completed(line), nil, line)
  end
  t.eq(completed 'x = ', nil)
end)

t.test('commands of the session, at the beginning of a line only', function()
  t.eq(completed ':sa', { from = 1, words = { ':save' } })
  t.eq(completed('  :t'), { from = 3, words = { ':time' } })
  t.ok(#completed(':').words > 5)
end)

t.test('files in quotes: of the run, of the lab, of the machine; modules behind require', function()
  for _, dir in ipairs { '/run', '/specs', '/lua' } do
    assert(core.fs.make(ROOT .. dir, 448))
  end
  for _, file in ipairs { '/run/rows.csv', '/specs/ai.json', '/.hidden', '/lua/mine.lua' } do
    assert(core.fs.write(ROOT .. file, 'x'))
  end
  t.eq(completed "f('ro", { from = 4, words = { 'rows.csv' } })
  t.eq(completed("f 'lab:").words, { 'lab:lua/', 'lab:run/', 'lab:specs/' })
  t.eq(completed('f "lab:specs/').words, { 'lab:specs/ai.json' })
  t.eq(completed("f('x', '" .. ROOT .. '/s').words, { ROOT .. '/specs/' })
  t.eq(completed("require 'mi").words, { 'mine' })
  t.eq(completed("require('tlab.cs").words, { 'tlab.csv' })
  t.eq(completed "f('it\\'s ro", { from = 4, words = {} })
  t.eq(completed "f('x').", nil)
end)

core.fs.purge(ROOT)
return t.done()
