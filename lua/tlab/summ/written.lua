--- What a model wrote, as a part of the page. Its sentences are foreign text: they are escaped.
local md = require 'tlab.markdown'
local text = require 'tlab.text'

local M = {}

local many, number = text.many, text.number

local function statements(m)
  local lines = {}
  if m.headline then
    lines[1] = md.prose(m.headline) .. '\n'
  end
  for _, claim in ipairs(m.claims) do
    lines[#lines + 1] = ('- %s: %s'):format(md.code(claim.file), md.prose(claim.text))
  end
  if #lines == 0 then
    return 'Nothing came of it.\n'
  end
  return table.concat(lines, '\n') .. '\n'
end

local function used(m)
  local cost = m.cost and (', %.6g %s'):format(m.cost.amount, m.cost.currency) or ''
  return ('%s in %s of up to %s tokens; %s tokens in, %s out%s.'):format(
    many(m.pieces, 'piece'),
    many(m.requests, 'request'),
    number(m.budget),
    number(m.tokens.input),
    number(m.tokens.output),
    cost
  )
end

local function missing(m)
  local lines = {}
  for _, failure in ipairs(m.failed) do
    local files = {}
    for i = 1, math.min(#failure.files, 5) do
      files[i] = md.code(failure.files[i])
    end
    lines[#lines + 1] = ('**No answer** (%s) on %s%s: %s'):format(
      failure.code,
      table.concat(files, ', '),
      #failure.files > 5 and ' and others' or '',
      md.prose(failure.message)
    )
  end
  if #m.dropped > 0 then
    lines[#lines + 1] = ('%s named a file that the model was not given, and %s left out.'):format(
      many(#m.dropped, 'statement'),
      #m.dropped == 1 and 'is' or 'are'
    )
  end
  for _, out in ipairs(m.left_out) do
    lines[#lines + 1] = ('Not sent: %s %s: %s.'):format(number(out.count), out.what, out.why)
  end
  if m.redacted > 0 then
    lines[#lines + 1] = ('%s blacked out before it was sent.'):format(
      many(m.redacted, 'possible secret') .. (m.redacted == 1 and ' was' or ' were')
    )
  end
  return lines
end

---@param m table `model` of summary.json
---@return string
function M.markdown(m)
  local lines = missing(m)
  table.insert(lines, 1, used(m))
  return ('## Written by %s\n\n'):format(md.code(m.name or 'the model'))
    .. statements(m)
    .. '\n'
    .. 'A model wrote this: each statement names a file of the change, and may still be wrong. '
    .. table.concat(lines, ' ')
    .. '\n'
end

return M
