--- tlab show RUN: the manifest for people, with the tags and notes added since; --json: the
--- manifest alone.

local core = require 'core'
local find = require 'host.store.find'
local notes = require 'host.store.notes'
local out = require 'host.cmd.out'

return function(words, options)
  local dir, err = find.typed(words[1])
  if not dir then
    return nil, err
  end
  local manifest
  manifest, err = require('host.manifest.read').read(dir)
  if not manifest then
    return nil, err
  end
  if options.json then
    out.json(manifest)
    return 0
  end
  local entries
  entries, err = notes.read(dir)
  if not entries then
    return nil, err
  end
  local said
  manifest.tags, said = notes.fold(entries, manifest.tags)
  local style = require('host.view.style').new('stdout', core.args)
  local view = require 'host.view.show'
  out.out(
    view.text(manifest, {
      style = style,
      notes = said,
      resume = require('host.manifest.remains').command(manifest),
    }),
    style
  )
  return 0
end
