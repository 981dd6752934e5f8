--- Tests of recipes: `tlab test` runs what tests/recipes/NAME_test.lua says here. Each test has a
--- lab of its own, a copy of this one that is gone afterwards, and reaches no network.
---
---   local t = require 'tlab.test'
---   t.test('greets', function(lab)
---     local run = lab:run('hello', { name = 'Ada' })
---     t.eq(run:read 'hello-1.txt', 'Hello, Ada!\n')
---   end)

local lab = require 'tlab.test.lab'
local show = require 'tlab.test.show'

local M = {}

local tests = {} -- {name, fn} in the order of the file

--- Tells of a test; it runs once the whole file has been read, and what it raises is its failure.
---@param name string
---@param fn fun(lab: tlab.test.Lab)
function M.test(name, fn)
  if type(name) ~= 'string' or type(fn) ~= 'function' then
    error('t.test takes a name and a function, such as t.test("adds", function(lab) … end)', 2)
  end
  tests[#tests + 1] = { name = name, fn = fn }
end

--- Both are equal; tables by what they hold, texts of several lines with where they part.
---@param got any
---@param expected any
---@param what string? what it is about, for the message
function M.eq(got, expected, what)
  if not show.same(got, expected) then
    error((what and what .. ': ' or '') .. show.difference(got, expected), 2)
  end
end

--- The value is neither nil nor false.
---@generic T
---@param value T
---@param what string? what was expected
---@return T
function M.ok(value, what)
  if not value then
    error((what or 'a true value') .. ' was expected, got ' .. tostring(value), 2)
  end
  return value
end

--- The text holds a part, to the letter.
---@param text string
---@param part string
function M.has(text, part)
  if type(text) ~= 'string' or not text:find(part, 1, true) then
    error(('%s was expected in %s'):format(show.value(part), show.value(text)), 2)
  end
end

--- The function raises an error whose message has the pattern.
---@param fn fun()
---@param pattern string? of Lua
---@return any err what it raised
function M.err(fn, pattern)
  local ok, err = pcall(fn)
  if ok then
    error('an error was expected, none came', 2)
  end
  local message = show.message(err)
  if pattern and not message:find(pattern) then
    error(('an error with %s was expected, got: %s'):format(show.value(pattern), message), 2)
  end
  return err
end

--- What a run made is what lies in a folder of the lab, file by file; `tlab test --update` puts
--- there what came.
---@param run tlab.test.Run
---@param folder string below tests/, such as 'tests/recipes/hello/expected'
function M.artifacts(run, folder)
  local wrong, err = lab.artifacts(run, folder)
  if wrong ~= '' then
    error(wrong or err.message, 2)
  end
end

--- Answers of a server of models, for lab:run. It says nothing of itself.
---@param base_url string as in the spec, with /v1
---@param replies string|table<string, string> the reply to all; or by a part of the question
---@return table[] answers
function M.model(base_url, replies)
  if type(base_url) ~= 'string' or type(replies) ~= 'string' and type(replies) ~= 'table' then
    error('t.model takes a base_url, and a reply or a table of replies', 2)
  end
  local parts, answers = {}, {}
  for part in pairs(type(replies) == 'table' and replies or { [''] = replies }) do
    parts[#parts + 1] = part
  end
  table.sort(parts, function(a, b)
    return #a > #b -- what is more particular goes first
  end)
  for i, part in ipairs(parts) do
    local text = type(replies) == 'table' and replies[part] or replies
    answers[i] = {
      method = 'POST',
      url = base_url .. '/chat/completions',
      has = part,
      json = {
        choices = { { message = { content = text }, finish_reason = 'stop' } },
        usage = { prompt_tokens = 1, completion_tokens = 1 },
      },
    }
  end
  local root = base_url:gsub('/v1/?$', '')
  answers[#answers + 1] = { method = 'GET', url = root .. '/*', status = 404 }
  return answers
end

--- The tests of a file that has been read.
---@return {name: string, fn: fun(lab: tlab.test.Lab)}[]
function M.told()
  return tests
end

return M
