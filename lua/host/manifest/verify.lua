--- Is a run's folder what its manifest and its record say? Every disagreement is one finding.
--
-- A finding is {path, what = 'missing'|'changed'|'extra'|'invalid', expected?, found?, field?}: the
-- file, relative to the run's folder, and in run.json the field. Nothing of a manifest or record
-- becomes part of a path before its form is checked.

local build = require 'host.manifest.build'
local core = require 'core'
local findings = require 'host.manifest.findings'
local ids = require 'host.manifest.ids'
local notes = require 'host.store.notes'
local read = require 'host.manifest.read'
local record = require 'host.manifest.verify_record'
local remains = require 'host.manifest.remains'
local tree = require 'host.store.tree'

local M = {}

local RECIPE = 'record/recipe/'
local MANIFEST = findings.MANIFEST

local add, check_file, compare, json =
  findings.add, findings.check_file, findings.compare, findings.json

-- Files ------------------------------------------------------------------------------------------

local function take_entry(state, path, type)
  if type == 'file' then
    state.present[path] = true
  elseif type ~= 'folder' then
    add(state, path, 'invalid', { expected = 'a plain file', found = type })
  end
end

--- Of a day's folder, which other runs and people share: what is the day's own run's.
local function take_stock_of_day(state, manifest)
  local entries, err = core.fs.tree(state.dir .. '/record')
  if not entries then
    return nil, err
  end
  for _, entry in ipairs(entries) do
    take_entry(state, 'record/' .. entry.path, entry.type)
  end
  local own = { MANIFEST, 'spec.json', notes.FILE }
  for _, output in ipairs(manifest.outputs or {}) do
    own[#own + 1] = findings.is_inside(output.path) and output.path or nil
  end
  for _, path in ipairs(own) do
    local stat = core.fs.stat(state.dir .. '/' .. path)
    if stat then
      take_entry(state, path, stat.type)
    end
  end
  return true
end

--- What lies in the folder: plain files by path; anything else is a finding at once.
local function take_stock(state, manifest)
  if manifest and manifest.place == 'day' then
    return take_stock_of_day(state, manifest)
  end
  local entries, err = core.fs.tree(state.dir)
  if not entries then
    return nil, err
  end
  for _, entry in ipairs(entries) do
    take_entry(state, entry.path, entry.type)
  end
  return true
end

--- A file that the day's run wrote is a starting point: that somebody went on from it is worth a
--- note and no more. What the manifest says of it must be what the record says.
local function check_start(state, output)
  local path = output.path
  local wrote = state.written[path]
  local found = state.present[path] and core.hash.file(state.dir .. '/' .. path)
  state.known[path] = true
  if wrote and wrote ~= output.sha256 then
    compare(state, 'sha256 of ' .. path, wrote, output.sha256)
  elseif found and found.sha256 ~= output.sha256 then
    state.files = state.files + 1
    state.notes[#state.notes + 1] = 'edited since: ' .. path
  else
    check_file(state, path, output.sha256, output.size)
  end
end

local function check_outputs(state)
  for _, output in ipairs(state.manifest.outputs or {}) do
    if
      findings.is_inside(output.path)
      and output.path ~= MANIFEST
      and output.path:sub(1, 7) ~= 'record/'
    then
      if state.manifest.place == 'day' and output.path ~= 'spec.json' then
        check_start(state, output)
      else
        check_file(state, output.path, output.sha256, output.size)
      end
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
    if module.name:match('^[%w_.-]+$') and findings.is_inside(path) then
      check_file(state, RECIPE .. path, module.sha256)
    else
      add(state, MANIFEST, 'invalid', { field = 'recipe.modules', found = module.name })
    end
  end
end

--- Tags and notes are no part of the run, and nothing names their hash: only their lines are
--- looked at.
local function check_notes(state)
  if not state.present[notes.FILE] then
    return
  end
  state.known[notes.FILE] = true
  local entries, err, bad = notes.read(state.dir)
  if not entries then
    add(state, notes.FILE, 'invalid', { found = err.message })
  end
  for _, number in ipairs(bad or {}) do
    local expected = 'a tag or a note, as tlab writes them'
    add(state, notes.FILE, 'invalid', { field = 'line ' .. number, expected = expected })
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

-- The manifest -----------------------------------------------------------------------------------

local function read_manifest(state)
  local manifest, err, text = read.read(state.dir)
  state.known[MANIFEST] = true
  if not text or err and err.code == 'UNSUPPORTED' then
    return nil, err
  end
  state.files = 1
  if err and err.errors then
    for _, each in ipairs(err.errors) do
      add(state, MANIFEST, 'invalid', { field = each.pointer, found = each.message })
    end
    return false
  elseif err then
    add(state, MANIFEST, 'invalid', { found = err.message })
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
  if not findings.is_inside(m.folder) then
    add(state, MANIFEST, 'invalid', { field = 'folder', found = m.folder })
  end
end

--- What no other check can work out anew, such as versions or limits, the digest speaks for.
local function check_digest(state)
  for _, finding in ipairs(state.findings) do
    if finding.path == MANIFEST then
      return -- named more exactly already
    end
  end
  compare(state, 'digest', build.digest(state.manifest), state.manifest.digest)
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
  local manifest, err = read_manifest(state)
  if manifest == nil then
    return nil, err
  end
  local ok
  ok, err = take_stock(state, manifest)
  if not ok then
    return nil, err
  end
  if manifest then
    state.manifest = manifest
    check_status(state)
    check_names(state)
    record.check(state)
    check_outputs(state)
    check_spec(state)
    check_recipe(state)
    check_notes(state)
    if manifest.status ~= 'running' then
      check_extras(state)
    end
    check_digest(state)
  end
  local resume = manifest and remains.command(manifest)
  if resume then
    state.notes[#state.notes + 1] = 'it can be brought to its end: ' .. resume
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
