"""What a session costs: its first answer beside that of other prompts, and a Tab."""

import os
import pathlib
import pty
import select
import time

import measure

ROUNDS, TABS = 40, 2000
TARGET = 20  # ms of CPU, both
PROMPT = b"> "
CLEAR = b"\x15"  # Ctrl-U
# What Tab is pressed behind, and the end of what is seen then.
COMPLETED = {
    "a field of a table": (b"string.rev", b"erse"),
    "a file of the lab": (b"tlab.fs.read 'lab:la", b"b.json"),
    "a run": (b"run 'lat", b"est"),
}


class SessionBench:
    def __init__(self, lab, build, peers, page):
        """`peers`: the Python that has IPython, or None."""
        self.lab, self.build, self.peers, self.page = lab, build, peers, page

    def prompt(self, name, *argv, env=None):
        shown = " ".join(pathlib.Path(word).name if i == 0 else str(word) for i, word in enumerate(argv))
        return measure.Command(name, list(argv), self.lab, f"echo 1+1 | {shown}", env or {}, stdin="one")

    def first_answer(self):
        (self.lab / "one").write_text("1+1\n")
        commands = [
            self.prompt("tlab repl", self.build / "tlab", "repl"),
            self.prompt("lua", "lua5.4", "-i"),
            self.prompt("node", "node", "-i"),
        ]
        if self.peers:
            ipython = [self.peers, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
            commands.append(self.prompt("ipython", *ipython, env={"IPYTHONDIR": str(self.lab / "ipython")}))
        rows = measure.turns(commands, ROUNDS)
        self.page.times("The first answer of a prompt, from start to end", rows, "lua", commands)
        self.page.target("first answer of tlab repl, CPU time", 1000 * rows["tlab repl"]["cpu"], TARGET, "ms")

    def tab(self):
        """CPU time of the session's processes for each Tab, the typing before it and its removal in it."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.lab)
            env = {**os.environ, "TERM": "xterm", "HOME": str(self.lab)}
            os.execve(self.build / "tlab", ["tlab", "repl"], env)
        read_until(terminal, PROMPT)
        lines = []
        for what, (typed, ending) in COMPLETED.items():
            before = cpu_ms(pid)
            for _ in range(TABS):
                os.write(terminal, typed + b"\t")
                read_until(terminal, ending)
                os.write(terminal, CLEAR)
            took = (cpu_ms(pid) - before) / TABS
            lines.append([what, f"{took:.2f}"])
            self.page.target(f"a Tab, {what}, CPU time", took, TARGET, "ms")
        os.write(terminal, b"\x04")
        os.waitpid(pid, 0)
        os.close(terminal)
        self.page.section(f"A Tab in a session, mean of {TABS}", ["what is completed", "CPU ms"], lines, [])

    def session(self):
        self.first_answer()
        self.tab()


def read_until(terminal, ending):
    """What the terminal shows up to these bytes."""
    seen, until = b"", time.monotonic() + 10
    while ending not in seen:
        if not select.select([terminal], [], [], max(0, until - time.monotonic()))[0]:
            raise RuntimeError(f"no {ending!r} came, but {seen[-200:]!r}")
        seen += os.read(terminal, 65536)
    return seen


def cpu_ms(pid):
    """User and system time of a process and what descends from it."""
    ticks = 0
    for each in measure.family(pid):
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")
