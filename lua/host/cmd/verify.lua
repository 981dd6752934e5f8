--- tlab verify RUN: exit code 0 when the run is as it was made, 5 with every finding named.

local core = require 'core'
local find = require 'host.store.find'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

--- "answers.jsonl: changed (expected 3f9a2c1b4d5e, found 00aa…)".
local function line(finding)
  local sides = table_view.sides(finding)
  return string.format(
    '%s: %s%s%s\n',
    finding.path,
    finding.field and finding.field .. ' ' or '',
    finding.what,
    sides ~= '' and ' (' .. sides .. ')' or ''
  )
end

local function tell(result, options)
  for _, note in ipairs(result.notes) do
    out.err('note: ' .. note .. '\n')
  end
  if #result.findings == 0 then
    if not options.quiet then
      out.out(
        string.format(
          'same: %s and %s of run %s are as they were made\n',
          table_view.count(result.files, 'file'),
          table_view.count(result.effects, 'effect'),
          result.id:sub(1, 8)
        )
      )
    end
    return
  end
  local lines = {}
  for i, finding in ipairs(result.findings) do
    lines[i] = line(finding)
  end
  out.out(table.concat(lines))
end

return function(words, options)
  local dir, err = find.typed(words[1])
  if not dir then
    return nil, err
  end
  local result
  result, err = require('host.manifest.verify').run(dir)
  if not result then
    return nil, err
  end
  local same = #result.findings == 0
  if options.json then
    out.json {
      same = same,
      id = result.id,
      status = result.status,
      files = result.files,
      effects = result.effects,
      findings = core.json.array(result.findings),
      notes = core.json.array(result.notes),
    }
  else
    tell(result, options)
  end
  return same and 0 or core.exit_code('DIFFERS')
end
