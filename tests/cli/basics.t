# What needs no lab: help, version, wrong words, hashes.

RUN tlab --version
STDOUT tlab 0.

RUN tlab
STDOUT tlab run recipes/ai.lua spec.json

RUN tlab --help
STDOUT Commands:
STDOUT replay

RUN tlab help hash
STDOUT SHA-256

RUN tlab frobnicate
EXIT 2
STDERR error[USAGE]: there is no command or recipe "frobnicate"

RUN tlab --no-such-option
EXIT 2
STDERR no-such-option

RUN tlab hash
EXIT 2
STDERR tlab hash FILE

# The same digests, byte for byte, as sha256sum.
FILE a.txt
| one line
FILE sub/b c.txt
| another
RUN diff <(tlab hash a.txt 'sub/b c.txt') <(sha256sum a.txt 'sub/b c.txt')

RUN printf x >'odd\name'; diff <(tlab hash 'odd\name') <(sha256sum 'odd\name')

RUN diff <(tlab hash - <a.txt) <(sha256sum - <a.txt)

RUN tlab hash gone.txt a.txt
EXIT 1
STDOUT a.txt
STDERR gone.txt

RUN tlab ops --json | head -c 1
STDOUT [

# Output that nobody reads any more is no reason for a traceback.
RUN tlab ops | head -n 1
STDOUT OPERATION
NOT traceback
