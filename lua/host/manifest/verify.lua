--- Is a run's folder what its manifest and its record say? Every disagreement is one finding.
--
-- A finding is {path, what = 'missing'|'changed'|'extra'|'invalid', expected?, found?, field?}: the
-- file, relative to the run's folder, and in run.json the field. Nothing of a manifest or record
-- becomes part of a path before its form is checked.

local core = require 'core'
local build = require 'host.manifest.build'
local fold = require 'host.manifest.fold'
local ids = require 'host.manifest.ids'
local schema = require 'host.spec.schema'
local tree = require 'host.store.tree'

local M = {}

local RECORD_MAX = 1 << 30
local RECORD = 'record/effects.jsonl'
local BLOBS = 'record/blobs/'
local RECIPE = 'record/recipe/'
local MANIFEST = 'run.json'

local function is_sha256(text)
  return type(text) == 'string' and #text == 64 and text:match('^[0-9a-f]+$') ~= nil
end

local function add(state, path, what, more)
  local finding = more or {}
  finding.path, finding.what = path, what
  state.findings[#state.findings + 1] = finding
end

local function json(value)
  return value ~= nil and core.json.encode(value) or nil
end

--- Two values that ought to be one; `expected` is what was worked out anew.
local function compare(state, field, expected, found)
  if json(expected) ~= json(found) then
    add(
      state,
      MANIFEST,
      'changed',
      { field = field, expected = json(expected), found = json(found) }
    )
  end
end

--- A schema that lies in the binary, ready to check with.
local function compiled(name)
  local document = core.json.decode(core.embedded('schemas/' .. name))
  local validator, err = schema.compile(document, { trusted = true })
  if not validator then
    error(name .. ': ' .. err.message)
  end
  return validator
end

-- Files ------------------------------------------------------------------------------------------

--- What lies in the folder: plain files by path; anything else is a finding at once.
local function take_stock(state)
  local entries, err = core.fs.tree(state.dir)
  if not entries then
    return nil, err
  end
  for _, entry in ipairs(entries) do
    if entry.type == 'file' then
      state.present[entry.path] = true
    elseif entry.type ~= 'folder' then
      add(state, entry.path, 'invalid', { expected = 'a plain file', found = entry.type })
    end
  end
  return true
end

--- Checks one file against its hash, and its size where one is known; marks it as accounted for.
local function check_file(state, path, sha256, size)
  state.known[path] = true
  if not state.present[path] then
    add(state, path, 'missing', { expected = sha256 })
    return
  end
  local found, err = core.hash.file(state.dir .. '/' .. path)
  state.files = state.files + 1
  if not found then
    add(state, path, 'invalid', { expected = sha256, found = err.message })
  elseif found.sha256 ~= sha256 and found.sha256 == state.written[path] then
    -- The record says that the recipe wrote just this: then it is the manifest that was changed.
    add(state, MANIFEST, 'changed', {
      field = 'sha256 of ' .. path,
      expected = found.sha256,
      found = sha256,
    })
  elseif found.sha256 ~= sha256 then
    add(state, path, 'changed', { expected = sha256, found = found.sha256 })
  elseif size and found.size ~= size then
    add(state, MANIFEST, 'changed', {
      field = 'size of ' .. path,
      expected = json(found.size),
      found = json(size),
    })
  end
end

--- A path in a manifest that stays inside the folder and means one file.
local function is_inside(path)
  for part in (path .. '/'):gmatch('([^/]*)/') do
    if part == '' or part == '.' or part == '..' then
      return false
    end
  end
  return not path:find('\0', 1, true)
end

local function check_outputs(state)
  for _, output in ipairs(state.manifest.outputs or {}) do
    if
      is_inside(output.path)
      and output.path ~= MANIFEST
      and output.path:sub(1, 7) ~= 'record/'
    then
      check_file(state, output.path, output.sha256, output.size)
    else
      add(state, MANIFEST, 'invalid', { field = 'outputs', found = output.path })
    end
  end
end

--- spec.json is canonical JSON and a newline; what names the spec is the hash of the JSON alone.
--- Once the run has ended the file is an output like others, so a wrong name is then the
--- manifest's.
local function check_spec(state)
  local path, stated = 'spec.json', state.manifest.spec.sha256
  local is_output = state.known[path]
  state.known[path] = true
  if not is_output and not state.present[path] then
    add(state, path, 'missing', { expected = stated })
  end
  for _, finding in ipairs(state.findings) do
    if finding.path == path then
      return
    end
  end
  local text, err = core.fs.read(state.dir .. '/' .. path)
  local found = text and core.hash.bytes((text:gsub('\n$', '')))
  if not text then
    add(state, path, 'invalid', { expected = stated, found = err.message })
  elseif is_output then
    compare(state, 'spec.sha256', found, stated)
  elseif found ~= stated then
    add(state, path, 'changed', { expected = stated, found = found })
  end
end

--- The Lua that ran lies under record/recipe.
local function check_recipe(state)
  local recipe = state.manifest.recipe
  check_file(state, RECIPE .. 'recipe.lua', recipe.sha256)
  for _, module in ipairs(recipe.modules or {}) do
    local path = module.name:gsub('%.', '/') .. '.lua'
    if module.name:match('^[%w_.-]+$') and is_inside(path) then
      check_file(state, RECIPE .. path, module.sha256)
    else
      add(state, MANIFEST, 'invalid', { field = 'recipe.modules', found = module.name })
    end
  end
end

--- What nothing accounts for.
local function check_extras(state)
  for path in pairs(state.present) do
    if not state.known[path] then
      add(state, path, 'extra')
    end
  end
end

-- The record -------------------------------------------------------------------------------------

local function check_lines(state, text)
  local validator = compiled('effect.schema.json')
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
    if is_sha256(sha256) then
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
    if is_sha256(name) then
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

local function check_record(state)
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

-- The manifest -----------------------------------------------------------------------------------

local function read_manifest(state)
  local text, err = core.fs.read(state.dir .. '/' .. MANIFEST)
  state.known[MANIFEST] = true
  if not text then
    return nil, err
  end
  state.files = 1
  local manifest
  manifest, err = core.json.decode(text)
  if manifest == nil then
    add(state, MANIFEST, 'invalid', { found = err.message })
    return false
  end
  local result = compiled('run.schema.json'):check(manifest)
  if result ~= true then
    for _, each in ipairs(result) do
      add(state, MANIFEST, 'invalid', { field = each.pointer, found = each.message })
    end
    return false
  end
  if text ~= json(manifest) .. '\n' then
    add(state, MANIFEST, 'invalid', { expected = 'canonical JSON and a newline' })
  end
  return manifest
end

--- Key and id say what they are made of; parts that stand twice agree.
local function check_names(state)
  local m = state.manifest
  local parts, git, pins = m.key_parts, m.git or {}, m.pins or {}
  compare(state, 'key_parts.spec', m.spec.sha256, parts.spec)
  compare(state, 'key_parts.recipe', m.recipe.sha256, parts.recipe)
  compare(state, 'key_parts.git', m.git and { commit = git.commit, patch = git.patch }, parts.git)
  compare(state, 'key_parts.flake_lock', pins.flake_lock or core.json.null, parts.flake_lock)
  compare(state, 'key', ids.key(parts), m.key)
  compare(state, 'id', ids.id(m.key, m.nonce, m.time.started), m.id)
  local _, _, id8 = tree.split_run_name(m.name)
  if id8 then
    compare(state, 'name', m.id:sub(1, 8), id8)
  end
  if not is_inside(m.folder) then
    add(state, MANIFEST, 'invalid', { field = 'folder', found = m.folder })
  end
end

local function check_status(state)
  if state.manifest.status == 'running' then
    add(state, MANIFEST, 'invalid', {
      field = 'status',
      expected = 'a run that ended',
      found = 'running: it goes on still, or was interrupted before it could say so',
    })
  end
end

local function by_path(a, b)
  if a.path ~= b.path then
    return a.path < b.path
  end
  if (a.field or '') ~= (b.field or '') then
    return (a.field or '') < (b.field or '')
  end
  return a.what < b.what
end

--- Checks a run's folder.
---@param dir string
---@return table|nil result {findings, notes, files = how many were read, effects, id, status}
---@return table|nil err when the folder or its run.json cannot be read at all
function M.run(dir)
  local state = {
    dir = dir,
    findings = {},
    notes = {},
    present = {},
    known = {},
    written = {},
    files = 0,
    effects = 0,
  }
  local ok, err = take_stock(state)
  if not ok then
    return nil, err
  end
  local manifest
  manifest, err = read_manifest(state)
  if manifest == nil then
    return nil, err
  end
  if manifest then
    state.manifest = manifest
    check_status(state)
    check_names(state)
    check_record(state)
    check_outputs(state)
    check_spec(state)
    check_recipe(state)
    if manifest.status ~= 'running' then
      check_extras(state)
    end
  end
  table.sort(state.findings, by_path)
  return {
    findings = state.findings,
    notes = state.notes,
    files = state.files,
    effects = state.effects,
    id = manifest and manifest.id or '',
    status = manifest and manifest.status or 'unknown',
  }
end

return M
