-- Globals are what tlab's two Lua states really have: no io, os, debug, package, dofile, loadfile.
std = 'none'
max_line_length = 100
-- Recorded runs, and what only editors read.
exclude_files = { 'build*', 'tests/recipes/*/run', 'types', 'lua/host/init/files/types.lua' }
self = false

read_globals = {
  '_G',
  '_VERSION',
  'assert',
  'error',
  'getmetatable',
  'ipairs',
  'load',
  'next',
  'pairs',
  'pcall',
  'rawequal',
  'rawget',
  'rawlen',
  'rawset',
  'require',
  'select',
  'setmetatable',
  'tonumber',
  'tostring',
  'type',
  'xpcall',
  'print',
  coroutine = {
    fields = { 'close', 'create', 'isyieldable', 'resume', 'running', 'status', 'wrap', 'yield' },
  },
  math = {
    fields = {
      'abs',
      'acos',
      'asin',
      'atan',
      'ceil',
      'cos',
      'deg',
      'exp',
      'floor',
      'fmod',
      'huge',
      'log',
      'max',
      'maxinteger',
      'min',
      'mininteger',
      'modf',
      'pi',
      'rad',
      'random',
      'randomseed',
      'sin',
      'sqrt',
      'tan',
      'tointeger',
      'type',
      'ult',
    },
  },
  string = {
    fields = {
      'byte',
      'char',
      'find',
      'format',
      'gmatch',
      'gsub',
      'len',
      'lower',
      'match',
      'pack',
      'packsize',
      'rep',
      'reverse',
      'sub',
      'unpack',
      'upper',
    },
  },
  table = { fields = { 'concat', 'insert', 'move', 'pack', 'remove', 'sort', 'unpack' } },
  utf8 = { fields = { 'char', 'charpattern', 'codepoint', 'codes', 'len', 'offset' } },
}

-- What a recipe has besides: every operation of the table that is not for the command line alone.
local tlab = { fields = {
  secret = {},
  json = { fields = { 'array', 'null' } },
} }
-- ops: begin (written by tests/lint/ops_list.py from `tlab ops --json`)
local ops = {
  clock = 'monotonic now sleep',
  env = 'get',
  fs = 'copy extend list mkdir read remove stat tail write',
  git = 'blob branch changes describe fetch head log patch resolve status',
  hash = 'bytes file',
  http = 'close next open send',
  json = 'decode encode pretty',
  proc = 'run',
  rand = 'bytes',
  repl = 'next',
  run = 'call note',
  talk = 'progress say stream',
  test = 'ask',
  text = 'diff',
}
-- ops: end

for family, names in pairs(ops) do
  tlab.fields[family] = tlab.fields[family] or { fields = {} }
  for name in names:gmatch('%S+') do
    table.insert(tlab.fields[family].fields, name)
  end
end
for _, where in ipairs {
  'recipes',
  'lua/tlab',
  'tests/lua',
  'tests/recipes',
  'tests/ops',
  'tests/bench',
} do
  files[where] = { read_globals = { tlab = tlab } }
end
-- These stand in for it.
for _, name in ipairs {
  'fake_tlab',
  'digest_test',
  'extract_test',
  'files_test',
  'repl_old_test',
  'summ_extractor_test',
  'summ_source_test',
} do
  files['tests/lua/' .. name .. '.lua'] = { globals = { tlab = tlab } }
end
