--- A page for each error code of core/base/err.def: what it means, what is usually behind it, what
--- to type. A test holds the names to the table of codes and each line to the command line.
--
-- page  { means, causes = list of strings, type = list of {line, what it does} }

return {
  RUN_FAILED = {
    means = 'The recipe itself gave up: it called error(), or a Lua error was raised in it. '
      .. 'The run is kept with all that it did until then.',
    causes = {
      'a mistake in the recipe: the message names its file and line',
      'an answer, a file or a program that is not what the recipe expects',
      'a program that the recipe calls failed',
    },
    type = {
      { 'tlab show latest', 'the error, and what was done before it' },
      { 'tlab run --reuse=latest recipes/NAME.lua spec.json', 'again, asking nothing twice' },
    },
  },
  USAGE = {
    means = 'The words or options on the command line are not what the command takes. '
      .. 'Nothing was done.',
    causes = {
      'a misspelt command, option or recipe',
      'too few or too many words, or an option without its value',
      'a run that is named by too few digits of its id, so that several are meant',
    },
    type = {
      { 'tlab help', 'the commands and recipes there are here' },
      { 'tlab help run', 'the words and options of one command' },
    },
  },
  INVALID = {
    means = 'A file that you wrote does not have the form it must have: a spec, a recipe, '
      .. 'lab.json or a schema. The message names the place; nothing was run.',
    causes = {
      'a key that is required is missing, misspelt, or has a value of another type',
      'a recipe with a syntax error, or without a field that each recipe has',
      'the file is no JSON: a comma too much, a quote too few',
    },
    type = {
      { 'tlab help ai', 'the keys of a spec, with a recipe in the place of ai' },
      { 'tlab validate recipes/ai.lua spec.json', 'check a spec without running anything' },
      { 'tlab validate lab.json', 'check any file of a lab' },
    },
  },
  NOT_PERMITTED = {
    means = 'The recipe reached for a host, file, program, variable or secret that it may not '
      .. 'have. Both must agree: the recipe declares it in needs, and the lab or the command '
      .. 'line allows it.',
    causes = {
      'the recipe needs it, but neither lab.json nor an option allows it',
      'the recipe asks for something that it does not declare in needs',
      'a server redirects to another host, or a secret is bound to another one',
    },
    type = {
      { 'tlab run --allow-net=HOST:PORT recipes/NAME.lua', 'for this run; as the message says' },
      { 'tlab help run', 'also --allow-read, --allow-run and --allow-env' },
      { 'tlab validate lab.json', 'once permits.allow there has it, for good' },
    },
  },
  DIFFERS = {
    means = 'Something is not as it was made: verify found a file of a run that does not fit its '
      .. 'manifest, or a replay came to another result.',
    causes = {
      'a file in the folder of the run was edited, removed or damaged',
      'the recipe was changed, and asks for something else than it did (replay --with)',
      'the recipe depends on something that no record holds',
    },
    type = {
      { 'tlab verify latest', 'which files and fields differ' },
      { 'tlab diff RUN RUN', 'why two runs differ' },
    },
  },
  NOT_RECORDED = {
    means = 'The run may not reach out (offline, or a replay), and the record has no answer to '
      .. 'what the recipe asked for.',
    causes = {
      'the run was started with --offline, and asked for something new',
      'the record was cut off with its run, and ends before this',
      'a replay with a changed recipe or spec asks what was never asked before',
    },
    type = {
      { 'tlab run recipes/NAME.lua spec.json', 'with the network: without --offline' },
      { 'tlab resume latest', 'when the run was cut off: the rest is performed' },
    },
  },
  PROVIDER = {
    means = 'The server was reached and answered that it cannot or will not: a status of 400 or '
      .. 'more, or an answer that is not of the form its API promises.',
    causes = {
      'a key that is missing, wrong or expired (401, 403)',
      'a model of another name, or a parameter that this server does not take (400, 404, 422)',
      'too many requests (429), or a fault of the server (5xx), also after several tries',
    },
    type = {
      { 'tlab show latest', 'what the server said' },
      { 'tlab run --reuse=latest recipes/ai.lua spec.json', 'again; what it answered is kept' },
    },
  },
  STORAGE = {
    means = 'The disk, or standard output, did not take what was written. '
      .. 'Files under their final names are whole.',
    causes = {
      'the disk is full, has no inodes left, or a quota is used up',
      'the file system is read-only',
      'standard output is a full disk or is closed',
    },
    type = {
      { 'tlab doctor', 'how much room there is, and what else is wrong' },
      { 'tlab gc --dry-run', 'what could be removed' },
      { 'tlab resume latest', 'after making room: bring the run to its end' },
    },
  },
  ARGUMENT = {
    means = 'An operation was called with a value that it does not take. '
      .. 'The message names the argument, what was expected and what it got.',
    causes = {
      'a recipe passes nil or a value of another type, often from an answer it did not check',
      'a path or name with a NUL byte, too long, or a folder in the place of a file',
    },
    type = {
      { 'tlab ops', 'each operation with its arguments' },
      { 'tlab show latest', 'the error with its place in the recipe' },
    },
  },
  NOT_FOUND = {
    means = 'There is no file, folder, run, repository, program, secret or host of that name here.',
    causes = {
      'a misspelt name, or a path from another folder: relative ones begin where you stand',
      'there is no lab.json here or in a folder above',
      'a run that was copied into the lab, and is not in the index yet',
      'a program that is not installed, or a secret without a value',
    },
    type = {
      { 'tlab runs', 'the runs of this lab' },
      { 'tlab runs --rebuild', 'make the index anew from the folders' },
      { 'tlab init my-lab', 'a lab, where there is none' },
    },
  },
  IO = {
    means = 'Reading or writing failed, and the system gives no more special reason. '
      .. 'Its own words stand at the end of the message.',
    causes = {
      'no permission of the file system for this file or folder',
      'a disk, or a network file system, that fails',
      'a git repository with damaged or missing objects',
    },
    type = {
      { 'tlab doctor', 'what is wrong with this machine and this lab' },
      { 'tlab verify latest', 'whether a run is still whole' },
    },
  },
  LIMIT = {
    means = 'Something is larger, deeper or more than is taken at once. The message names the '
      .. 'limit. What was asked for is not done by halves.',
    causes = {
      'an answer of a server, a file or the output of a program is larger than allowed',
      'too many files are open, or too many programs run at once',
      'a table that is nested too deep, often one that contains itself',
    },
    type = {
      { 'tlab ops', 'operations that take a limit, and those that read in parts' },
      { 'tlab show latest', 'what was asked for' },
    },
  },
  TIMEOUT = {
    means = 'It took longer than it may: the run (--limit-seconds, --limit-cpu, limits in '
      .. 'lab.json), a request or a program (timeout_ms).',
    causes = {
      'a server or model that is slow or has stalled',
      'a loop in the recipe that does not end',
      'a limit that is too low for the work',
    },
    type = {
      { 'tlab resume latest --limit-seconds=600', 'go on from where it was, with more time' },
      { 'tlab show latest', 'what it was doing' },
    },
  },
  NETWORK = {
    means = 'No connection, or one that broke off or carried something that is not the protocol. '
      .. 'A part of an answer is never taken for the whole.',
    causes = {
      'nothing listens at that address and port: a model server that is not started',
      'no network, a firewall, or a server that cut the connection',
      'http where the server speaks https, or the other way round',
    },
    type = {
      { 'tlab run --reuse=latest recipes/ai.lua spec.json', 'when it is there again' },
      { 'tlab doctor', 'what is wrong with this machine and this lab' },
    },
  },
  REFUSED = {
    means = 'tlab could do it but does not, since it would be unsafe or could destroy something. '
      .. 'The message says what to do instead.',
    causes = {
      'a symbolic link, a special file or .. leads out of the folder that was meant',
      "a file with secrets that others may read, or a repository of another user's",
      'a certificate that does not prove who the server is; a URL of a kind that is not taken',
      'a run that is in progress was to be removed',
    },
    type = {
      { 'tlab doctor', 'modes, links and owners that are wrong, with the line against each' },
      { 'chmod 600 secrets/.env.lab', 'when others may read the secrets' },
    },
  },
  PARSE = {
    means = 'A text is not what it claims to be: JSON, CSV, a URL, a date, a git repository. '
      .. 'The message has the line where it can.',
    causes = {
      'a model or server answered with text where JSON was expected',
      'a file that was cut off, or edited by hand',
      'runs.csv with a line that is no row',
    },
    type = {
      { 'tlab validate FILE', 'which line and column' },
      { 'tlab runs --rebuild', 'when it is runs.csv: made anew from the runs' },
    },
  },
  CRASHED = {
    means = 'The process that runs the recipe ended without a word. The record holds all that was '
      .. 'done until then.',
    causes = {
      'the system ended it (signal 9), often since memory ran out',
      'somebody ended it by hand',
      'a fault in tlab or in a library',
    },
    type = {
      { 'tlab resume latest', 'what is recorded is answered, the rest performed' },
      { 'tlab doctor', 'memory, kernel and libraries of this machine' },
    },
  },
  INTERRUPTED = {
    means = 'A signal ended it: Ctrl-C (exit code 130), SIGTERM (143), or SIGHUP (129). '
      .. 'The folder of the run is closed, its record is whole.',
    causes = {
      'Ctrl-C, kill, or a shutdown of the machine',
      'the terminal or the connection that it ran in is gone',
    },
    type = {
      { 'tlab resume latest', 'bring it to its end; what is recorded is not asked again' },
      { 'tlab runs --status interrupted', 'all that were cut off' },
    },
  },
  UNSUPPORTED = {
    means = 'This machine, a library or a file has a form that this tlab cannot work with. '
      .. 'It is not guessed at.',
    causes = {
      'a library that is not installed or too old: libcurl, libgit2',
      'a kernel or file system without what is demanded (locks, confinement)',
      'a git repository of a later form, or a manifest that a later tlab wrote',
    },
    type = {
      { 'tlab doctor', 'what is missing here, and what to install' },
      { 'tlab version --json', 'versions of tlab and of its libraries' },
    },
  },
  DRY_RUN = {
    means = 'In a dry run nothing goes outward and nothing that is not permitted is read, so there '
      .. 'is no answer. The recipe gets this in its place; a run that is no dry one never does.',
    causes = {
      'the recipe sent a request, ran a program or fetched a repository',
      'a permit for it is missing: the report says which',
    },
    type = {
      { 'tlab run --dry-run recipes/NAME.lua spec.json', 'what a run would do and need' },
      { 'tlab run --dry-run --reuse=latest recipes/NAME.lua', 'with the answers of an old run' },
    },
  },
  EXISTS = {
    means = 'There is something of that name already, and it is not overwritten.',
    causes = {
      'a file or folder stands where another one was to be made',
      'the run is in progress, or another tlab works at the same thing',
    },
    type = {
      { 'tlab runs --status running', 'what is at work here' },
      { 'tlab gc --dry-run', 'what killed processes have left' },
    },
  },
  NO_MEMORY = {
    means = 'The recipe used all the memory that it may have (limits.memory in lab.json, or '
      .. '--limit-memory), or the machine has none left.',
    causes = {
      'a table or text that grows without end',
      'a large file or answer that is read at once',
      'a limit that is too low for the work',
    },
    type = {
      { 'tlab run --limit-memory=1G recipes/NAME.lua spec.json', 'with more' },
      { 'tlab show latest', 'how far it came' },
    },
  },
  BUG = {
    means = 'tlab met something in itself that cannot be. It is not your doing, and what is on the '
      .. 'disk is as whole as after a kill.',
    causes = {
      'a fault in tlab: please report what you typed, and what it says with --verbose',
    },
    type = {
      { 'tlab version --json', 'for the report: versions and machine' },
      { 'tlab doctor', 'whether this machine or this lab has a part in it' },
    },
  },
}
