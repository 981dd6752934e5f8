--- A lab of one's own: the files that it begins with, and how they are made. Nothing that is there
--- is ever overwritten.

local core = require 'core'
local lab = require 'host.lab'

local M = {}

local FILES = 'host/init/files/'
-- Modes, less the umask, as git and editors have them; but nothing is for everybody to write.
local FILE, PROGRAM, FOLDER, PRIVATE = 436, 509, 509, 448 -- 0664, 0775, 0775, 0700

--- {path in the lab, its text in the binary, program = may be executed}; before these come the
--- recipes and schemas that tlab has.
local PLAN = {
  { 'recipes/hello.lua', FILES .. 'hello.lua' },
  { 'schemas/hello.schema.json', FILES .. 'hello.schema.json' },
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

--- Makes each folder of a path that is not there yet.
---@param base string what stands before the path, "" or "/" or ending in "/"
---@param check? boolean whether a link is refused: below the lab's root it may lead out of it
---@return boolean|nil ok, table|nil err
local function make_folders(base, path, check)
  local at = base
  for part in path:gmatch('[^/]+') do
    at = at .. part
    local ok, err = true, nil
    if part ~= '.' and part ~= '..' then
      ok, err = core.fs.make(at, part == 'secrets' and PRIVATE or FOLDER)
    end
    if not ok and err.code ~= 'EXISTS' then
      return nil, err
    end
    local stat = core.fs.stat(check and at or core.fs.realpath(at) or at)
    if stat and stat.type ~= 'folder' then
      return nil,
        { code = 'EXISTS', message = ('%s is a %s, expected a folder'):format(at, stat.type) }
    end
    at = at .. '/'
  end
  return true
end

--- Makes a file that is not there yet.
---@return string|nil what "made", "same" (it is there with this text) or "kept" (with another)
---@return table|nil err
local function make_file(root, path, text, mode)
  local ok, err = make_folders(root .. '/', path:match('^(.*)/') or '', true)
  if not ok then
    return nil, err
  end
  local full = root .. '/' .. path
  if core.fs.read(full, #text) == text then
    return 'same'
  elseif core.fs.stat(full) then
    return 'kept'
  end
  ok, err = core.fs.create(full, text, mode)
  if not ok and err.code ~= 'EXISTS' then
    return nil, err
  end
  return ok and 'made' or 'kept'
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
  plan[#plan + 1] = { 'lab.json', text = lab_json(root) } -- the last: now it is a lab
  for _, file in ipairs(plan) do
    local text = file.text or core.embedded(file[2])
    local what, err = make_file(root, file[1], text, file.program and PROGRAM or FILE)
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
---@return table|nil result {root, files = list of {path, what = "made" | "same" | "kept"}}
---@return table|nil err
function M.run(dir, force)
  local err = not force and no_place_for_it(dir)
  if err then
    return nil, err
  end
  local ok
  ok, err = make_folders(dir:sub(1, 1) == '/' and '/' or '', dir)
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
