--- tlab show RUN: the manifest for people; --json: the manifest.

local core = require 'core'
local find = require 'host.store.find'
local out = require 'host.cmd.out'

local function read_manifest(dir)
  local text, err = core.fs.read(dir .. '/run.json')
  if not text then
    return nil, err
  end
  local manifest
  manifest, err = core.json.decode(text)
  if type(manifest) ~= 'table' or type(manifest.id) ~= 'string' then
    return nil,
      {
        code = 'INVALID',
        file = dir .. '/run.json',
        message = 'this is not a manifest' .. (err and ': ' .. err.message or ''),
        hint = 'tlab verify ' .. dir,
      }
  end
  return manifest
end

return function(words, options)
  local dir, err = find.typed(words[1])
  if not dir then
    return nil, err
  end
  local manifest
  manifest, err = read_manifest(dir)
  if not manifest then
    return nil, err
  end
  if options.json then
    out.json(manifest)
  else
    local style = require('host.view.style').new('stdout', core.args)
    out.out(require('host.view.show').text(manifest, { style = style }), style)
  end
  return 0
end
