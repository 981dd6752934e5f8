--- What an answer cost. An unknown price or count gives nil, never 0.
local M = {}

---@param price table? {input_per_million, output_per_million, cached_per_million?, currency?}
---@param usage table {input, output, cached?}; cached tokens are part of the input
---@return table? cost {amount, currency}
function M.cost(price, usage)
  if not price or not usage.input or not usage.output then
    return nil
  end
  local cached = usage.cached or 0
  local amount = (usage.input - cached) * price.input_per_million
    + cached * (price.cached_per_million or price.input_per_million)
    + usage.output * price.output_per_million
  return { amount = amount / 1e6, currency = price.currency or 'USD' }
end

---The price of a model in a lab's table: its own entry, or the longest beginning (`gpt-4o*`).
---@param prices table<string, table>?
---@param model string?
---@return table?
function M.find(prices, model)
  if not prices or not model then
    return nil
  end
  if prices[model] then
    return prices[model]
  end
  local best, length
  for name, price in pairs(prices) do
    local stem = name:match('^(.*)%*$')
    if stem and model:sub(1, #stem) == stem and (not length or #stem > length) then
      best, length = price, #stem
    end
  end
  return best
end

return M
