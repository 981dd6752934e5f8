--- The least a recipe can be: what is left of a run's cost is tlab's own.
return {
  name = 'empty',
  summary = 'Do nothing, and have it recorded.',
  home = 'ai-team/artifacts',
  spec = { type = 'object' },
  run = function() end,
}
