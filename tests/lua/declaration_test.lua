local t = require 'harness'
local declaration = require 'host.spec.declaration'

local function recipe(change)
  local decl = { name = 'haiku', summary = 'One haiku.', home = 'ai-team/artifacts', run = true }
  for field, v in pairs(change or {}) do
    decl[field] = v
  end
  return declaration.check(decl, 'recipes/x.lua')
end

t.test('a recipe with all its fields passes', function()
  t.eq(recipe(), true)
  t.eq(recipe { spec = 'schemas/x.json', needs = {} }, true)
  t.eq(recipe { spec = { type = 'object' }, run = function() end }, true)
end)

t.test('each wrong field is named with its file', function()
  for field, wrong in pairs {
    name = 'Haiku',
    summary = 'two\nlines',
    home = '../up',
    run = 5,
    spec = 7,
    needs = 'net',
  } do
    local ok, err = recipe { [field] = wrong }
    t.eq(ok, nil)
    t.ok(err.message:find('^recipes/x.lua: the field ' .. field .. ' is .*, expected'), err.message)
  end
  for _, home in ipairs { '/abs', 'a//b', 'a/', '.', 'a/../b', '', '-x', '.git' } do
    t.eq(recipe { home = home }, nil, home)
  end
end)

t.test('all that is missing is told at once', function()
  local _, err = declaration.check({ sumary = 'x' }, 'r.lua')
  t.eq(err.message, 'r.lua is not a recipe yet: 5 things are wrong')
  t.eq(err.details[5], 'r.lua: unknown field sumary, did you mean "summary"?')
  _, err = declaration.check('text', 'r.lua')
  t.ok(err.message:find('^r.lua returns "text", expected a recipe'), err.message)
end)

t.test('the longest name and home', function()
  t.eq(
    declaration.check({
      name = ('n'):rep(64),
      summary = 's',
      home = ('h'):rep(200),
      run = true,
    }, 'r.lua'),
    true
  )
end)

local SOURCE = [[
-- summary = 'not this one'
local M = { run = 1 }
return {
  name = 'x', home == 'y',
  summary='y',
  nmae = 1,
}
]]

t.test('a mistake is on the line of its field, else on that of the table', function()
  t.eq(declaration.line(SOURCE, 'summary'), 5)
  t.eq(declaration.line(SOURCE, 'run'), 2)
  t.eq(declaration.line(SOURCE, 'home'), 3) -- == sets nothing
  t.eq(declaration.line(SOURCE, 'none'), 3)
  t.eq(declaration.line(SOURCE), 3)
  t.eq(declaration.line(SOURCE, 'a%b'), 3)
  t.eq(declaration.line('x = 1', 'y'), nil)
  t.eq(declaration.line(nil, 'y'), nil)
end)

t.test('mistakes with their lines, and what is returned instead of a table', function()
  local decl = { name = 'x', summary = 's', home = 'a', run = true, nmae = 1 }
  local _, err = declaration.check(decl, 'r.lua', SOURCE)
  t.eq(err.message, 'r.lua: unknown field nmae, did you mean "name"?')
  t.eq({ err.file, err.line, err.details }, { 'r.lua', 6 })
  decl.run = nil
  _, err = declaration.check(decl, 'r.lua', SOURCE)
  t.eq(err.message, 'r.lua is not a recipe yet: 2 things are wrong')
  t.eq(err.details[1], 'r.lua:3: the field run is missing: a function(run, spec)')
  for _, row in ipairs { { nil, 'nothing' }, { true, 'a function' }, { 7, '7' }, { {}, '{}' } } do
    local _, wrong = declaration.check(row[1], 'r.lua', SOURCE)
    t.ok(row[2] == '{}' or wrong.message:find('r.lua returns ' .. row[2], 1, true), wrong.message)
    t.eq(wrong.line, 3)
  end
end)

return t.done()
