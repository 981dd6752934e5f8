--- Tables and figures of what an earlier run left behind, by the program py_post.
local artifacts = require 'tlab.artifacts'
local markdown = require 'tlab.markdown'

local OUT_BYTES = 256 << 20

local function fail(code, message, hint)
  error { code = code, message = message, hint = hint }
end

local function ask(spec, folder, names)
  local argv = { 'py_post', '--json', '--out', 'out', '--kind', spec.kind, '--format', spec.format }
  local files = {}
  for _, name in ipairs(names) do
    files[name] =
      assert(tlab.fs.read(artifacts.path(folder == '.' and name or folder .. '/' .. name)))
    argv[#argv + 1] = './' .. name
  end
  local done, err = tlab.proc.run {
    argv = argv,
    files = files,
    collect = { 'out/*.csv', 'out/*.' .. (spec.format == 'png' and 'png' or 'svg') },
    max_bytes = OUT_BYTES,
  }
  if not done and err.code == 'NOT_FOUND' then
    fail('NOT_FOUND', 'the program py_post is not installed beside tlab', 'make tools')
  end
  return assert(done, err)
end

local function failed(done)
  local said = done.stderr:gsub('%s+$', ''):match '[^\n]*$'
  if done.exit == 1 and said:match '^py_post: ' then
    -- It is for people already, and names file and line.
    fail('INVALID', said)
  end
  local ended = done.signal and 'was killed by signal ' .. done.signal
    or 'ended with exit code ' .. done.exit
  fail('RUN_FAILED', ('py_post %s%s'):format(ended, said ~= '' and ': ' .. said or ''))
end

local function check(done)
  if done.exit ~= 0 then
    failed(done)
  end
  local told = tlab.json.decode(done.stdout)
  if type(told) ~= 'table' or not (told.version and told.inputs and told.reports) then
    fail('RUN_FAILED', 'py_post said something else than was asked for')
  end
  return told
end

local function page(spec, folder, told)
  local lines = { '# Tables and figures', '', 'Made by py_post ' .. told.version .. ' of:', '' }
  local function add(form, ...)
    lines[#lines + 1] = form:format(...)
  end
  for _, input in ipairs(told.inputs) do
    local file, place = markdown.prose(input.file), markdown.code(folder, #folder)
    add('- %s in %s: %s, %d rows', file, place, input.kind, input.rows)
  end
  for _, report in ipairs(told.reports) do
    add('\n## %s%s', report.kind:sub(1, 1):upper(), report.kind:sub(2))
    for i, note in ipairs(report.notes) do
      add('%s- %s', i == 1 and '\n' or '', markdown.prose(note))
    end
    for _, figure in ipairs(report.figures) do
      local title = markdown.prose(figure.title)
      add('\n### %s\n\n%s\n', title, markdown.prose(figure.subtitle))
      add('![%s: %s](%s)', title, markdown.prose(figure.subtitle), figure.file)
    end
    add('\n| table | what | rows |\n|---|---|---|')
    for _, t in ipairs(report.tables) do
      add('| [%s](%s) | %s | %d |', t.file, t.file, markdown.prose(t.title), t.rows)
    end
  end
  local again = ('tlab post from=%s kind=%s format=%s'):format(spec.from, spec.kind, spec.format)
  add('\nAgain: %s', markdown.code(again, #again))
  return table.concat(lines, '\n') .. '\n'
end

---@type tlab.Recipe
return {
  name = 'post',
  summary = 'Make tables and figures of what an earlier run left behind.',
  home = 'analyzer/outputs',
  needs = { run = { 'py_post' }, read = { '$spec.from' } },
  spec = {
    type = 'object',
    additionalProperties = false,
    required = { 'from' },
    properties = {
      from = {
        type = 'string',
        minLength = 1,
        description = 'A file .csv or .jsonl, or a folder: in the lab, or latest, or latest/NAME.',
      },
      kind = {
        enum = { 'auto', 'commits', 'answers', 'runs', 'table' },
        default = 'auto',
        description = 'What it is; auto goes by the columns.',
      },
      format = {
        enum = { 'svg', 'png', 'none' },
        default = 'svg',
        description = 'Of the figures; none makes tables only.',
      },
    },
  },
  run = function(run, spec)
    local folder, names = artifacts.find(spec.from)
    local done = ask(spec, folder, names)
    local told = check(done)
    for path, bytes in pairs(assert(done.files)) do
      run:write(path:match '[^/]*$', bytes)
    end
    run:write('README.md', page(spec, folder, told))
  end,
}
