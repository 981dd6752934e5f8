--- A recipe to begin with: change it, or remove it.
---@type tlab.Recipe
return {
  name = 'hello',
  summary = 'Greet somebody, and keep the greeting.',
  home = 'ai-team/artifacts',
  spec = 'schemas/hello.schema.json',
  run = function(run, spec)
    for i = 1, spec.times do
      run:write(('hello-%d.txt'):format(i), ('Hello, %s!\n'):format(spec.name))
    end
  end,
}
