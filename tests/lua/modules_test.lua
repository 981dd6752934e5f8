local t = require 'harness'
local core = require 'core'
local recipes = require 'host.run.recipe'

t.test('a recipe gets the text of just those modules that are in the binary as text', function()
  local find = recipes.modules { root = '/nowhere' }
  local given, all = 0, 0
  for _, file in ipairs(core.embedded_names()) do
    local name = file:match '^(.*)%.lua$'
    if name and name:match '^host/' and not name:find '/files/' then
      local found = find((name:gsub('/', '.')))
      t.eq(found ~= nil, core.embedded(file) ~= nil, file)
      given, all = given + (found and 1 or 0), all + 1
    end
  end
  t.ok(given > 5 and given < all / 2, given .. ' of ' .. all)
  t.ok(find 'tlab.llm' and find 'tlab.date')
  t.eq(find 'host.run.recipe', nil)
end)

return t.done()
