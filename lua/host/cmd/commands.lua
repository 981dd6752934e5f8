--- The one table of commands. Parser, help, man page and completions come from it and from the
--- table of options.
--
-- command  { name, summary, usage, words = {least, most?}, takes, options, examples, module? }
--   `takes` says what each word is, for completion (host/cmd/complete_kinds.lua); the last one is
--   that of all further words. Examples are { line, what it does }; `module` is the file below
--   host/cmd that does it, by default the command's name

local options = require 'host.cmd.options'

local M = { global = options.global, options = options.all }

--- The options of what runs a recipe: permits, limits, and those that only this command has.
local function running(...)
  return {
    'allow-net',
    'allow-read',
    'allow-run',
    'allow-env',
    'limit-seconds',
    'limit-memory',
    'limit-cpu',
    'offline',
    ...,
  }
end

M.commands = {
  {
    name = 'init',
    summary = 'make a lab of your own',
    usage = 'tlab init [DIR] [--force]',
    words = { 0, 1 },
    takes = { 'folder' },
    options = { 'force' },
    examples = {
      { 'tlab init my-lab', 'a folder with all that a lab has' },
      { 'tlab init', 'this folder; nothing that is there is overwritten' },
    },
  },
  {
    name = 'new',
    summary = 'begin a recipe of your own, with its spec and test',
    usage = 'tlab new recipe NAME [--force] | tlab new editor',
    words = { 1, 2 },
    takes = { 'made', 'nothing' },
    options = { 'force' },
    examples = {
      { 'tlab new recipe haiku', 'recipe, schema of its spec, spec and test; they work at once' },
      { 'tlab new editor', 'what editors know of recipes, after tlab was renewed' },
    },
  },
  {
    name = 'run',
    summary = 'run a recipe and keep all of it',
    usage = 'tlab run [OPTIONS] RECIPE [SPEC] [key=value ...]',
    words = { 1 },
    takes = { 'recipe', 'spec' },
    options = running('reuse', 'seed', 'dry-run', 'watch'),
    examples = {
      { 'tlab run recipes/ai.lua spec.json', 'a recipe with its spec' },
      { 'tlab ai spec.json --dry-run', 'what it would do and need; nothing is kept' },
      { 'tlab ai spec.json --watch', 'again at each change; what is known is not asked again' },
      { 'tlab ai spec.json params.seed=8', 'the same by its name, one value changed' },
      { 'tlab run --allow-net=127.0.0.1:8080 recipes/ai.lua spec.json', 'with a permit' },
    },
  },
  {
    name = 'repl',
    summary = 'try things out line by line, and keep all of it',
    usage = 'tlab repl [OPTIONS]',
    words = { 0, 0 },
    options = running 'seed',
    examples = {
      { 'tlab repl', 'a session: every line is answered at once; :quit ends it' },
      { "printf '1 + 1\\n' | tlab repl", 'the same without a terminal: a script' },
      { 'tlab repl --allow-net=127.0.0.1:8080', 'with a permit, so that it is not asked for' },
    },
  },
  {
    name = 'test',
    summary = 'run the tests of recipes, each in a lab of its own',
    usage = 'tlab test [OPTIONS] [NAME ...]',
    words = { 0 },
    takes = { 'test' },
    options = { 'update', 'limit-cpu' },
    examples = {
      { 'tlab test', 'all of tests/recipes; exit code 1 when one fails' },
      { 'tlab test haiku', 'those of one recipe; so recipes/haiku.lua' },
      { 'tlab test haiku --update', 'what it made now is what is expected from now on' },
    },
  },
  {
    name = 'replay',
    summary = 'run it again from its record and compare every byte',
    usage = 'tlab replay RUN [--with RECIPE]',
    words = { 1, 1 },
    takes = { 'run' },
    options = { 'with' },
    examples = {
      { 'tlab replay latest', 'the newest run, without a network' },
      { 'tlab replay 3f9a --with recipes/ai.lua', "today's recipe on an old record" },
    },
  },
  {
    name = 'resume',
    summary = 'bring a run that was cut off to its end',
    usage = 'tlab resume [OPTIONS] RUN',
    words = { 1, 1 },
    takes = { 'run' },
    options = running(),
    examples = {
      { 'tlab resume latest', 'what is recorded is answered, the rest performed' },
      { 'tlab resume 3f9a --limit-seconds=600', 'with more time than it had' },
    },
  },
  {
    name = 'verify',
    summary = 'check each file of a run against its manifest and record',
    usage = 'tlab verify RUN',
    words = { 1, 1 },
    takes = { 'run' },
    options = {},
    examples = { { 'tlab verify latest', 'exit code 0: as it was made; 5: what differs' } },
  },
  {
    name = 'show',
    summary = 'what a run did, took and made',
    usage = 'tlab show RUN [--log]',
    words = { 1, 1 },
    takes = { 'run' },
    options = { 'log' },
    examples = {
      { 'tlab show latest', 'the newest run' },
      { 'tlab show latest --log', 'all that its recipe logged' },
      { 'tlab show 3f9a --json', 'the manifest of the run whose id begins with 3f9a' },
    },
  },
  {
    name = 'runs',
    summary = 'the runs of the lab: which, when, how they ended',
    usage = 'tlab runs [OPTIONS] [COLUMN=VALUE | COLUMN>VALUE ...]',
    words = { 0 },
    takes = { 'where' },
    options = {
      'recipe',
      'status',
      'model',
      'tag',
      'since',
      'until',
      'param',
      'text',
      'sort',
      'reverse',
      'limit',
      'csv',
      'rebuild',
    },
    examples = {
      { 'tlab runs', 'the newest 50' },
      { 'tlab runs --status failed --since 7d', 'what failed this week' },
      { "tlab runs recipe=ai 'param.temperature>=0.5' --sort -cost", 'the dearest first' },
      { 'tlab runs --csv > mine.csv', 'all of them, for another program' },
      { 'tlab runs --rebuild', 'make the index anew from the folders of the runs' },
    },
  },
  {
    name = 'log',
    summary = 'what was done, day by day, with what was said of it',
    usage = 'tlab log [DAY | FROM..TO]',
    words = { 0, 1 },
    takes = { 'day' },
    options = {},
    examples = {
      { 'tlab log', 'today, which ends at midnight UTC' },
      { 'tlab log 7d', 'today and the six days before' },
      { 'tlab log 2026-10', 'a month; so 2026-10-03, yesterday, 2026-10-01..2026-10-07' },
    },
  },
  {
    name = 'tag',
    summary = 'words to find a run by',
    usage = 'tlab tag RUN [WORD ...] [--remove]',
    words = { 1 },
    takes = { 'run', 'tag' },
    options = { 'remove' },
    examples = {
      { 'tlab tag latest baseline', 'the run can be found by this word' },
      { 'tlab tag 3f9a baseline --remove', 'and no longer' },
    },
  },
  {
    name = 'note',
    summary = 'what you have to say of a run, kept beside it',
    usage = 'tlab note RUN [TEXT]',
    words = { 1, 2 },
    takes = { 'run', 'nothing' },
    options = {},
    examples = {
      { 'tlab note latest "the third answer is wrong"', 'added, with the time' },
      { 'tlab note latest', 'what was said so far' },
      { 'tlab note latest - < remarks.txt', 'from standard input' },
    },
  },
  {
    name = 'diff',
    summary = 'why two runs differ, the verdict first',
    usage = 'tlab diff RUN RUN [--stat]',
    words = { 2, 2 },
    takes = { 'run' },
    options = { 'stat' },
    examples = {
      { 'tlab diff 3f9a 81c0', 'exit code 0: same; 1: different; 2: cannot be said' },
      { 'tlab diff 3f9a latest --stat', 'one line a part' },
    },
  },
  {
    name = 'validate',
    summary = 'check a spec or any file of a lab before it is used',
    usage = 'tlab validate FILE [--schema FILE] | RECIPE [SPEC] [key=value ...]',
    words = { 1 },
    takes = { 'recipe', 'spec' },
    options = { 'schema' },
    examples = {
      { 'tlab validate recipes/ai.lua spec.json', 'a spec, by what the recipe asks for' },
      { 'tlab validate latest/run.json', 'a manifest, by the schema inside tlab' },
    },
  },
  {
    name = 'doctor',
    summary = 'what could go wrong here, and what to type against it',
    usage = 'tlab doctor [--quick]',
    words = { 0, 0 },
    options = { 'quick' },
    examples = {
      { 'tlab doctor', 'this machine and this lab; exit code 1 when something fails' },
      { 'tlab doctor --quick', 'without looking at every run' },
    },
  },
  {
    name = 'gc',
    summary = 'remove what killed processes left, or runs that you name',
    usage = 'tlab gc [RUN ...] [--dry-run] [--yes]',
    words = { 0 },
    takes = { 'run' },
    options = { 'dry-run', 'yes' },
    examples = {
      { 'tlab gc --dry-run', 'what it would remove, and why' },
      { 'tlab gc --yes', 'without asking: temporary and orphaned files, never a run' },
      { 'tlab gc 3f9a', 'this run, for good' },
    },
  },
  {
    name = 'hash',
    summary = 'SHA-256 of files, printed as sha256sum does',
    usage = 'tlab hash FILE ...',
    words = { 1 },
    takes = { 'file' },
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
    takes = { 'topic' },
    options = {},
    examples = {
      { 'tlab help run', 'all options of run' },
      { 'tlab help ai', 'the keys of a recipe' },
      { 'tlab help man > tlab.1', 'all of it as a manual page' },
    },
  },
  {
    name = 'explain',
    summary = 'what an error code means, and what to type against it',
    usage = 'tlab explain [CODE]',
    words = { 0, 1 },
    takes = { 'code' },
    options = {},
    examples = {
      { 'tlab explain NOT_PERMITTED', 'as it stands in a message: error[NOT_PERMITTED]' },
      { 'tlab explain 7', 'what this exit code is that of' },
      { 'tlab explain', 'all of them' },
    },
  },
  {
    name = 'completion',
    summary = 'what a shell needs to complete the words of tlab',
    usage = 'tlab completion bash | zsh | fish',
    words = { 1 },
    takes = { 'shell', 'nothing' },
    options = {},
    examples = {
      { 'source <(tlab completion bash)', 'in ~/.bashrc' },
      { 'source <(tlab completion zsh)', 'in ~/.zshrc, behind compinit' },
      { 'tlab completion fish | source', 'in ~/.config/fish/config.fish' },
    },
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
