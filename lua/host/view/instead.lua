--- What of the lab ran in place of tlab's own under the same name.
---@param recipe table {file, instead_of?}
---@param modules? table[] {name, instead_of?}
---@return string[] files
return function(recipe, modules)
  local list = { recipe.instead_of and recipe.file }
  for _, module in ipairs(modules or {}) do
    list[#list + 1] = module.instead_of and 'lua/' .. module.name:gsub('%.', '/') .. '.lua' or nil
  end
  return list
end
