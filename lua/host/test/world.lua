--- The world of a run in a test: time that passes only while the run sleeps, chance that is the
--- same each time, and nobody at the terminal.

local core = require 'core'

local M = {}

local BEGIN_MS = 1767225600000 -- 2026-01-01T00:00:00Z
local MOST_BYTES = 65536 -- of rand.bytes, as its primitive has it

local function argument(message)
  return nil, { code = 'ARGUMENT', message = message }
end

--- The operations that are answered so.
---@return table hooks
---@return string[] said what the run told the person at the terminal
function M.new()
  local now, drawn, said = 0, 0, core.json.array {}
  local hooks = {}
  hooks['clock.now'] = function()
    return BEGIN_MS + now
  end
  hooks['clock.monotonic'] = function()
    return now
  end
  hooks['clock.sleep'] = function(ms)
    if ms < 0 then
      return argument 'clock.sleep takes milliseconds from 0'
    end
    now = now + ms
    return true
  end
  hooks['rand.bytes'] = function(count)
    if count < 0 or count > MOST_BYTES then
      return argument('rand.bytes gives 0 to ' .. MOST_BYTES .. ' bytes')
    end
    local parts = {}
    for i = 1, (count + 31) // 32 do
      drawn = drawn + 1
      parts[i] = core.hash.bytes('rand.bytes ' .. drawn):gsub('%x%x', function(hex)
        return string.char(tonumber(hex, 16))
      end)
    end
    return table.concat(parts):sub(1, count)
  end
  hooks['talk.say'] = function(text)
    said[#said + 1] = text
    return true
  end
  for _, shown in ipairs { 'talk.stream', 'talk.progress' } do
    hooks[shown] = function()
      return true
    end
  end
  return hooks, said
end

return M
