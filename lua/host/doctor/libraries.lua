--- The libraries by their versions, against versions that are known to be bad. A version says what
--- was released, not what a distribution mended since: where a Debian package is at work, its own
--- version is looked at too.

local core = require 'core'

local M = {}

--- `from` (if any) ≤ version < `below` is bad; Debian's package of at least `fixed` has the mends.
--- Sources: lua.org/bugs.html, the GitHub advisories of libgit2, curl.se/docs/security.html,
--- openssl.org/news/vulnerabilities.html, and the Debian changelogs of the packages.
local KNOWN = {
  {
    name = 'lua',
    below = '5.4.6',
    what = 'crashes that newer ones mended; a recipe can only end its own process by them',
    mend = 'make LUA_LIBS=/path/to/liblua5.4.a  # of Lua 5.4.6 or newer',
  },
  {
    name = 'libgit2',
    below = '1.6.5',
    what = 'CVE-2024-24575, CVE-2024-24577',
    package = 'libgit2-1.5',
    fixed = { '1.5.1+ds-1+deb12u', 1 },
  },
  {
    name = 'libgit2',
    from = '1.7.0',
    below = '1.7.2',
    what = 'CVE-2024-24575, CVE-2024-24577',
  },
  {
    name = 'libcurl',
    from = '7.69.0',
    below = '8.4.0',
    what = 'CVE-2023-38545',
    package = 'libcurl4',
    fixed = { '7.88.1-10+deb12u', 4 },
  },
  {
    name = 'openssl',
    from = '3.0.0',
    below = '3.0.7',
    what = 'CVE-2022-3602, CVE-2022-3786',
  },
}

--- Packages that a library is from, where it lies among those of the distribution.
local PACKAGES =
  { libgit2 = 'libgit2-1.5', libcurl = 'libcurl4', libedit = 'libedit2', openssl = 'libssl3' }

--- What tlab does as well without a library, only worse.
local WITHOUT = { libedit = 'tlab repl has no editing, history or completion' }

local DPKG = '/var/lib/dpkg/status'

local function numbers(version)
  local list = {}
  for part in version:match('^[%d.]*'):gmatch('%d+') do
    list[#list + 1] = math.tointeger(tonumber(part)) or 0
  end
  return list
end

--- Whether one version is older than another, by their numbers.
---@param a string
---@param b string
---@return boolean
function M.is_older(a, b)
  local x, y = numbers(a), numbers(b)
  for i = 1, math.max(#x, #y) do
    if (x[i] or 0) ~= (y[i] or 0) then
      return (x[i] or 0) < (y[i] or 0)
    end
  end
  return false
end

--- The row of KNOWN that a version falls under, or nil.
---@param name string
---@param version string
---@param package? string version of Debian's package
---@return table|nil
function M.known_bad(name, version, package)
  for _, row in ipairs(KNOWN) do
    if
      row.name == name
      and M.is_older(version, row.below)
      and not (row.from and M.is_older(version, row.from))
    then
      local base, least = table.unpack(row.fixed or {})
      local update = base
        and package
        and package:sub(1, #base) == base
        and tonumber(package:match('^%d+', #base + 1))
      if not (update and update >= least) then
        return row
      end
    end
  end
  return nil
end

--- Versions of the packages that are installed, from the text of dpkg's status file.
---@param text string
---@param names table<string, string> library → package
---@return table<string, string> library → version
function M.packages(text, names)
  local found = {}
  for library, package in pairs(names) do
    local at = ('\n' .. text):find('\nPackage: ' .. package .. '\n', 1, true)
    local paragraph = at and text:sub(at, (text:find('\n\n', at, true)))
    if paragraph and paragraph:find('\nStatus: install ok installed\n', 1, true) then
      found[library] = paragraph:match('\nVersion: ([^\n]+)')
    end
  end
  return found
end

local function mend_of(row)
  if row.mend then
    return row.mend
  elseif row.package then
    return 'sudo apt-get update && sudo apt-get install --only-upgrade ' .. row.package
  end
  return ('# install %s %s or newer'):format(row.name, row.below)
end

--- One library: what is known of its version, then whether it fits what tlab was built with.
local function judge(group, library, package)
  local name, found = library.name, library.found
  if not found and WITHOUT[name] then
    group.warn(
      name,
      ('%s: %s'):format(WITHOUT[name], library.error),
      '# install ' .. library.soname
    )
    return
  elseif not found then
    group.fail(name, library.error, '# install ' .. library.soname)
    return
  end
  local shown = package and ('%s (package %s)'):format(found, package) or found
  local row = M.known_bad(name, found, package)
  if row then
    group.warn(name, ('%s has known faults: %s'):format(shown, row.what), mend_of(row))
  elseif library.built and M.is_older(found, library.built) then
    group.warn(
      name,
      ('%s is older than %s, which tlab was built with'):format(shown, library.built),
      'make clean all'
    )
  else
    local built = library.built and library.built ~= found and ', built with ' .. library.built
    group.ok(name, shown .. (built or ''))
  end
end

--- Adds a line for each library.
---@param report doctor.Report
function M.check(report)
  local group = report:group 'machine'
  judge(group, { name = 'lua', found = core.lua_version })
  local libraries = core.sys.libraries()
  local packages = M.packages(core.fs.read(DPKG) or '', PACKAGES)
  for _, library in ipairs(libraries) do
    local of_system = library.path
      and (library.path:match('^/lib/') or library.path:match('^/usr/lib/'))
    judge(group, library, of_system and packages[library.name])
  end
end

return M
