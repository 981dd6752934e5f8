local t = require 'harness'
local parse = require 'host.cmd.parse'
local tables = require 'host.cmd.commands'

--- Parses a whole line as the command line does.
local function line(...)
  local split, err = parse.split({ ... }, tables)
  if not split then
    return nil, err
  end
  local command = tables.find(split.command)
  local options
  options, err = parse.options(split, tables, command)
  if not options then
    return nil, err
  end
  return { command = split.command, words = split.words, options = options }
end

t.test('options stand before or after the command, with "=" or a space', function()
  for _, words in ipairs {
    { 'run', '--seed=7', 'a.lua', 'spec.json' },
    { '--seed', '7', 'run', 'a.lua', 'spec.json' },
    { 'run', 'a.lua', 'spec.json', '--seed', '7' },
    { '--seed=7', 'run', 'a.lua', 'spec.json' },
  } do
    t.eq(line(table.unpack(words)), {
      command = 'run',
      words = { 'a.lua', 'spec.json' },
      options = { seed = 7 },
    })
  end
end)

t.test('lists come by commas and by repeating', function()
  local got = line('run', 'a.lua', '--allow-net=a:1,b', '--allow-net', 'c')
  t.eq(got.options, { allow_net = { 'a:1', 'b', 'c' } })
end)

t.test('"--" ends the options, "-" is a word, key=value are words', function()
  t.eq(
    line('hash', '--', '--json', '-'),
    { command = 'hash', words = { '--json', '-' }, options = {} }
  )
  t.eq(line('hash', '-').words, { '-' })
  t.eq(line('run', 'a.lua', 'x=-1', 'y=--json').words, { 'a.lua', 'x=-1', 'y=--json' })
end)

t.test('short options', function()
  t.eq(line('-q', 'run', '-v', 'a.lua').options, { quiet = true, verbose = true })
end)

t.test('sizes', function()
  for text, bytes in pairs { ['512M'] = 536870912, ['1G'] = 1 << 30, ['4K'] = 4096, ['77'] = 77 } do
    t.eq(line('run', 'a', '--limit-memory=' .. text).options.limit_memory, bytes)
  end
end)

t.test('wrong use is told with what was meant', function()
  for _, row in ipairs {
    {
      { 'run', '--allow-nte=x' },
      'tlab run has no option %-%-allow%-nte, did you mean %-%-allow%-net%?',
    },
    { { 'run', '--zzzzzzzz' }, 'tlab run has no option %-%-zzzzzzzz$' },
    { { 'run', '-x' }, 'no option %-x' },
    { { 'show', '--seed=1' }, 'tlab show has no option %-%-seed' },
    { { 'run', '--seed=x' }, '%-%-seed: "x" is not a whole number' },
    { { 'run', '--seed=-1' }, 'not a whole number' },
    { { 'run', '--seed=' }, 'not a whole number' },
    { { 'run', '--seed=99999999999999999999' }, 'not a whole number' },
    { { 'run', '--seed' }, '%-%-seed needs a value: %-%-seed=N' },
    { { 'run', '--limit-memory=1X' }, 'not a number of bytes' },
    { { 'run', '--limit-memory=99999999999999999999G' }, 'not a number of bytes' },
    { { 'run', '--allow-net=' }, 'none of them empty' },
    { { 'run', '--allow-net=a,,b' }, 'none of them empty' },
    { { 'run', '--offline=yes' }, '%-%-offline takes no value' },
    { { 'run', '--color=pink' }, 'not one of auto, always, never' },
    { { 'replay', '--with=' }, 'not a value that is not empty' },
  } do
    local got, err = line(table.unpack(row[1]))
    t.eq(got, nil, table.concat(row[1], ' '))
    t.eq(err.code, 'USAGE')
    t.ok(err.message:find(row[2]), err.message .. ' has ' .. row[2])
  end
end)

t.test('as many words as the command takes', function()
  t.ok(parse.count(tables.find 'run', { 'a', 'b', 'c' }))
  local ok, err = parse.count(tables.find 'run', {})
  t.eq(ok, nil)
  t.ok(err.message:find 'too few words, expected: tlab run %[OPTIONS%] RECIPE')
  ok, err = parse.count(tables.find 'show', { 'a', 'b' })
  t.eq(ok, nil)
  t.ok(err.message:find 'too many words %("b"%)')
end)

t.test(
  'the table is whole: every command has its file, help and an example, every option is used',
  function()
    local used, there = {}, {}
    for _, name in ipairs(require('core').embedded_names()) do
      there[name] = true
    end
    for _, command in ipairs(tables.commands) do
      t.ok(there['host/cmd/' .. (command.module or command.name) .. '.lua'], command.name)
      t.ok(command.summary and command.usage and command.examples[1], command.name)
      for _, name in ipairs(parse.accepted(tables, command)) do
        t.ok(tables.options[name], name)
        used[name] = true
      end
    end
    for name, option in pairs(tables.options) do
      t.ok(used[name], name .. ' is taken by a command')
      t.ok(option.help and (option.kind == 'flag') == (option.value == nil), name)
    end
  end
)

return t.done()
