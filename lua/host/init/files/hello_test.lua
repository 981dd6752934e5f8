local t = require 'tlab.test'

t.test('a greeting for each time', function(lab)
  local run = lab:run('hello', { name = 'Ada', times = 2 })
  t.eq(run.outputs, { 'hello-1.txt', 'hello-2.txt' })
  t.eq(run:read 'hello-2.txt', 'Hello, Ada!\n')
end)

t.test('the spec that comes with it', function(lab)
  t.eq(lab:run('hello', 'specs/hello.json'):read 'hello-1.txt', 'Hello, world!\n')
end)
