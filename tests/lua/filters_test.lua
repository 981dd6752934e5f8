local t = require 'harness'
local filters = require 'host.cmd.filters'

local function conditions(words, options)
  local query, err = filters.read(words, options or {})
  if not query then
    return err.message
  end
  local list = {}
  for i, c in ipairs(query.where) do
    list[i] = c.column .. ' ' .. c.op .. ' ' .. c.value
  end
  return table.concat(list, ' & ')
end

t.test('words', function()
  for word, means in pairs {
    ['recipe=ai'] = 'recipe = ai',
    ['model=m'] = 'models has m',
    ['tag=a'] = 'tags has a',
    ['param.n=3'] = 'param.n = 3',
    ['params.model.name=a=b'] = 'param.model.name = a=b',
    ['param.t>=0.5'] = 'param.t >= 0.5',
    ['metric.x>0'] = 'metric.x > 0',
    ['metrics.x<=0'] = 'metric.x <= 0',
    ['took<3'] = 'seconds < 3',
    ['note~better'] = 'note contains better',
    ['id=3f9a'] = 'id prefix 3f9a',
    ['commit=3f9a'] = 'commit prefix 3f9a',
    ['date=2026-10-03'] = 'started >= 2026-10-03T00:00:00.000Z'
      .. ' & started < 2026-10-04T00:00:00.000Z',
    ['started<2026-10'] = 'started < 2026-10-01T00:00:00.000Z',
    ['started<=2026-10'] = 'started < 2026-11-01T00:00:00.000Z',
    ['started>2026-10'] = 'started >= 2026-11-01T00:00:00.000Z',
  } do
    t.eq(conditions { word }, means, word)
  end
end)

t.test('options', function()
  t.eq(
    conditions({ 'error=TIMEOUT' }, {
      recipe = 'ai',
      status = 'failed',
      model = 'm',
      tag = { 'a', 'b' },
      since = '2026-10',
      ['until'] = '2026-10',
      param = { 'n>=3', 'a=b' },
    }),
    'models has m & recipe = ai & status = failed & tags has a & tags has b'
      .. ' & started >= 2026-10-01T00:00:00.000Z & started < 2026-11-01T00:00:00.000Z'
      .. ' & param.n >= 3 & param.a = b & error = TIMEOUT'
  )
end)

t.test('what is wrong is told', function()
  for word, says in pairs {
    ['x'] = '"x" is no condition',
    ['=x'] = '"=x" is no condition',
    ['recipe==x'] = 'is no condition',
    ['recipe~=x'] = 'is no condition',
    ['recipe='] = 'a value is missing behind =',
    ['recip=x'] = 'did you mean recipe?',
    ['parm.x=1'] = 'runs have no column "parm.x"',
    ['param.=1'] = 'runs have no column "param."',
    ['cost>dear'] = '"dear" is no number, which is what > compares',
    ['param.n<='] = 'a value is missing behind <=',
    ['status=suceeded'] = 'did you mean "succeeded"?',
    ['date=x'] = 'expected, in UTC',
  } do
    t.ok(conditions({ word }):find(says, 1, true), word .. ': ' .. conditions { word })
  end
  t.ok(conditions({}, { param = { 'n' } }):find('is no condition', 1, true))
  local _, err = filters.read({ 'ai' }, {})
  t.eq(err.hint, 'tlab runs --text ai')
  _, err = filters.read({}, { sort = 'x' })
  t.ok(err.details[1]:find('^columns: started id .* param%.NAME and metric%.NAME$'), err.details[1])
end)

t.test('times that leave no moment are a slip', function()
  local swapped = { since = '2026-11', ['until'] = '2026-10' }
  t.ok(conditions({}, swapped):find('^no moment is at or after 2026%-11'))
  t.ok(conditions { 'started>2026', 'started<=2026' }:find '^no moment')
  t.ok(conditions({}, { since = '2026-10-03', ['until'] = '2026-10-03' }):find '^started >=')
end)

t.test('order', function()
  for sort, order in pairs {
    ['cost'] = { 'cost', false },
    ['-cost'] = { 'cost', true },
    ['-param.n'] = { 'param.n', true },
    ['started'] = { 'started', false },
    ['-date'] = { 'started', true },
  } do
    local query = t.ok(filters.read({}, { sort = sort }))
    t.eq({ query.sort, query.descending }, order)
    query = t.ok(filters.read({}, { sort = sort, reverse = true }))
    t.eq({ query.sort, query.descending }, { order[1], not order[2] })
  end
  t.eq(filters.read({}, {}).descending, true)
  t.eq(filters.read({}, { reverse = true }).descending, false)
end)

return t.done()
