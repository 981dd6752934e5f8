# tlab doctor: lines by group, each with its mend; the conditions are made in tests/e2e/test_doctor.py.

TEST: a lab and its mends
FILE: lab.json
  { "schema": "tlab.lab/1", "secrets": { "MY_KEY": { "hosts": ["a:1"] } } }
RUN: chmod 700 .; tlab doctor --quick
STDOUT:
  machine
    ok …tlab …
  ...
  lab
    ok …lab …
    ok …space …
    ok …disk …
    ok …lab folder …mode 0700
    ok …git …no repository: runs name no commit
    warn …MY_KEY …a key of lab.json that has no value here
          mkdir -p -m 700 secrets && (umask 077; cat >> secrets/.env.lab)  # type MY_KEY=…
STDERR: … warning…, nothing fails
RUN: mkdir secrets; echo MY_KEY=not-for-you > secrets/.env.lab; chmod 755 secrets; tlab doctor -q > said; echo $?; grep -A1 fail said; grep -c not-for-you said
EXIT: 1
STDOUT:
  1
    fail …secrets …others may read it: mode 0755
          chmod 700 …/secrets
    fail …secrets/.env.lab …others may read it: mode …
          chmod 600 …/secrets/.env.lab
  0
RUN: mv lab.json x.json; tlab doctor | tail -2
STDOUT:
  lab
    ok …lab …none in this folder or above it
RUN: tlab doctor --json | tlab validate --schema=schemas/doctor.schema.json -
STDOUT: valid: - (schemas/doctor.schema.json)
RUN: tlab doctor now
EXIT: 2
STDERR: error[USAGE]: too many words ("now"), expected: tlab doctor [--quick]
  ...
