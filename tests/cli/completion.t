# tlab completion: the scripts, and what they ask.

TEST: a script for each shell
RUN: tlab completion bash | bash -n
STDERR:
RUN: tlab completion bash | tail -n 1
STDOUT: complete -F _tlab tlab
RUN: tlab completion zsh | head -n 1
STDOUT: #compdef tlab
RUN: tlab completion fish | tail -n 1
STDOUT: complete -c tlab -f -a '(__tlab_words)'
RUN: tlab completion bash --json
STDOUT: {"script":"…","shell":"bash"}

TEST: a shell that there is none for
RUN: tlab completion bahs
EXIT: 2
STDERR:
  error[USAGE]: there is no completion for "bahs", did you mean bash?
     = expected: bash, zsh, fish
  help: tlab completion bash
RUN: tlab completion ../../recipes/ai
EXIT: 2
RUN: tlab completion bash x
EXIT: 2

TEST: what a script is told
RUN: tlab completion words -- sho
STDOUT:
  show	what a run did, took and made
RUN: tlab completion words -- runs --status s
STDOUT: succeeded
RUN: tlab completion words -- hash ''
STDOUT: :files
RUN: tlab completion words -- new r
STDOUT: recipe
RUN: mkdir -p lab/tests/recipes && cd lab && echo '{"schema":"tlab.lab/1"}' > lab.json && touch tests/recipes/one_test.lua tests/recipes/two_test.lua && tlab completion words -- test o
STDOUT: one
RUN: tlab completion words -- nothing ''
STDOUT:
STDERR:
RUN: tlab completion words --json -- sho
STDOUT: [["show","what a run did, took and made"]]

TEST: nothing is written for a key that was pressed
FILE: lab.json
  { "schema": "tlab.lab/1" }
FILE: 2026/10/03/x/run.json
  {}
RUN: tlab completion words -- show ''
STDOUT:
  latest	the run that ended last
TREE: !runs.csv !.tlab
