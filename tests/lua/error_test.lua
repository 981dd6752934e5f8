local t = require 'harness'
local core = require 'core'
local view = require 'host.view.error'

t.test('one line is enough when there is no more to say', function()
  t.eq(view.text { code = 'USAGE', message = 'no such thing' }, 'error[USAGE]: no such thing\n')
end)

t.test('place, details, mend and the run that is kept, in this order', function()
  t.eq(
    view.text {
      code = 'NOT_PERMITTED',
      message = 'network access to a:1 is not allowed',
      file = 'none.lua',
      line = 42,
      details = { 'needed: net a:1', 'allowed: nothing' },
      hint = 'tlab run --allow-net=a:1 none.lua',
      run = '3f9a2c1b',
    },
    table.concat({
      'error[NOT_PERMITTED]: network access to a:1 is not allowed',
      '  --> none.lua:42',
      '   = needed: net a:1',
      '   = allowed: nothing',
      'help: tlab run --allow-net=a:1 none.lua',
      'note: this run is kept as failed: tlab show 3f9a2c1b',
      '',
    }, '\n')
  )
end)

t.test('the source line with carets when the file can be read', function()
  core.fs.parents 'tmp-error-test'
  core.fs.replace('tmp-error-test/r.lua', 'return {\n\tlocal x = nope()  \n}\n')
  local text = view.text(
    { code = 'RUN_FAILED', message = 'm', file = 'r.lua', line = 2 },
    { root = 'tmp-error-test' }
  )
  t.eq(
    text,
    'error[RUN_FAILED]: m\n  --> r.lua:2\n2 | \tlocal x = nope()  \n  | \t^^^^^^^^^^^^^^^^\n'
  )
  text = view.text(
    { code = 'PARSE', message = 'm', file = 'r.lua', line = 2, column = 6 },
    { root = 'tmp-error-test' }
  )
  t.ok(text:find('  --> r.lua:2:6\n2 | \tlocal x = nope()  \n  | \t    ^\n', 1, true), text)
  text = view.text(
    { code = 'PARSE', message = 'm', file = 'r.lua', line = 99 },
    { root = 'tmp-error-test' }
  )
  t.eq(text, 'error[PARSE]: m\n  --> r.lua:99\n')
  local nowhere = { code = 'PARSE', message = 'm', file = 'entry 1', line = 1 }
  t.eq(view.text(nowhere), 'error[PARSE]: m\n  --> entry 1:1\n')
  text = view.text(nowhere, { sources = { ['entry 1'] = 'x +' } })
  t.eq(text, 'error[PARSE]: m\n  --> entry 1:1\n1 | x +\n  | ^^^\n')
  core.fs.purge 'tmp-error-test'
end)

t.test('a traceback only when asked for', function()
  local err = { code = 'BUG', message = 'm', traceback = 'stack traceback: …' }
  t.eq(view.text(err), 'error[BUG]: m\n')
  t.eq(view.text(err, { verbose = true }), 'error[BUG]: m\nstack traceback: …\n')
end)

t.test('as JSON, bytes that are not UTF-8 too', function()
  t.eq(
    view.json { code = 'USAGE', message = 'no "\255"' },
    '{"error":{"code":"USAGE","message":"no \\"\\\\xff\\""}}\n'
  )
end)

return t.done()
