--- tlab doctor: what could go wrong here, each line with what to type against it. Exit code 1 when
--- something fails already.

local core = require 'core'
local out = require 'host.cmd.out'
local reports = require 'host.doctor.report'
local table_view = require 'host.view.table'

local COLOUR = { ok = 'green', warn = 'yellow', fail = 'red' }

--- The lines of a lab, or why there are none.
local function check_lab(report, options)
  local lab, err = require('host.lab').find('.')
  if lab then
    local writable = require('host.doctor.lab').check(report, lab)
    require('host.doctor.runs').check(report, lab, {
      quick = options.quick or false,
      writable = writable,
      quiet = options.quiet or options.json or false,
    })
    return
  end
  local group = report:group 'lab'
  if err.code == 'NOT_FOUND' then
    group.ok('lab', 'none in this folder or above it')
  else
    local details = err.details and ': ' .. table.concat(err.details, '; ') or ''
    group.fail('lab', err.message .. details, err.hint or 'tlab validate lab.json')
  end
end

local function text_of(report, style)
  local rows, groups = {}, {}
  for _, check in ipairs(report.checks) do
    rows[#rows + 1] = { '  ' .. check.status, check.name, style.clean(check.message) }
  end
  local lines = {}
  for line in table_view.columns(rows):gmatch('[^\n]*\n') do
    lines[#lines + 1] = line
  end
  local text = {}
  for i, check in ipairs(report.checks) do
    if groups[#groups] ~= check.group then
      groups[#groups + 1] = check.group
      text[#text + 1] = style.bold(check.group) .. '\n'
    end
    local colour = style[COLOUR[check.status]]
    text[#text + 1] = lines[i]:gsub(check.status, colour(check.status), 1)
    if check.mend then
      text[#text + 1] = '        ' .. style.clean(check.mend) .. '\n'
    end
  end
  return table.concat(text)
end

local function verdict(report)
  local warned, failed = report:count 'warn', report:count 'fail'
  if failed > 0 then
    return ('%s, %s\n'):format(
      table_view.count(failed, 'failure'),
      table_view.count(warned, 'warning')
    )
  end
  return warned > 0 and table_view.count(warned, 'warning') .. ', nothing fails\n'
    or 'all is well\n'
end

return function(_, options)
  local report = reports.new()
  require('host.doctor.machine').check(report)
  check_lab(report, options)
  local failed = report:count 'fail' > 0
  if options.json then
    out.json {
      schema = 'tlab.doctor/1',
      ok = not failed,
      checks = core.json.array(report.checks),
    }
  else
    local style = require('host.view.style').new('stdout', core.args)
    if not options.quiet or failed then
      out.out(text_of(report, style), style)
    end
    if not options.quiet then
      out.err(verdict(report))
    end
  end
  return failed and 1 or 0
end
