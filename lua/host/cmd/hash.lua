--- tlab hash FILE …: SHA-256 as sha256sum prints it, escaped names too; "-" is standard input.

local core = require 'core'
local out = require 'host.cmd.out'

local STDIN_MAX = 1 << 30

local ESCAPES = { ['\\'] = '\\\\', ['\n'] = '\\n', ['\r'] = '\\r' }

--- GNU coreutils manual, "md5sum invocation": a name with a backslash, newline or carriage return
--- is escaped, and a backslash in front of the line says so.
local function line(sha256, name)
  local escaped, n = name:gsub('[\\\n\r]', ESCAPES)
  return (n > 0 and '\\' or '') .. sha256 .. '  ' .. escaped .. '\n'
end

local function digest(name)
  if name ~= '-' then
    return core.hash.file(name)
  end
  local data, err = core.fs.stdin(STDIN_MAX)
  if not data then
    return nil, err
  end
  return { sha256 = core.hash.bytes(data), size = #data }
end

return function(words, options)
  local lines, failed = {}, nil
  for _, name in ipairs(words) do
    local result, err = digest(name)
    if not result then
      failed = failed or err
      lines[#lines + 1] = options.json and { path = name, error = err } or nil
      if not options.json then
        out.err('tlab hash: ' .. err.message .. '\n')
      end
    elseif options.json then
      lines[#lines + 1] = { path = name, sha256 = result.sha256, size = result.size }
    else
      out.out(line(result.sha256, name))
    end
  end
  if options.json then
    out.json(lines)
  end
  return failed and core.exit_code(failed.code) or 0
end
