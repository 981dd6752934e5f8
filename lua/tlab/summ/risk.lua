--- The rules of tlab.summ.rules, put to a change: what was found where, and how much each hunk asks
--- to be read first.
local patterns = require 'tlab.summ.patterns'

local M = {}

local LINE_MAX = 1000 -- bytes of a line that rules see
-- How much a kind of file counts when hunks are ranked, in percent.
local SHARE = { source = 100, build = 100, config = 80, other = 80, tests = 60, docs = 25 }
local LITTLE = 10

local function is_about(rule, kind)
  if not rule.kinds then
    return true
  end
  for _, one in ipairs(rule.kinds) do
    if one == kind then
      return true
    end
  end
  return false
end

local function found(rule, file, seen, line)
  return {
    rule = rule.name,
    why = rule.why,
    weight = rule.weight,
    path = file and file.path,
    line = line,
    seen = seen,
    times = 1,
  }
end

-- The lines of a hunk that a rule is about, with their numbers; `sign` is + or -.
local function each_line(hunk, sign)
  local lines, old, new = {}, hunk.old_start, hunk.new_start
  for _, text in ipairs(hunk.lines) do
    local first = text:sub(1, 1)
    if first == sign then
      local body = text:sub(2, LINE_MAX + 1)
      lines[#lines + 1] = { text = body, low = body:lower(), at = sign == '+' and new or old }
    end
    old = old + ((first == ' ' or first == '-') and 1 or 0)
    new = new + ((first == ' ' or first == '+') and 1 or 0)
  end
  return lines
end

-- How often a rule's patterns fit, and the first line where they do.
local function count(rule, text, lines)
  local list, times, first = patterns.of(text), 0, nil
  for _, line in ipairs(lines) do
    if patterns.fit(list, rule.raw and line.text or line.low) then
      times, first = times + 1, first or line
    end
  end
  return times, first
end

local function in_hunk(rule, added, removed)
  if rule.added then
    return count(rule, rule.added, added)
  end
  local gone, first = count(rule, rule.removed, removed)
  local back = gone > 0 and count(rule, rule.removed, added) or 0
  return math.max(gone - back, 0), first
end

local function bits(n)
  local b = 0
  while n > 0 do
    n, b = n >> 1, b + 1
  end
  return b
end

-- A hunk's rank: what the rules say of it, and its size; less for what is not code.
local function rate(hunk, file, weight)
  local share = SHARE[file.kind] or LITTLE
  return (weight * 10 + 5 * bits(hunk.added + hunk.removed)) * share // 100
end

local function look_at_hunk(rules, file, hunk, by_rule)
  local added, removed = each_line(hunk, '+'), each_line(hunk, '-')
  local weight, reasons = 0, {}
  for _, rule in ipairs(rules) do
    local times, first = in_hunk(rule, added, removed)
    if times > 0 then
      weight = weight + rule.weight
      reasons[#reasons + 1] = rule.name
      local finding = by_rule[rule]
      if finding then
        finding.times = finding.times + times
      else
        by_rule[rule] = found(rule, file, first.text, first.at)
        by_rule[rule].times = times
      end
    end
  end
  hunk.reasons, hunk.score = reasons, rate(hunk, file, weight)
end

-- Rules on lines that are about a file of this kind.
local function line_rules(rules, kind)
  local list = {}
  for _, rule in ipairs(rules) do
    local on_lines = rule.added or rule.removed
    list[#list + 1] = on_lines and is_about(rule, kind) and rule or nil
  end
  return list
end

local function look_at_file(rules, file, findings)
  local by_rule, path = {}, '/' .. file.path:lower()
  local on_lines = line_rules(rules, file.kind)
  for _, hunk in ipairs(file.hunks) do
    look_at_hunk(on_lines, file, hunk, by_rule)
  end
  for _, rule in ipairs(rules) do
    if by_rule[rule] then
      findings[#findings + 1] = by_rule[rule]
    elseif is_about(rule, file.kind) then
      local seen = rule.file and rule.file(file)
      if seen or rule.path and patterns.fit(patterns.of(rule.path), path) then
        findings[#findings + 1] = found(rule, file, seen)
      end
    end
  end
end

---Puts every rule to every file and hunk. Hunks get `score` and `reasons`.
---@param rules table[] as in tlab.summ.rules
---@param facts table {files = list of {path, kind, hunks …}}
---@return table[] findings {rule, why, weight, path?, line?, seen?, times}, the weightiest first
function M.find(rules, facts)
  local findings = {}
  for _, rule in ipairs(rules) do
    local seen = rule.change and rule.change(facts)
    findings[#findings + 1] = seen and found(rule, nil, seen) or nil
  end
  for _, file in ipairs(facts.files) do
    look_at_file(rules, file, findings)
  end
  table.sort(findings, function(a, b)
    return a.weight > b.weight
  end)
  return findings
end

---The hunks that deserve reading first, by their score.
---@param facts table after M.find
---@param most integer
---@return table[] {file, hunk}
---@return integer all how many hunks there are
function M.rank(facts, most)
  local all = {}
  for _, file in ipairs(facts.files) do
    for _, hunk in ipairs(file.hunks) do
      all[#all + 1] = { file = file, hunk = hunk }
    end
  end
  table.sort(all, function(a, b)
    return a.hunk.score > b.hunk.score
  end)
  return table.move(all, 1, math.min(most, #all), 1, {}), #all
end

local GONE = '[redacted]'

-- What the rules take for a secret.
local function secrets_of(rules)
  for _, rule in ipairs(rules) do
    if rule.secret then
      return patterns.of(rule.added)
    end
  end
  return {}
end

---Lines without what looks like a secret, and without what a private key is made of.
---@param rules table[]
---@param lines string[]
---@return string[] lines as many as were given
---@return integer times how many secrets were taken out
function M.redact(rules, lines)
  local secrets, out, all, in_key = secrets_of(rules), {}, 0, false
  for i, line in ipairs(lines) do
    if in_key and not line:find '%-%-%-%-%-' then
      out[i] = (line:match '^[-+ ]' or '') .. GONE
    else
      in_key = line:find 'BEGIN [%u ]*PRIVATE KEY' ~= nil
      local clean = line
      for _, pattern in ipairs(secrets) do
        local times
        clean, times = clean:gsub(pattern, GONE)
        all = all + times
      end
      out[i] = clean
    end
  end
  return out, all
end

return M
