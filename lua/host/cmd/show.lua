--- tlab show RUN: the manifest for people, with the tags and notes added since, and what the recipe
--- logged; --json: the manifest alone. --log: all that was logged.

local core = require 'core'
local find = require 'host.store.find'
local notes = require 'host.store.notes'
local out = require 'host.cmd.out'

local view = require 'host.view.show'

--- What the recipe logged. Of a run in progress, or a killed one, the manifest does not say whether
--- it did.
local function logged(dir, manifest)
  local may_have = manifest.log or manifest.status == 'running'
  if not may_have then
    return {}
  end
  local list, err = require('host.manifest.logged').read(dir)
  return list or err.code == 'NOT_FOUND' and {} or nil, err
end

local function show_log(list, options)
  if options.json then
    out.json(core.json.array(list))
  else
    local style = require('host.view.style').new('stdout', core.args)
    out.out(view.log(style.clean(list)), style)
  end
  return 0
end

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
  if options.json and not options.log then
    out.json(manifest)
    return 0
  end
  local log
  log, err = logged(dir, manifest)
  if not log then
    return nil, err
  elseif options.log then
    return show_log(log, options)
  end
  local entries
  entries, err = notes.read(dir)
  if not entries then
    return nil, err
  end
  local said
  manifest.tags, said = notes.fold(entries, manifest.tags)
  local style = require('host.view.style').new('stdout', core.args)
  out.out(
    view.text(manifest, {
      style = style,
      notes = said,
      log = log,
      resume = require('host.manifest.remains').command(manifest),
    }),
    style
  )
  return 0
end
