--- Where a recipe's repository is: in the lab, elsewhere on this machine, or at a URL.
local M = {}

local function invalid(format, ...)
  error({ code = 'INVALID', message = format:format(...) }, 0)
end

local function is_relative(path)
  return not ('/' .. path .. '/'):find('/../', 1, true)
end

---What `repo` and `name` of a spec point at.
---@param spec table {repo, name?}
---@param base_url string? where owner/name are, of lab.json
---@return table {path?, url?, label} `path` as the git operations take it, or a `url` to fetch;
---  `label` is what a page may call it: it has no path of this machine
function M.find(spec, base_url)
  local repo, name = spec.repo, spec.name
  if name then
    if not repo:match '^[%w_.-]+$' or not name:match '^[%w_.-]+$' then
      invalid('/name: with a name, repo is its owner, both of letters, digits and . _ -')
    end
    local url = ('%s/%s/%s.git'):format(base_url:gsub('/+$', ''), repo, (name:gsub('%.git$', '')))
    return { url = url, label = repo .. '/' .. name }
  elseif repo:match '^%a[%w+.-]*://' then
    return { url = repo, label = repo }
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

return M
