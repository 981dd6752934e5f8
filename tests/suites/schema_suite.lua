--- The official JSON Schema test suite, draft 2020-12, against host.spec.schema. TAP.
--- usage: tlab --self-test tests/suites/schema_suite.lua FOLDER
--- FOLDER holds tests/, remotes/ and metaschema/.
---
--- Every required case must pass. Of the optional ones those are run whose keywords are
--- supported; a schema that uses an unsupported construct must be refused when it is compiled, and
--- by its name.
local core = require 'core'
local schema = require 'host.spec.schema'

local root = core.args and core.args[#core.args] or 'build/suites/json-schema-2020-12'

--- Optional files that are left out, each with the reason.
local LEFT_OUT = {
  ['cross-draft.json'] = 'other drafts are refused',
  ['dependencies-compatibility.json'] = '"dependencies" is of an older draft',
  ['bignum.json'] = 'integers beyond 64 bits are refused by the JSON reader',
}

--- Optional groups whose schema must be refused, and the words that the refusal must have.
local REFUSED = {
  ['ecmascript-regex.json'] = 'is not supported',
  ['format-assertion.json'] = 'format-assertion is not supported',
  ['id.json'] = '$id is no URI without a fragment',
}

local function read(path)
  local text, err = core.fs.read(path)
  if not text then
    error(err.message, 0)
  end
  return core.json.decode(text)
end

local function files(folder)
  local names = {}
  for _, entry in ipairs(core.fs.list(folder)) do
    if entry.name:find('%.json$') then
      names[#names + 1] = entry.name
    end
  end
  table.sort(names)
  return names
end

-- Documents that references may name. ------------------------------------------------------------

local documents = {}

local function load_remotes(folder, address)
  for _, entry in ipairs(core.fs.list(folder)) do
    local path = folder .. '/' .. entry.name
    if entry.name:find('%.json$') then
      documents[address .. entry.name] = read(path)
    else
      load_remotes(path, address .. entry.name .. '/')
    end
  end
end

load_remotes(root .. '/remotes', 'http://localhost:1234/')
for _, path in ipairs { '/metaschema', '/metaschema/vocabularies' } do
  for _, name in ipairs(files(root .. path)) do
    local document = read(root .. path .. '/' .. name)
    documents[document['$id']] = document
  end
end

local function resolve(uri)
  return documents[uri]
end

-- Running. ---------------------------------------------------------------------------------------

local count, failed = 0, 0

local function say_line(text)
  core.term.out(text .. '\n')
end

local function say(ok, what, why)
  count = count + 1
  failed = failed + (ok and 0 or 1)
  say_line(('%s %d - %s'):format(ok and 'ok' or 'not ok', count, what))
  if not ok then
    say_line('# ' .. why)
  end
end

--- Formats that can be asserted: their optional files are run with assertion on.
local FORMATS = { 'date-time', 'date', 'time', 'uri', 'uuid', 'ipv4' }

local function run_group(file, group, optional)
  local name = file .. ': ' .. group.description
  local formats = file:find('^format/') ~= nil
  local validator, err = schema.compile(group.schema, { resolve = resolve, formats = formats })
  if not validator then
    local words = optional and REFUSED[file]
    local named = words and (err.details[1] or err.message):find(words, 1, true) ~= nil
    return say(named, name, 'refused: ' .. table.concat(err.details or { err.message }, '; ')), true
  end
  for _, case in ipairs(group.tests) do
    local result = validator:check(case.data)
    local why = result == true and 'expected errors, got none'
      or result[1] and result[1].pointer .. ': ' .. result[1].message
    say((result == true) == case.valid, name .. ': ' .. case.description, why)
  end
end

local function run_file(folder, file, optional)
  local start, refused = count, 0
  for _, group in ipairs(read(folder .. '/' .. file)) do
    local _, was_refused = run_group(file, group, optional)
    refused = refused + (was_refused and 1 or 0)
  end
  local note = refused > 0 and (', %d schemas refused by name'):format(refused) or ''
  local name = (optional and 'optional/' or '') .. file
  say_line(('# %s: %d cases%s'):format(name, count - start, note))
end

for _, file in ipairs(files(root .. '/tests')) do
  run_file(root .. '/tests', file, false)
end
local required = count
for _, file in ipairs(files(root .. '/tests/optional')) do
  if LEFT_OUT[file] then
    count = count + 1
    say_line(('ok %d - optional/%s # SKIP %s'):format(count, file, LEFT_OUT[file]))
  else
    run_file(root .. '/tests/optional', file, true)
  end
end

for _, format in ipairs(FORMATS) do
  run_file(root .. '/tests/optional', 'format/' .. format .. '.json', true)
end

say_line(('1..%d'):format(count))
say_line(
  ('# required cases: %d, optional: %d, failed in all: %d'):format(
    required,
    count - required,
    failed
  )
)
return failed == 0
