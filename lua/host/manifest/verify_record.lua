--- The record of a run against itself, its blobs and its manifest.

local core = require 'core'
local build = require 'host.manifest.build'
local findings = require 'host.manifest.findings'
local fold = require 'host.manifest.fold'

local M = {}

local RECORD_MAX = 1 << 30
local RECORD = 'record/effects.jsonl'
local BLOBS = 'record/blobs/'

local add, check_file, compare, json =
  findings.add, findings.check_file, findings.compare, findings.json

local function check_lines(state, text)
  local validator = findings.compiled('effect.schema.json')
  local number = 0
  for line in text:gmatch('([^\n]*)\n') do
    number = number + 1
    local value = core.json.decode(line)
    local result = value ~= nil and validator:check(value)
    if value == nil or json(value) ~= line then
      add(state, RECORD, 'invalid', { field = 'line ' .. number, expected = 'canonical JSON' })
    elseif result ~= true then
      add(state, RECORD, 'invalid', {
        field = 'line ' .. number,
        found = result[1].pointer .. ' ' .. result[1].message,
      })
    end
  end
end

local function check_blobs(state, blobs)
  local patch = state.manifest.git and state.manifest.git.patch
  if patch then
    blobs[patch.sha256] = patch.size
  end
  for sha256, size in pairs(blobs) do
    if findings.is_sha256(sha256) then
      check_file(state, BLOBS .. sha256, sha256, size)
    else
      add(state, RECORD, 'invalid', { expected = 'a SHA-256', found = sha256 })
    end
  end
end

--- A run that succeeded has answered all it asked, and its last line is whole.
local function check_end(state, summary)
  if state.manifest.status == 'succeeded' then
    if summary.torn then
      add(state, RECORD, 'invalid', { expected = 'a whole last line' })
    end
    for _, n in ipairs(summary.open) do
      add(
        state,
        RECORD,
        'invalid',
        { expected = 'an answer', found = 'effect ' .. n .. ' without one' }
      )
    end
    return
  end
  if summary.torn then
    state.notes[#state.notes + 1] = 'the record ends in the middle of a line'
  end
  for _, n in ipairs(summary.open) do
    state.notes[#state.notes + 1] = 'effect ' .. n .. ' was started and never answered'
  end
end

local function check_derived(state, summary)
  local derived = build.derived(summary)
  for _, field in ipairs(build.DERIVED) do
    compare(state, field, derived[field], state.manifest[field])
  end
end

--- Without a record to trust, a blob is still what its name says, or it is not.
local function check_blobs_alone(state)
  for path in pairs(state.present) do
    local name = path:match('^record/blobs/(.*)$')
    if findings.is_sha256(name) then
      check_file(state, path, name)
    end
  end
end

--- The record's text and what it says; nil when it cannot be had (that is a finding then).
local function read_record(state)
  state.known[RECORD] = true
  if not state.present[RECORD] then
    add(state, RECORD, 'missing')
    return nil
  end
  local text, err = core.fs.read(state.dir .. '/' .. RECORD, RECORD_MAX)
  local summary
  if text then
    state.files = state.files + 1
    summary, err = fold.text(text)
  end
  if not summary then
    add(state, RECORD, 'invalid', { found = err.message })
    return nil
  end
  state.effects = summary.effects.count
  summary.effects.record = { sha256 = core.hash.bytes(text), size = #text }
  return summary, text
end

--- Whether the record is the one that the manifest was made from.
local function is_own_record(state, summary)
  local stated = state.manifest.effects and state.manifest.effects.record.sha256
  local found = summary.effects.record.sha256
  if stated and stated ~= found then
    add(state, RECORD, 'changed', { expected = stated, found = found })
  end
  return stated == nil or stated == found
end

--- Checks the record; afterwards state.effects is how many it has and state.written what the run's
--- files last were.
---@param state table of host.manifest.verify
function M.check(state)
  local summary, text = read_record(state)
  if not summary then
    check_blobs_alone(state)
    return
  end
  check_lines(state, text)
  check_end(state, summary)
  if not is_own_record(state, summary) then
    check_blobs_alone(state)
    return
  end
  state.written = summary.written
  check_blobs(state, summary.blobs)
  if state.manifest.status ~= 'running' then
    check_derived(state, summary)
  end
end

return M
