--- The one table of commands and options. Parser, help, man page and completions come from it.
--
-- option   { kind, value = what --help calls its value, help, example, short = 'x'? }
--   kind   flag     no value
--          text     one value
--          list     may be given several times, each value a list by commas
--          integer  a whole number, 0 or more
--          bytes    a whole number with K, M or G (powers of 1024)
--          choice   one of `choices`
-- command  { name, summary, usage, words = {least, most?}, options, examples, module? }
--   examples are { line, what it does }; `module` is the file below host/cmd that does it, by
--   default the command's name

local M = {}

--- What every command takes. A name means the same everywhere.
M.global = { 'help', 'json', 'quiet', 'verbose', 'no-input', 'color', 'dev-lua' }

M.options = {
  ['help'] = { kind = 'flag', short = 'h', help = 'show help for the command' },
  ['version'] = { kind = 'flag', help = 'print the version' },
  ['json'] = { kind = 'flag', help = 'print one JSON value instead of text' },
  ['quiet'] = { kind = 'flag', short = 'q', help = 'say nothing but errors' },
  ['verbose'] = { kind = 'flag', short = 'v', help = 'say more; errors with their traceback' },
  ['no-input'] = { kind = 'flag', help = 'never ask on the terminal' },
  ['color'] = {
    kind = 'choice',
    value = 'WHEN',
    choices = { 'auto', 'always', 'never' },
    help = 'colour: auto, always or never',
    example = 'never',
  },
  ['dev-lua'] = {
    kind = 'text',
    value = 'DIR',
    help = 'take the Lua library from DIR; the manifest says so',
    example = 'lua',
  },
  ['allow-net'] = {
    kind = 'list',
    value = 'HOST[:PORT]',
    help = 'let the recipe reach this host',
    example = 'api.openai.com:443',
  },
  ['allow-read'] = {
    kind = 'list',
    value = 'PATH',
    help = 'let the recipe read this file or folder',
    example = '/data/corpus',
  },
  ['allow-run'] = {
    kind = 'list',
    value = 'NAME',
    help = 'let the recipe run this program',
    example = 'python3',
  },
  ['allow-env'] = {
    kind = 'list',
    value = 'NAME',
    help = 'let the recipe see this environment variable',
    example = 'LANG',
  },
  ['limit-seconds'] = {
    kind = 'integer',
    value = 'N',
    help = 'end the run after N seconds',
    example = '600',
  },
  ['limit-memory'] = {
    kind = 'bytes',
    value = 'SIZE',
    help = 'memory of the recipe',
    example = '512M',
  },
  ['limit-cpu'] = {
    kind = 'integer',
    value = 'N',
    help = 'processor seconds of the recipe',
    example = '300',
  },
  ['offline'] = { kind = 'flag', help = 'open no connection at all' },
  ['reuse'] = {
    kind = 'text',
    value = 'RUN',
    help = 'answer from the record of RUN what it can answer',
    example = 'latest',
  },
  ['seed'] = {
    kind = 'integer',
    value = 'N',
    help = 'seed of math.random and of the tasks',
    example = '7',
  },
  ['with'] = {
    kind = 'text',
    value = 'RECIPE',
    help = 'run this recipe on the record instead',
    example = 'recipes/ai.lua',
  },
  ['schema'] = {
    kind = 'text',
    value = 'FILE',
    help = 'the JSON Schema to hold the file against',
    example = 'schemas/spec.schema.json',
  },
}

local RUN_OPTIONS = {
  'allow-net',
  'allow-read',
  'allow-run',
  'allow-env',
  'limit-seconds',
  'limit-memory',
  'limit-cpu',
  'offline',
  'reuse',
  'seed',
}

M.commands = {
  {
    name = 'run',
    summary = 'run a recipe and keep all of it',
    usage = 'tlab run RECIPE [SPEC] [key=value ...]',
    words = { 1 },
    options = RUN_OPTIONS,
    examples = {
      { 'tlab run recipes/ai.lua spec.json', 'a recipe with its spec' },
      { 'tlab ai spec.json params.seed=8', 'the same by its name, one value changed' },
      { 'tlab run --allow-net=127.0.0.1:8080 recipes/ai.lua spec.json', 'with a permit' },
    },
  },
  {
    name = 'replay',
    summary = 'run it again from its record and compare every byte',
    usage = 'tlab replay RUN [--with RECIPE]',
    words = { 1, 1 },
    options = { 'with' },
    examples = {
      { 'tlab replay latest', 'the newest run, without a network' },
      { 'tlab replay 3f9a --with recipes/ai.lua', "today's recipe on an old record" },
    },
  },
  {
    name = 'verify',
    summary = 'check each file of a run against its manifest and record',
    usage = 'tlab verify RUN',
    words = { 1, 1 },
    options = {},
    examples = { { 'tlab verify latest', 'exit code 0: as it was made; 5: what differs' } },
  },
  {
    name = 'show',
    summary = 'what a run did, took and made',
    usage = 'tlab show RUN',
    words = { 1, 1 },
    options = {},
    examples = {
      { 'tlab show latest', 'the newest run' },
      { 'tlab show 3f9a --json', 'the manifest of the run whose id begins with 3f9a' },
    },
  },
  {
    name = 'validate',
    summary = 'check a spec or any file of a lab before it is used',
    usage = 'tlab validate FILE [--schema FILE] | RECIPE [SPEC] [key=value ...]',
    words = { 1 },
    options = { 'schema' },
    examples = {
      { 'tlab validate recipes/ai.lua spec.json', 'a spec, by what the recipe asks for' },
      { 'tlab validate latest/run.json', 'a manifest, by the schema inside tlab' },
    },
  },
  {
    name = 'hash',
    summary = 'SHA-256 of files, printed as sha256sum does',
    usage = 'tlab hash FILE ...',
    words = { 1 },
    options = {},
    examples = {
      { 'tlab hash spec.json answers.jsonl', 'two files' },
      { 'tlab hash - < spec.json', 'standard input' },
    },
  },
  {
    name = 'ops',
    summary = 'the operations that a recipe can ask for',
    usage = 'tlab ops',
    words = { 0, 0 },
    options = {},
    examples = { { 'tlab ops --json', 'for a program' } },
  },
  {
    name = 'help',
    summary = 'help on a command',
    usage = 'tlab help [COMMAND]',
    words = { 0, 1 },
    options = {},
    examples = { { 'tlab help run', 'all options of run' } },
  },
  {
    name = 'version',
    summary = 'the version of tlab and of its libraries',
    usage = 'tlab version',
    words = { 0, 0 },
    options = { 'version' },
    examples = { { 'tlab version --json', 'with the versions of the libraries' } },
  },
}

--- The command of a name, or nil.
---@param name string
---@return table|nil
function M.find(name)
  for _, command in ipairs(M.commands) do
    if command.name == name then
      return command
    end
  end
  return nil
end

--- All names, in the table's order.
---@return string[]
function M.names()
  local names = {}
  for i, command in ipairs(M.commands) do
    names[i] = command.name
  end
  return names
end

return M
