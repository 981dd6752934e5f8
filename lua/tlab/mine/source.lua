--- Where a recipe's repository is: in the lab, elsewhere on this machine, or at a URL.
local M = {}

M.BASE_URL = 'https://github.com' -- where lab.json says nothing; as host.lab has it

local function invalid(format, ...)
  error({ code = 'INVALID', message = format:format(...) }, 0)
end

local function is_relative(path)
  return not ('/' .. path .. '/'):find('/../', 1, true)
end

-- What stands before owner/name, by lab.json.
local function base_of_lab()
  local text = tlab.fs.read 'lab:lab.json'
  local config = text and tlab.json.decode(text)
  return (config and config.git and config.git.base_url or M.BASE_URL):gsub('/+$', '')
end

---What `repo` and `name` of a spec point at.
---@param spec table {repo, name?}
---@return table {path?, url?, label} `path` as the git operations take it, or a `url` to fetch;
---  `label` is what a page may call it: it has no path of this machine
function M.find(spec)
  local repo, name = spec.repo, spec.name
  if name then
    if not (repo .. name):match '^[%w_.-]+$' or not repo:match '%w' or not name:match '%w' then
      invalid('/name: with a name, repo is its owner, both of letters, digits and . _ -')
    end
    name = name:gsub('%.git$', '')
    return { url = ('%s/%s/%s.git'):format(base_of_lab(), repo, name), label = repo .. '/' .. name }
  elseif repo:match '^%a[%w+.-]*://' then
    local file = repo:match '^[Ff][Ii][Ll][Ee]://.-([^/]+)/*$'
    return { url = repo, label = file or repo }
  elseif repo:match '^[%w_.-]+@[%w.-]+:' then
    invalid('/repo: ssh is not spoken; write https://HOST/OWNER/NAME.git')
  elseif repo:sub(1, 1) == '/' then
    return { path = repo, label = repo:match '([^/]+)/*$' or '/' }
  elseif not is_relative(repo) then
    invalid("/repo: %s goes up with '..'; write the absolute path", repo)
  end
  repo = repo:gsub('^%./', ''):gsub('/+$', '')
  local is_lab = repo == '.' or repo == ''
  return { path = is_lab and 'lab:.' or 'lab:' .. repo, label = is_lab and "the lab's own" or repo }
end

---The same, fetched where it lies elsewhere: for the git operations.
---@param spec table {repo, name?}
---@return table {path, label, why?}: `why` the mirror is as it was, where nothing could be fetched
function M.open(spec)
  local where = M.find(spec)
  if where.url then
    local mirror = assert(tlab.git.fetch(where.url))
    where.path, where.why = mirror.repo, not mirror.fetched and mirror.why or nil
  end
  return where
end

return M
