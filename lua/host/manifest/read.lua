--- The one place that reads run.json: of a form this tlab knows, by its schema, or an error that
--- says what to do. What a later form means is not guessed.

local core = require 'core'
local findings = require 'host.manifest.findings'
local form = require 'host.spec.form'

local M = {}

local FORM = 'tlab.run/1'

local function invalid(file, message, details)
  return nil,
    {
      code = 'INVALID',
      file = file,
      message = 'this is no manifest: ' .. message,
      details = details,
      hint = 'tlab validate ' .. file,
    }
end

--- A manifest from its text.
---@param text string
---@param file string its name for messages
---@return table|nil manifest
---@return table|nil err INVALID, with `errors` of the schema where there are some, or UNSUPPORTED
function M.parse(text, file)
  local manifest, err = core.json.decode(text)
  if manifest == nil then
    return invalid(file, err.message)
  end
  local other = form.other(manifest, FORM, file)
  if other then
    return nil, other
  end
  local errors = findings.compiled('run.schema.json'):check(manifest)
  if errors == true then
    return manifest
  end
  local details = {}
  for i, each in ipairs(errors) do
    details[i] = each.pointer .. ': ' .. each.message
  end
  local _
  _, err = invalid(file, details[1], #details > 1 and details or nil)
  err.errors = errors
  return nil, err
end

--- The manifest of a run's folder.
---@param dir string
---@return table|nil manifest
---@return table|nil err
---@return string|nil text what was read, if anything was
function M.read(dir)
  local file = dir .. '/run.json'
  local text, err = core.fs.read(file)
  if not text then
    return nil, err
  end
  local manifest
  manifest, err = M.parse(text, file)
  return manifest, err, text
end

return M
