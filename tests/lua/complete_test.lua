local t = require 'harness'
local complete = require 'host.cmd.complete'
local kinds = require 'host.cmd.complete_kinds'
local tables = require 'host.cmd.commands'

local function texts(...)
  local list = {}
  for i, each in ipairs(complete.words { ... }) do
    list[i] = each[1]
  end
  return list
end

local function has(list, text)
  for _, each in ipairs(list) do
    if each == text then
      return true
    end
  end
  return false
end

t.test('what the tables say a word or value is can be completed', function()
  for _, command in ipairs(tables.commands) do
    t.ok(command.words[2] == 0 or command.takes, command.name .. ' does not say what its words are')
    for _, kind in ipairs(command.takes or {}) do
      t.ok(kinds[kind], kind)
    end
  end
  for name, option in pairs(tables.options) do
    t.ok(not option.takes or kinds[option.takes], name)
  end
end)

t.test('the options of a command, each once, and none behind --', function()
  for _, command in ipairs(tables.commands) do
    local list = texts(command.name, '--')
    t.eq(#list, #command.options + #tables.global, command.name)
  end
  t.eq(texts('runs', '--rev'), { '--reverse' })
  t.eq(texts('runs', '--reverse', '--rev'), {})
  t.eq(texts('runs', '--tag=a', '--ta'), { '--tag=' })
  t.ok(not has(texts('show', '--', '--'), '--json'))
end)

t.test('values of options, as a word of their own and behind =', function()
  t.eq(texts('runs', '--status', 'f'), { 'failed' })
  t.eq(texts('runs', '--status=f'), { '--status=failed' })
  t.eq(texts('runs', '--seed=1'), {})
  t.eq(texts('hash', ''), { ':files' })
  t.eq(texts('run', '--seed'), { '--seed=' })
  t.eq(texts('run', '--seed', ''), {})
end)

t.test('no more words than a command takes, none of what is no command', function()
  t.eq(texts('ops', ''), {})
  t.eq(texts('explain', 'USAGE', ''), {})
  t.eq(texts('no-such', ''), {})
  t.eq(texts('run', '--no-such', 'x', '', 'y='), { ':files' })
end)

t.test('what means something to a shell or a terminal is not offered', function()
  local own = kinds.code
  kinds.code = function()
    return {
      { 'A;B' },
      { 'A$(x)' },
      { 'A`x`' },
      { 'A B' },
      { 'A\nB' },
      { 'A\27[2J' },
      { 'A\194\155x' },
      { 'A\255' },
      { 'A*' },
      { "A'" },
      { 'A<B' },
      { 'A~' },
      { 'Aé', 'one\tand\ntwo\27[2J\194\155' },
    }
  end
  local list = complete.words { 'explain', 'A' }
  kinds.code = own
  t.eq(#list, 1)
  t.eq(list[1], { 'Aé', 'one and two [2J ' })
end)

return t.done()
