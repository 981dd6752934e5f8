--- tlab init: where no lab is made. Nothing here may write, whatever becomes of the guards.
local t = require 'harness'
local core = require 'core'

for _, name in ipairs { 'make', 'create', 'parents', 'replace' } do
  core.fs[name] = function(path)
    error('this would have made ' .. path)
  end
end

local init = require 'host.init'

t.test('the root of the file system is no lab', function()
  for _, dir in ipairs { '/', '//', '/usr/..' } do
    local result, err = init.run(dir, false)
    t.eq(result, nil)
    t.eq(err.code, 'USAGE')
    t.ok(err.message:find('is the root of the file system', 1, true))
  end
end)

return t.done()
