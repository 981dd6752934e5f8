--- The report of a dry run for people. Pure: report in, text out.

local styles = require 'host.view.style'
local table_view = require 'host.view.table'

local M = {}

local LIST_MAX = 20 -- rows of a list that are shown; --json has them all

local function section(text, title, rows)
  if #rows == 0 then
    return
  end
  local more = #rows - LIST_MAX
  if more > 0 then
    rows = table.move(rows, 1, LIST_MAX, 1, {})
    rows[#rows + 1] = { ('  and %d more'):format(more) }
  end
  text[#text + 1] = title .. '\n' .. table_view.columns(rows)
end

--- What allows it, or the option that would.
local function verdict(permit, style)
  if permit.by == 'recipe' then
    return 'declared'
  elseif permit.by then
    return 'allowed by ' .. (permit.by == 'lab.json' and 'lab.json' or 'the command line')
  elseif permit.missing == 'not allowed' then
    return style.red 'missing' .. (': --allow-%s=%s'):format(permit.family, permit.subject)
  end
  return style.red(permit.missing)
end

local ANSWERS = {
  done = 'done',
  recorded = 'from the record',
  ['not known'] = 'not known',
}

--- An effect has a line, and one more for each further permit.
local function effect_rows(effects, style)
  local rows = {}
  for _, effect in ipairs(effects) do
    local answer = ANSWERS[effect.answer] or 'failed: ' .. effect.error
    local first = effect.permits[1]
    rows[#rows + 1] = {
      '  ' .. effect.op,
      table_view.cut(effect.subject or '', 60),
      tostring(effect.count),
      answer,
      first and verdict(first, style) or effect.by or '',
    }
    for i = 2, #effect.permits do
      local permit = effect.permits[i]
      rows[#rows + 1] = { '', permit.subject, '', '', verdict(permit, style) }
    end
  end
  return rows
end

local function unasked_rows(permits, style)
  local rows = {}
  for _, permit in ipairs(permits) do
    if not permit.asked then
      rows[#rows + 1] =
        { '  ' .. permit.family, table_view.cut(permit.subject, 60), verdict(permit, style) }
    end
  end
  return rows
end

local function secret_rows(secrets, style)
  local rows = {}
  for i, secret in ipairs(secrets) do
    rows[i] = {
      '  ' .. secret.name,
      secret.why and style.red 'missing' .. ': ' .. secret.why or 'from ' .. secret.from,
    }
  end
  return rows
end

local function output_rows(outputs)
  local rows = {}
  for i, file in ipairs(outputs) do
    rows[i] = { '  ' .. file.path, table_view.size(file.size) }
  end
  return rows
end

--- What is to be known of a report whose answers were not all known.
local function remarks(report, style)
  local list = {}
  for _, note in ipairs(report.notes) do
    list[#list + 1] = 'note: ' .. note
  end
  if report.unknown > 0 then
    list[#list + 1] = ('note: %s not known, the first that of effect %d: '):format(
      table_view.count(report.unknown, 'answer was', 'answers were'),
      report.first_unknown
    ) .. 'what follows may differ'
  end
  local err = report.error
  if err then
    local at = err.file and (' (%s%s)'):format(err.file, err.line and ':' .. err.line or '') or ''
    list[#list + 1] = ('%s the recipe ended with error[%s]: %s%s'):format(
      err.certain and style.red 'error:' or 'note:',
      err.code,
      err.message,
      at
    )
  end
  for _, obstacle in ipairs(report.obstacles) do
    list[#list + 1] = style.red 'error:' .. ' ' .. obstacle
  end
  return #list > 0 and table.concat(list, '\n') .. '\n' or nil
end

--- The page of one dry run.
---@param report table as schemas/dry.schema.json has it
---@param command string what would run it
---@param style? table host.view.style
---@return string
function M.text(report, command, style)
  style = style or styles.plain
  report, command = style.clean(report), style.clean(command)
  if report.open then
    return report.place .. ' is open already: nothing would be done\n'
  end
  local text = {
    style.bold(report.recipe.name) .. ', a dry run: nothing is kept, nothing went outward\n',
    table_view.columns {
      { '  recipe', report.recipe.file },
      { '  folder', report.place },
      { '  key', report.key:sub(1, 12) },
      { '  seed', tostring(report.seed) },
    },
  }
  section(text, 'effects', effect_rows(report.effects, style))
  section(text, 'declared, not asked for', unasked_rows(report.permits, style))
  section(text, 'secrets', secret_rows(report.secrets, style))
  section(text, 'would write', output_rows(report.outputs))
  text[#text + 1] = remarks(report, style)
  text[#text + 1] = 'next: ' .. command .. '\n'
  return table.concat(text)
end

return M
