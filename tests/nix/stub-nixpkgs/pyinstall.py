"""pyinstall.py OUT [--set NAME VALUE]…: the Python project of this folder into OUT, by its own backend.

Its programs get the environment that is set, and find the package that stands beside them.
"""

import pathlib
import subprocess
import sys

LAUNCHER = """#!{python}
import os, sys
os.environ.update({environment!r})
os.execv(sys.executable, [sys.executable, "-B", {program!r}, *sys.argv[1:]])
"""

out = pathlib.Path(sys.argv[1])
settings = sys.argv[2:]
environment = {name: value for _, name, value in zip(*[iter(settings)] * 3)}
subprocess.run(
    [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-build-isolation",
        "--no-deps",
        "--ignore-installed",
        "--prefix",
        out,
        ".",
    ],
    check=True,
)
environment["PYTHONPATH"] = str(next(out.glob("lib/python*/site-packages")))
for program in list((out / "bin").iterdir()):
    real = program.rename(program.with_name(f".{program.name}-wrapped"))
    program.write_text(LAUNCHER.format(python=sys.executable, environment=environment, program=str(real)))
    program.chmod(0o755)
