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

t.test("the worker's own Lua is no module, and a lab cannot put its own in its place", function()
  local folder = t.folder()
  assert(core.fs.parents(folder .. '/lua/tlab/worker'))
  assert(core.fs.replace(folder .. '/lua/tlab/worker/mine.lua', 'return 1'))
  assert(core.fs.replace(folder .. '/lua/tlab/workers.lua', 'return 1'))
  local find = recipes.modules { root = folder }
  t.eq(find('tlab.workers').source, 'return 1')
  t.eq(find 'tlab.worker.mine', nil)
  t.eq(find 'tlab.worker.run', nil)
  core.fs.purge(folder)
end)

t.test('what is near a module that is not there', function()
  local function near(name)
    local _, err = recipes.modules { root = '/nowhere' }(name)
    t.eq(err.code, 'NOT_FOUND')
    return err.message:match "; did you mean '(.-)'%?$"
  end
  t.eq(near 'tlab.chrt', 'tlab.chart')
  t.eq(near 'tlab/chart', 'tlab.chart')
  t.eq(near 'tlab.chart.lua', 'tlab.chart')
  t.eq(near 'tlab.worker.rum', nil) -- those are not for recipes
  t.eq(near 'host.run.recipe', nil)
  t.eq(near 'io', nil)
end)

return t.done()
