--- tlab ops: the operations table of the binary, as a table or as JSON (stubs and pages come from
--- it).

local core = require 'core'
local out = require 'host.cmd.out'
local table_view = require 'host.view.table'

return function(_, options)
  local ops = core.ops()
  if options.json then
    out.json(ops)
    return 0
  end
  local rows = { { 'OPERATION', 'PERMIT', 'WHAT' } }
  for _, op in ipairs(ops) do
    rows[#rows + 1] = { op.name .. '(' .. op.signature .. ')', op.permit, op.help }
  end
  out.out(table_view.columns(rows))
  return 0
end
