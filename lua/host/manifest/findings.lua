--- What verify.lua and verify_record.lua share: findings, and the check of one file.
--
-- A finding is {path, what = 'missing'|'changed'|'extra'|'invalid', expected?, found?, field?}: the
-- file, relative to the run's folder, and in run.json the field.

local core = require 'core'
local schema = require 'host.spec.schema'

local M = {}

M.MANIFEST = 'run.json'

--- Whether a name is a digest, before it becomes part of a path.
function M.is_sha256(text)
  return type(text) == 'string' and #text == 64 and text:match('^[0-9a-f]+$') ~= nil
end

--- Canonical JSON; nil for nil.
function M.json(value)
  return value ~= nil and core.json.encode(value) or nil
end

--- Adds a finding.
---@param state table of host.manifest.verify
---@param path string
---@param what string
---@param more? table {expected?, found?, field?}
function M.add(state, path, what, more)
  local finding = more or {}
  finding.path, finding.what = path, what
  state.findings[#state.findings + 1] = finding
end

--- Two values that ought to be one; `expected` is what was worked out anew.
function M.compare(state, field, expected, found)
  if M.json(expected) ~= M.json(found) then
    M.add(state, M.MANIFEST, 'changed', {
      field = field,
      expected = M.json(expected),
      found = M.json(found),
    })
  end
end

--- A schema that lies in the binary, ready to check with.
function M.compiled(name)
  local document = core.json.decode(core.embedded('schemas/' .. name))
  local validator, err = schema.compile(document, { trusted = true })
  if not validator then
    error(name .. ': ' .. err.message)
  end
  return validator
end

--- Failures that say nothing of the file: nothing can be checked then.
local CANNOT_CHECK = { NO_MEMORY = true, UNSUPPORTED = true, LIMIT = true }

--- Checks one file against its hash, and its size where one is known; marks it as accounted for.
function M.check_file(state, path, sha256, size)
  state.known[path] = true
  if not state.present[path] then
    M.add(state, path, 'missing', { expected = sha256 })
    return
  end
  local found, err = core.hash.file(state.dir .. '/' .. path)
  state.files = state.files + 1
  if not found and CANNOT_CHECK[err.code] then
    error(err, 0)
  elseif not found then
    M.add(state, path, 'invalid', { expected = sha256, found = err.message })
  elseif found.sha256 ~= sha256 and found.sha256 == state.written[path] then
    -- The record says that the recipe wrote just this: then it is the manifest that was changed.
    M.add(state, M.MANIFEST, 'changed', {
      field = 'sha256 of ' .. path,
      expected = found.sha256,
      found = sha256,
    })
  elseif found.sha256 ~= sha256 then
    M.add(state, path, 'changed', { expected = sha256, found = found.sha256 })
  elseif size and found.size ~= size then
    M.add(state, M.MANIFEST, 'changed', {
      field = 'size of ' .. path,
      expected = M.json(found.size),
      found = M.json(size),
    })
  end
end

--- A path in a manifest that stays inside the folder and means one file.
function M.is_inside(path)
  for part in (path .. '/'):gmatch('([^/]*)/') do
    if part == '' or part == '.' or part == '..' then
      return false
    end
  end
  return not path:find('\0', 1, true)
end

return M
