--- The part of the doctor that looks at the runs of a lab: what was cut off, what lies about, and
--- whether the index says what the folders say.

local core = require 'core'
local days = require 'host.store.days'
local table_view = require 'host.view.table'
local tree = require 'host.store.tree'

local M = {}

local SHOWN = 3 -- names in a line
local AHEAD_MS = 5000 -- clocks of two machines that share a lab differ by as much

local function some(list)
  local shown = table.concat(list, ', ', 1, math.min(#list, SHOWN))
  return #list > SHOWN and ('%s and %d more'):format(shown, #list - SHOWN) or shown
end

local function check_latest(group, root)
  local stat = core.fs.stat(root .. '/latest')
  if not stat then
    return
  elseif stat.type ~= 'link' then
    group.warn('latest', 'a ' .. stat.type .. ' is in the way of the link', 'mv latest latest.old')
    return
  end
  local target = core.fs.readlink(root .. '/latest') or '?'
  if core.fs.stat(root .. '/' .. target .. '/run.json') then
    group.ok('latest', target)
  else
    group.warn('latest', 'leads nowhere: ' .. target, 'rm latest  # the next run makes it anew')
  end
end

--- When the newest run began, by the names of its folders.
local function newest_ms(root)
  local newest
  days.each(root, function(day)
    if newest then
      return
    end
    days.look(root, day, function(_, entry, is_run)
      local h, m, s = entry.name:match('^(%d%d)(%d%d)(%d%d)Z%-')
      if is_run then
        local iso = ('%sT%s:%s:%s.000Z'):format(day:gsub('/', '-'), h, m, s)
        newest = math.max(newest or 0, tree.parse_iso(iso) or 0)
      end
    end)
  end)
  return newest
end

local function check_time(group, root)
  local newest = newest_ms(root)
  if newest and newest > core.clock.now() + AHEAD_MS then
    group.warn(
      'time',
      ('the newest run began at %s, which is still to come'):format(tree.iso(newest)),
      'date -u  # which of the two is wrong?'
    )
  end
end

local function check_rubbish(group, found)
  local size = 0
  for _, entry in ipairs(found.entries) do
    size = size + entry.size
  end
  if #found.entries > 0 then
    group.warn(
      'leftovers',
      ('%s of killed processes, %s'):format(
        table_view.count(#found.entries, 'file or folder', 'files and folders'),
        table_view.size(size)
      ),
      'tlab gc --dry-run'
    )
  else
    group.ok('leftovers', 'none')
  end
  if #found.broken > 0 then
    group.fail(
      'manifests',
      ('%s without run.json: %s'):format(
        table_view.count(#found.broken, 'run folder'),
        some(found.broken)
      ),
      '# bring run.json back from a copy, or give it up: tlab gc ' .. found.broken[1]
    )
  else
    group.ok('manifests', table_view.count(#found.runs, 'run'))
  end
end

--- Adds the lines of a lab's runs.
---@param report doctor.Report
---@param lab lab.Lab
---@param options table {quick, writable, quiet}
function M.check(report, lab, options)
  local group = report:group 'runs'
  check_latest(group, lab.root)
  check_time(group, lab.root)
  if options.quick then
    return
  end
  local progress = not options.quiet
    and function(seen)
      core.talk.progress(seen, seen, 'runs looked at')
    end
  local found = require('host.store.rubbish').find(lab.root, progress or nil)
  check_rubbish(group, found)
end

return M
