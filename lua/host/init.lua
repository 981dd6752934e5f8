--- A lab of one's own: the files that it begins with, and how they are made. Nothing that is there
--- is ever overwritten, but for what tlab itself tells editors.

local core = require 'core'
local editor = require 'host.editor'
local lab = require 'host.lab'
local make = require 'host.init.make'

local M = {}

local FILES = 'host/init/files/'
local PROGRAM = 509 -- 0775, less the umask

--- {path in the lab, its text in the binary, program = may be executed}; before these come the
--- recipes and schemas that tlab has.
local PLAN = {
  { 'recipes/hello.lua', FILES .. 'hello.lua' },
  { 'schemas/hello.schema.json', FILES .. 'hello.schema.json' },
  { 'tests/recipes/hello_test.lua', FILES .. 'hello_test.lua' },
  { 'specs/ai.json', FILES .. 'ai.json' },
  { 'specs/hello.json', FILES .. 'hello.json' },
  { 'secrets/README.md', FILES .. 'secrets.md' },
  { 'secrets/example.env.lab', FILES .. 'example.env.lab' },
  { 'Justfile', FILES .. 'Justfile' },
  { 'flake.nix', FILES .. 'flake.nix' },
  { 'flake.lock', FILES .. 'flake.lock' },
  { '.envrc', FILES .. 'envrc' },
  { '.gitignore', FILES .. 'gitignore' },
  { '.gitattributes', FILES .. 'gitattributes' },
  { '.githooks/pre-commit', FILES .. 'pre-commit', program = true },
  { '.editorconfig', FILES .. 'editorconfig' },
  { '.luarc.json', FILES .. 'luarc.json' },
}

local NAME_MAX = 100 -- characters of a lab's name, by its schema

--- The folder's name, as far as it can be one.
local function name_of(root)
  local name = root:match('[^/]+$') or 'lab'
  local stop = utf8.len(name) and utf8.offset(name, NAME_MAX + 1)
  return utf8.len(name) and name:sub(1, (stop or 0) - 1) or 'lab'
end

--- Models on this machine may be asked, and the two programs that come with tlab may run; the
--- kernel holds them, as any (proc.run).
local function lab_json(root)
  local allow = {
    net = core.json.array { '127.0.0.1:*', 'localhost:*' },
    run = core.json.array { 'py_post', 'rust_extractor' },
  }
  return core.json.pretty {
    ['$schema'] = 'schemas/lab.schema.json',
    schema = 'tlab.lab/1',
    name = name_of(root),
    permits = { allow = allow },
    limits = { cpu_seconds = 300, memory = 512 << 20 },
  } .. '\n'
end

--- The nearest folder at or above a path that is there.
local function nearest(path)
  while not core.fs.realpath(path) do
    path = path:match('^(.*[^/])/+[^/]*/*$') or path:sub(1, 1) == '/' and '/' or '.'
  end
  return core.fs.realpath(path)
end

--- A lab within a lab would hide the outer one from whoever stands in it; one at the root of the
--- file system would have every folder of the machine in it.
local function no_place_for_it(dir)
  local at = nearest(dir)
  if core.fs.realpath(dir) == '/' then
    return {
      code = 'USAGE',
      message = dir .. ' is the root of the file system: all of this machine would lie in that lab',
      details = { 'expected: a folder of its own' },
      hint = 'tlab init my-lab',
    }
  end
  local above, err = lab.find(at)
  local root = above and above.root or err.code ~= 'NOT_FOUND' and at
  if not root or root == core.fs.realpath(dir) then
    return nil
  end
  return {
    code = 'USAGE',
    message = ('%s lies in a lab: %s'):format(dir, root),
    details = { 'expected: a folder outside, since tlab finds the nearest lab.json upwards' },
    hint = 'tlab init --force ' .. dir .. '  # a lab within a lab',
  }
end

local function fill(root)
  local plan, files = {}, core.json.array {}
  for _, name in ipairs(core.embedded_names()) do
    plan[#plan + 1] = (name:match '^recipes/' or name:match '^schemas/') and { name, name } or nil
  end
  table.move(PLAN, 1, #PLAN, #plan + 1, plan)
  for _, stub in ipairs(editor.stubs()) do
    plan[#plan + 1] = { stub.path, text = stub.text, make = editor.stub }
  end
  plan[#plan + 1] = { 'lab.json', text = lab_json(root) } -- the last: now it is a lab
  for _, file in ipairs(plan) do
    local text = file.text or core.embedded(file[2])
    local lay = file.make or make.file
    local what, err = lay(root, file[1], text, file.program and PROGRAM)
    if not what then
      return nil, err
    end
    files[#files + 1] = { path = file[1], what = what }
  end
  local made, err = lab.find(root)
  return made and { root = root, files = files }, err
end

--- Makes a lab of a folder.
---@param dir string is made when it is not there
---@param force boolean also within another lab
---@return table|nil result {root, files = list of {path, what}}, as host.editor.stub has it
---@return table|nil err
function M.run(dir, force)
  local err = not force and no_place_for_it(dir)
  if err then
    return nil, err
  end
  local ok
  ok, err = make.folders(dir:sub(1, 1) == '/' and '/' or '', dir)
  local root
  if ok then
    root, err = core.fs.realpath(dir)
  end
  if not root then
    return nil, err
  end
  return fill(root)
end

return M
