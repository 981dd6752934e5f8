--- Where a change comes from: how much of a range's patches is read.
local t = require 'harness'
local core = require 'core'
require('fake_tlab').install {}
local source = require 'tlab.summ.source'

-- A range of so many commits, the patch of each as long as is let through; what was asked, call by
-- call.
local function range(commits)
  local asked, list = {}, {}
  for i = 1, commits do
    list[i] = { commit = tostring(i), parents = { 'p' } }
  end
  tlab.talk.progress = function() end
  tlab.json = core.json
  tlab.git = {
    resolve = function()
      return { kind = 'range', from = 'a', commit = 'b' }
    end,
    log = function()
      return table.move(list, 1, #list, 1, {})
    end,
    changes = function(ids, options)
      local patch, out = ('x'):rep(options.max_patch), {}
      asked[#asked + 1] = { #ids, options.patch }
      for i in ipairs(ids) do
        out[i] = { commit = ids[i], files = {}, patch = options.patch and patch or nil }
      end
      return out
    end,
  }
  return source.load { sha = 'a..b', commits = 1000 }, asked
end

t.test('the patches of a range end where they are 32 MiB', function()
  local change, asked = range(350)
  t.eq(asked, { { 100, true }, { 100, true }, { 100, false }, { 50, false } })
  t.eq(#change.changes, 350)
  local bytes = 0
  for i, one in ipairs(change.changes) do
    bytes = bytes + #(one.patch or '')
    t.eq(one.truncated or false, i > 200, i)
  end
  t.ok(bytes < 2 * (32 << 20), bytes)
end)

t.test('of few commits all are read', function()
  local change, asked = range(3)
  t.eq(asked, { { 3, true } })
  t.eq({ #change.changes, change.changes[3].truncated or false }, { 3, false })
end)

return t.done()
