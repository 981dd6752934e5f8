local t = require 'harness'
local codes = require 'host.explain.codes'
local core = require 'core'
local pages = require 'host.explain.pages'
local parse = require 'host.cmd.parse'
local tables = require 'host.cmd.commands'
local view = require 'host.view.explain'

t.test('every error code has a page, and every page is one of an error code', function()
  local names = {}
  for _, code in ipairs(core.codes()) do
    names[code.name] = true
    t.ok(pages[code.name], code.name .. ' has no page')
  end
  for name in pairs(pages) do
    t.ok(names[name], name .. ' is no error code')
  end
end)

t.test('a page says what it means, what is behind it and what to type', function()
  for name, page in pairs(pages) do
    t.ok(page.means:match '%.$', name)
    t.ok(#page.causes > 0 and #page.type > 0, name)
    for _, each in ipairs(page.type) do
      t.ok(each[1] and each[2], name)
    end
  end
end)

--- What the command line says against a line that is shown, or nil.
local function fault_of(line)
  local args = {}
  for word in line:gmatch '%S+' do
    args[#args + 1] = word
  end
  local split, err = parse.split({ table.unpack(args, 2) }, tables)
  local command = split and tables.find(split.command)
  if not command then
    return err and err.message or 'no such command'
  end
  local ok
  ok, err = parse.options(split, tables, command)
  if ok then
    ok, err = parse.count(command, split.words)
  end
  return not ok and err.message or nil
end

t.test('what a page says to type is what the command line takes', function()
  for name, page in pairs(pages) do
    for _, each in ipairs(page.type) do
      if each[1]:match '^tlab ' then
        t.eq(fault_of(each[1]), nil, name .. ': ' .. each[1])
      end
    end
  end
  t.ok(fault_of 'tlab shwo latest')
  t.ok(fault_of 'tlab show latest --seed=1')
  t.ok(fault_of 'tlab show')
end)

t.test('examples of commands too', function()
  for _, command in ipairs(tables.commands) do
    for _, example in ipairs(command.examples) do
      local line = example[1]:gsub(' [<>] .*', ''):gsub('(["\']).-%1', 'x')
      if tables.find(line:match '^tlab (%S+)') then
        t.eq(fault_of(line), nil, line)
      end
    end
  end
end)

t.test('no line of a page is wider than a terminal', function()
  for _, code in ipairs(codes.all()) do
    for line in view.page(code):gmatch '[^\n]+' do
      t.ok(utf8.len(line) <= 100, line)
    end
  end
end)

t.test('a code is found by what stands in a message, by its number, and by near', function()
  t.eq(codes.of('NOT_FOUND')[1].name, 'NOT_FOUND')
  t.eq(codes.of('not-found')[1].name, 'NOT_FOUND')
  t.eq(codes.of('error[NOT_FOUND]')[1].name, 'NOT_FOUND')
  t.eq(codes.of('error[NOT_FOUND]:')[1].name, 'NOT_FOUND')
  t.eq(#codes.of '7', 2)
  local found, near = codes.of 'not_fuond'
  t.eq(found, nil)
  t.eq(near, 'NOT_FOUND')
  t.eq(select(2, codes.of 'xyzzy'), nil)
end)

return t.done()
