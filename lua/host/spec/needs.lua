--- What a recipe needs, with the spec's values put in.
local suggest = require 'host.view.suggest'
local value = require 'host.spec.value'

local M = {}

M.FAMILIES = { 'net', 'read', 'run', 'env', 'call', 'secret' }

local function invalid(message, ...)
  return nil, { code = 'INVALID', message = message:format(...) }
end

local function is_one_of(list, name)
  for _, one in ipairs(list) do
    if one == name then
      return true
    end
  end
  return false
end

-- Values out of the spec. ------------------------------------------------------------------------

local function collect(found, v, steps, i)
  if v == nil or v == value.null then
    return
  elseif value.is_list(v) then
    for _, item in ipairs(v) do
      collect(found, item, steps, i)
    end
  elseif i > #steps then
    found[#found + 1] = v
  elseif type(v) == 'table' then
    collect(found, v[steps[i]], steps, i + 1)
  end
end

--- The values that `$spec.a.b` points at: none when it is absent, many through lists.
local function from_spec(entry, spec)
  local steps = {}
  for step in entry:sub(#'$spec.' + 1):gmatch('[^.]+') do
    steps[#steps + 1] = step
  end
  local found = {}
  collect(found, spec, steps, 1)
  return found
end

-- One value of each family, as the permits know it. ----------------------------------------------

local function is_port(text)
  local port = text:find('^%d+$') and #text <= 5 and tonumber(text)
  return port and port >= 1 and port <= 65535
end

local function host_and_port(text)
  local host, port = text:match('^(%[[%x:.]+%]):?(.*)$')
  if not host then
    host, port = text:match('^([%w._*-]+):?(.*)$')
  end
  if not host or text:sub(-1) == ':' then
    return nil
  end
  return host:lower(), port
end

local forms = {}

-- What a pointed-at value is, where it may be one of several things (a repository by its URL or by
-- its path), decides which family it is of; in the others it is left out.

local pointed_at = {}

--- A path, a file: URL or a bare word is no host.
function pointed_at.net(text)
  local host = text:find('^%a[%w+.-]*://') or not text:find('/', 1, true) and not text:find('^%.')
  local word = text:find('^[%w_-]+$') and text ~= 'localhost'
  return host and not word and not text:find('^file://') and text or false
end

local function byte_of(hex)
  return string.char(tonumber(hex, 16))
end

--- A URL is no path, but for a file: URL; and only an absolute path needs a permit.
function pointed_at.read(text)
  local path = text:match('^file://localhost(/.*)$') or text:match('^file://(/.*)$')
  if path then
    return (path:gsub('%%(%x%x)', byte_of))
  end
  return text:sub(1, 1) == '/' and text
end

--- A URL, host, or host:port. Only what a recipe itself wrote may have a `*`.
function forms.net(text, pointed)
  local scheme, rest = text:match('^(%a[%w+.-]*)://(.*)$')
  if scheme then
    scheme = scheme:lower()
    local default = scheme == 'http' and '80' or scheme == 'https' and '443'
    local authority = rest:match('^([^/?#]*)')
    if not default then
      return nil, 'only http and https are spoken'
    elseif authority:find('@', 1, true) then
      return nil, 'a name or password in a URL is refused; use a secret'
    end
    local host, port = host_and_port(authority)
    if not host or host:find('*', 1, true) or port ~= '' and not is_port(port) then
      return nil, 'its host or port is none'
    end
    return host .. ':' .. (port == '' and default or port)
  end
  local host, port = host_and_port(text)
  if not host or port ~= '' and port ~= '*' and not is_port(port) then
    return nil, 'expected host, host:port or a URL'
  end
  local star = host:find('*', 1, true)
  if (star or port == '*') and pointed then
    return nil, 'a * may stand in the recipe, not in the spec'
  elseif star and not host:find('^%*%.[%w._-]+$') then
    return nil, 'a * stands for the first part of a name only: *.example.com'
  end
  return port == '' and host or host .. ':' .. port
end

--- Only absolute paths need a permit: the run's folder and the lab are readable without.
function forms.read(text)
  if text:find('\0', 1, true) or ('/' .. text .. '/'):find('/../', 1, true) then
    return nil, 'a path without .. is expected'
  end
  return text:sub(1, 1) == '/' and text or false
end

function forms.run(text)
  if text == '' or text:find('[%z%c]') or text:find('/', 1, true) and text:sub(1, 1) ~= '/' then
    return nil, 'expected the name of a program, or its absolute path'
  end
  return text
end

function forms.env(text)
  if not text:find('^[%a_][%w_]*$') then
    return nil, 'expected a name of letters, digits and _'
  end
  return text
end

function forms.call(text)
  if not text:find '^[%w_-]+$' or #text > 64 then
    return nil, "expected the name of a recipe, such as 'ai'"
  end
  return text
end

forms.secret = forms.env

local function add(list, family, text, entry)
  local pointed = entry ~= text and (' (from %s)'):format(entry) or ''
  if type(text) ~= 'string' then
    return invalid('needs.%s: %s is %s, expected a string', family, entry, value.show(text))
  end
  local several = pointed ~= '' and pointed_at[family]
  local taken = several and several(text) or not several and text
  if not taken then
    return true
  end
  local form, why = forms[family](taken, pointed ~= '')
  if form == nil then
    local shown = text:gsub('//[^/]*@', '//…@') -- no password in a message
    return invalid('needs.%s: %s%s: %s', family, value.show(shown), pointed, why)
  end
  if form and not is_one_of(list, form) then
    list[#list + 1] = form
  end
  return true
end

--- What an entry of a recipe's needs stands for. `$lab.git.base_url` is where owner/name lie:
--- without a `name` in the spec nothing is.
local function values_of(entry, spec, config)
  if entry:sub(1, #'$spec.') == '$spec.' then
    return from_spec(entry, spec)
  elseif entry == '$lab.git.base_url' then
    return { spec.name and config and config.git and config.git.base_url }
  elseif entry:sub(1, 1) == '$' then
    return nil
  end
  return { entry }
end

local function resolve_family(family, entries, spec, config)
  if type(entries) ~= 'table' or (next(entries) ~= nil and not value.is_list(entries)) then
    return invalid('needs.%s: expected a list of strings, got %s', family, value.show(entries))
  end
  local list = value.list {}
  for _, entry in ipairs(entries) do
    if type(entry) ~= 'string' then
      return invalid('needs.%s: expected strings, got %s', family, value.show(entry))
    end
    local values = values_of(entry, spec, config)
    if not values then
      return invalid(
        'needs.%s: %s: expected $spec.name or $lab.git.base_url',
        family,
        value.show(entry)
      )
    end
    for _, text in ipairs(values) do
      local ok, err = add(list, family, text, entry)
      if not ok then
        return nil, err
      end
    end
  end
  return list
end

--- What is wrong with the name of a family; nil for one that there is.
---@param family any
---@return string|nil
function M.unknown(family)
  if is_one_of(M.FAMILIES, family) then
    return nil
  end
  local name = tostring(family)
  local hint = suggest.text(name, M.FAMILIES) or 'there are ' .. table.concat(M.FAMILIES, ', ')
  return ('unknown need "%s", %s'):format(name, hint)
end

--- The needs of a recipe with the spec's values in place. Every family is there, maybe empty.
---@param needs table|nil family → list of strings, some of them `$spec.a.b` or `$lab.git.base_url`
---@param spec table the resolved spec
---@param config table|nil the lab's configuration
---@return table|nil {net, read, run, env, call, secret}, lists of strings
---@return table|nil err
function M.resolve(needs, spec, config)
  needs = needs or {}
  if type(needs) ~= 'table' or value.is_list(needs) and #needs > 0 then
    return invalid('needs: expected a table such as { net = { … } }, got %s', value.show(needs))
  end
  for family in pairs(needs) do
    local what = M.unknown(family)
    if what then
      return invalid('%s', what)
    end
  end
  local resolved = {}
  for _, family in ipairs(M.FAMILIES) do
    local list, err = resolve_family(family, needs[family] or {}, spec, config)
    if not list then
      return nil, err
    end
    resolved[family] = list
  end
  return resolved
end

return M
