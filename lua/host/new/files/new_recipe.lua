--- Counts words, to begin with: what new_recipe is for goes here.
---@type tlab.Recipe
return {
  name = 'new_recipe',
  summary = 'Count the words of a text.',
  home = 'analyzer/outputs',
  spec = 'schemas/new_recipe.schema.json',
  run = function(run, spec)
    local rows, row_of = {}, {}
    for word in spec.text:lower():gmatch '%a+' do
      if not row_of[word] then
        row_of[word] = { word = word, times = 0 }
        table.insert(rows, row_of[word])
      end
      row_of[word].times = row_of[word].times + 1
    end
    table.sort(rows, function(a, b)
      return a.times > b.times
    end)
    run:write_csv('words.csv', rows, { 'word', 'times' })
    run:metric('words', #rows)
  end,
}
