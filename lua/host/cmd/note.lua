--- tlab note RUN "text": says something of a run, for good; "-" takes it from standard input.
--- Without a text it prints what was said.

local core = require 'core'
local noted = require 'host.cmd.noted'
local out = require 'host.cmd.out'

local NOTE_MAX = 64 << 10

local function bad(message)
  return nil, { code = 'USAGE', message = message, hint = 'tlab note latest "what I saw"' }
end

local function text_of(word)
  local text, err = word, nil
  if word == '-' then
    text, err = core.fs.stdin(NOTE_MAX + 1)
    if not text and err.code ~= 'LIMIT' then
      return nil, err
    end
    text = text or (' '):rep(NOTE_MAX + 1)
  end
  text = text:gsub('%s+$', '')
  if #text > NOTE_MAX or err then
    return bad(('a note has at most %d bytes; a longer text is a file of its own'):format(NOTE_MAX))
  elseif text == '' then
    return bad('the note is empty')
  elseif not utf8.len(text) then
    return bad('the note is not UTF-8')
  end
  return text
end

local function print_all(run, options)
  if options.json then
    out.json { id = run.manifest.id, notes = core.json.array(run.notes) }
  else
    local style = require('host.view.style').new('stdout', core.args)
    out.out(require('host.view.show').notes(style.clean(run.notes)), style)
  end
  return 0
end

return function(words, options)
  local run, err = noted.open(words[1])
  if not run then
    return nil, err
  elseif not words[2] then
    return print_all(run, options)
  end
  local text
  text, err = text_of(words[2])
  if not text then
    return nil, err
  end
  local entry
  entry, err = noted.add(run, 'note', text)
  if not entry then
    return nil, err
  end
  noted.index(run)
  if options.json then
    out.json { id = run.manifest.id, at = entry.at, text = text }
  elseif not options.quiet then
    out.err(('noted of %s\nsee it: tlab show %s\n'):format(run.id8, run.id8))
  end
  return 0
end
