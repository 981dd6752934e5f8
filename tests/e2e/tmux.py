"""A terminal as a person has it: a program in tmux, keys that go in, and the screen that is seen."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

SECONDS = 60


class Terminal:
    """The words run in a pane of a tmux server of their own; a line ENDED with the exit code follows them."""

    def __init__(self, *words, cwd, columns=80, rows=24, **env):
        self.folder = tempfile.mkdtemp(prefix="tmux.")  # a socket's path is short
        self.socket = f"{self.folder}/s"
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", "TERM": "xterm", **env}
        program = " ".join(f"'{word}'" for word in words)
        script = f"trap : INT; {program}; echo ENDED $?; exec sleep 1000"
        size = ["-x", str(columns), "-y", str(rows)]
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(cwd), script)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def tmux(self, *words, stdin=None):
        done = subprocess.run(
            ["tmux", "-u", "-S", self.socket, *words],
            env=self.env,
            cwd="/",
            input=stdin,
            capture_output=True,
            check=True,
            timeout=SECONDS,
        )
        return done.stdout.decode()

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *names):
        """Keys by tmux's names for them: Enter, C-c, Left."""
        self.tmux("send-keys", *names)

    def line(self, text):
        self.type(text)
        self.keys("Enter")

    def send(self, data):
        """These bytes, whatever they are."""
        for at in range(0, len(data), 1000):
            self.tmux("send-keys", "-H", *(f"{byte:x}" for byte in data[at : at + 1000]))

    def paste(self, data):
        """As from a clipboard: marked as pasted if the program asked for that (-p), its newlines as they are."""
        self.tmux("load-buffer", "-", stdin=data)
        self.tmux("paste-buffer", "-p", "-r")

    def resize(self, columns, rows=24):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, joined=False):
        """What is seen, and what was scrolled away; `joined`: lines that the terminal wrapped are one."""
        more = ["-J"] if joined else []
        text = self.tmux("capture-pane", "-p", "-S", "-", *more)
        return "\n".join(line.rstrip() for line in text.rstrip().split("\n"))

    def pid(self):
        """The process in front: the program itself."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(pathlib.Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def until(self, condition, joined=False):
        """The screen once the condition holds for it: a function, or a text that it ends with."""
        if isinstance(condition, str):
            ending = condition.rstrip()
            return self.until(lambda screen: screen.endswith(ending), joined)
        since = time.monotonic()
        while True:
            screen = "\n" + self.screen(joined)  # so that each line has its beginning
            if condition(screen):
                return screen
            assert time.monotonic() - since < SECONDS, "it never came to that:\n" + screen[-2000:]
            time.sleep(0.02)

    def ended(self):
        """The exit code."""
        return int(self.until(lambda screen: "\nENDED " in screen).rsplit("ENDED ", 1)[1].split()[0])
