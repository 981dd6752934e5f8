#!/usr/bin/env python3
"""Tries the documents: README.md and docs/**/*.md. Results as TAP, one test a command.

    tests/docs/run.py [--tlab build/tlab] [-k WORD] [--model HOST:PORT]

What a fenced block is for stands behind its fence:

    ```console        is typed, line by line: "$ " begins a command ("> " goes on with it), what
                      follows is what it prints, on both streams
    ```lua PATH       the file PATH, as a reader would save it where he stands; the same for any language
    ```sh             needs the network or root, and is run elsewhere: see ELSEWHERE below
    ```text, ```json  to look at

In expected output `…` stands for any text within a line, and a line of `…` for any number of lines.
A command ends with 0, or is followed by `$ echo $?`. Each document has a folder of its own, with a
copy of this lab, one shell for all its commands ($ROOT is this repository), and a server that invents
answers where the documents have a model: at 127.0.0.1:8080. With --model a real one is asked instead.
For README.md the copy is a repository with one commit, as a clone is one.

Besides: links lead somewhere, files of this repository that are named are there, docs/README.md names
every page, and the pages that `make docs` writes are up to date. What lies on the web is not fetched:
an address must be whole, and its page must say when it was looked at ("as of 2026-11-23").
"""

import argparse
import concurrent.futures
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAB = [".gitignore", "Justfile", "lab.json", "recipes", "schemas", "tests/recipes"]
SERVER = "127.0.0.1:8080"
TIMEOUT = 60

# Commands of ```sh blocks by how they begin: the file that runs them, and the words by which it does.
ELSEWHERE = {
    "git clone": (".ci/run", "cd"),
    "cd ": (".ci/run", "cd"),
    "build/model/venv/bin/python tests/model/serve.py": ("tests/model/demo.sh", "serve.py"),
    "export PATH=": ("tests/docs/run.py", "PATH"),
    "make demo": ("tests/e2e/test_shipped_run.py", "demo.sh"),
    "make test-all": (".ci/run", "test-more"),
    "make test": (".ci/run", "test"),
    "make deps": (".ci/run", ".ci/deps"),
    "sudo make install": ("tests/e2e/test_install.py", "install"),
    "make install": ("tests/e2e/test_install.py", "install"),
    "make docs": ("tests/docs/run.py", "operations.py"),
    "make DEV=1": ("tests/lint/run.sh", "DEV=1"),
    "make SAN=1": ("Makefile", "SAN=1 BUILD="),
    "make hooks": ("tests/e2e/test_hooks.py", '"make", "hooks"'),
    "make tools": ("Makefile", "tools-check"),
    "age-keygen": ("tests/e2e/test_sops_real.py", "SOPS.md"),
    "age ": ("tests/e2e/test_sops_real.py", "SOPS.md"),
    "sops ": ("tests/e2e/test_sops_real.py", "SOPS.md"),
    "tlab try": ("tests/e2e/test_sops_real.py", "SOPS.md"),
    "sudo apt-get install age": (".ci/packages.txt", "age age-keygen"),
    "go install github.com/getsops": ("tests/tools/fetch.sh", "sops()"),
    "tlab post": ("tests/e2e/test_post.py", "from=latest"),
    "make": (".ci/run", "make"),
}


class Bad(Exception):
    """The expectation that was not met."""


def blocks_of(text):
    """The fenced blocks: (line number of the fence, what stands behind it, lines)."""
    found, fence = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if fence and line.strip() == fence:
            fence = None
        elif fence:
            found[-1][2].append(line)
        elif match := re.match(r"(`{3,})(.*)$", line):
            fence = match[1]
            found.append((number, match[2].strip(), []))
    if fence:
        raise SystemExit(f"a block is not closed: line {found[-1][0]}")
    return found


def commands_of(block):
    """(line number, command, expected lines) of a console block."""
    number, _, lines = block
    commands = []
    for n, line in enumerate(lines, number + 1):
        if line.startswith("$ "):
            commands.append((n, [line[2:]], []))
        elif line.startswith("> ") and not commands[-1][2]:
            commands[-1][1].append(line[2:])
        elif commands:
            commands[-1][2].append(line)
        else:
            raise SystemExit(f"line {n}: a console block begins with a command")
    return [(n, "\n".join(command), expected) for n, command, expected in commands]


def pattern(lines):
    """A regular expression for expected lines."""
    out = ""
    for line in lines:
        if line.strip() == "…":
            out += r"(?:[^\n]*\n)*"
        else:
            out += re.escape(line.rstrip()).replace("…", r"[^\n]*") + r"[ ]*\n"
    return re.compile(out + r"\Z")


class Shell:
    """One shell for all the commands of a document; what they print comes on one pipe."""

    END = "\x1fend of command "

    def __init__(self, folder, env):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.last = 0

    def run(self, command):
        """What the command prints, and its exit code."""
        quoted = "'" + command.replace("'", "'\\''") + "'"
        watch = threading.Timer(TIMEOUT, self.process.kill)
        watch.start()
        self.process.stdin.write(
            f"(exit {self.last}); eval {quoted} </dev/null; printf '%s%d\\n' '{self.END}' $?\n".encode()
        )
        self.process.stdin.flush()
        out = b""
        while (line := self.process.stdout.readline()) and not line.startswith(self.END.encode()):
            before, mark, code = line.partition(self.END.encode())
            out += before
            if mark:
                line = mark + code
                break
        watch.cancel()
        if not line:
            raise Bad(f"the shell is gone, after\n{out.decode(errors='replace')}")
        self.last = int(line[len(self.END.encode()) :])
        return out.decode(errors="replace"), self.last

    def folder(self):
        """Where the reader stands, and saves files."""
        last = self.last
        out, _ = self.run("pwd")
        self.last = last
        return pathlib.Path(out.rstrip("\n"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Model:
    """The server that stands in for a model, or the one that was named."""

    def __init__(self, host):
        self.host, self.process = host, None
        if host:
            return
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "e2e" / "mock_server.py"), "--stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.host = json.loads(self.process.stdout.readline())["url"].split("/")[2]

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


class Told:
    """What is to be said of a page: (title, why it failed or None)."""

    def __init__(self):
        self.lines = []

    def tell(self, title, why=None):
        self.lines.append((title, why))


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def tell(self, title, why=None):
        self.count += 1
        self.failed += why is not None
        print(f"{'ok' if why is None else 'not ok'} {self.count} - {title}", flush=True)
        if why is not None:
            print("".join(f"  # {line}\n" for line in str(why).splitlines()), end="", flush=True)


def make_lab(folder, tlab, cloned):
    for name in LAB:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    (folder / "build").mkdir()
    (folder / "build" / "tlab").symlink_to(tlab)
    git = ["git", "-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in ["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it was cloned"]:
        if cloned:
            subprocess.run([*git, *words], check=True)


def make_bin(folder, tlab):
    """What a reader has on the PATH beside the system's: tlab and just."""
    folder.mkdir()
    (folder / "tlab").symlink_to(tlab)
    just = tlab.parent / "venv" / "bin" / "just"
    if just.exists():
        (folder / "just").symlink_to(just)
    return folder


def check_output(expected, out, code, next_command):
    if not pattern(expected).match(out if not out or out.endswith("\n") else out + "\n"):
        raise Bad(f"it printed:\n{out}expected:\n" + "".join(line + "\n" for line in expected))
    if code != 0 and next_command != "echo $?":
        raise Bad(f"exit code {code}, and no `echo $?` after it:\n{out}")


def try_commands(tap, name, blocks, folder, bindir, model):
    """Types what the document says, writes what it says to save."""
    env = {
        "PATH": f"{bindir}:/usr/bin:/bin",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder.parent),
        "TERM": "dumb",
        "ROOT": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    shell = Shell(folder, env)
    try:
        for block in blocks:
            kind = block[1].split()
            if len(kind) == 2:
                path = shell.folder() / kind[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(line + "\n" for line in block[2]).replace(SERVER, model.host))
            if kind[:1] != ["console"]:
                continue
            commands = commands_of(block)
            for i, (number, command, expected) in enumerate(commands):
                following = commands[i + 1][1] if i + 1 < len(commands) else None
                title, why = f"{name}:{number} {command.splitlines()[0]}", None
                try:
                    out, code = shell.run(command.replace(SERVER, model.host))
                    check_output(expected, out.replace(model.host, SERVER), code, following)
                except Bad as bad:
                    why = bad
                tap.tell(title, why)
    finally:
        shell.close()


def check_elsewhere(name, blocks):
    """Every command of a ```sh block is run by something else, which is named."""
    for number, kind, lines in blocks:
        if kind != "sh":
            continue
        for line in lines:
            known = next((k for k in ELSEWHERE if line.startswith(k)), None)
            if line.strip() and not known:
                raise Bad(
                    f"{name}:{number}: nothing runs `{line}`: make it a console block, or name in "
                    "ELSEWHERE what does"
                )
            if known and ELSEWHERE[known][1] not in (ROOT / ELSEWHERE[known][0]).read_text():
                raise Bad(f"{ELSEWHERE[known][0]} does not run `{known}` any more")


def prose_of(text):
    """A document without its fenced blocks."""
    return re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_of(path):
    """The anchors of a document's headings, as GitHub makes them."""
    anchors = set()
    for heading in re.findall(r"^#+ (.*)$", prose_of(path.read_text()), re.MULTILINE):
        anchors.add(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-"))
    return anchors


def links_of(prose):
    """Where a document leads: links, pictures, and the same as HTML."""
    found = re.findall(r"\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)[^)]*\)", prose)
    found += re.findall(r"^\[[^\]]+\]:\s*(\S+)", prose, re.MULTILINE)
    return found + re.findall(r"""\b(?:href|src)=["']([^"']*)""", prose)


def check_web(prose):
    web = [target for target in links_of(prose) if re.match(r"[a-zA-Z][\w+.-]*:", target)]
    wrong = [
        target
        for target in web
        if not re.fullmatch(r"https://([\w-]+\.)+[a-z]{2,}(/[\w~%+.,:@!$&*;=()/?#-]*[\w/=)])?/?", target)
    ]
    if wrong:
        raise Bad("no whole addresses (https://…): " + ", ".join(wrong))
    if web and not re.search(r"\bas of 20\d\d-[01]\d-[0-3]\d\b", prose, re.IGNORECASE):
        raise Bad(f'it leads to {web[0]}, and does not say when that was looked at: "as of 2026-11-23"')


def check_links(path, text):
    missing = []
    prose = prose_of(text)
    check_web(prose)
    for target in links_of(prose):
        if re.match(r"[a-zA-Z][\w+.-]*:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors_of(there)):
            missing.append(target)
    saved = {kind.split()[1] for _, kind, _ in blocks_of(text) if len(kind.split()) == 2}
    for word in re.findall(r"`((?:core|lua|recipes|schemas|tests|docs|\.ci)/[\w./-]+)`", prose):
        there = (ROOT / word).exists() or (path.parent / word).exists()
        if not there and word not in saved and "NAME" not in word:
            missing.append(word)
    for word in re.findall(r"`(test_\w+\.(?:py|c)|\w+_test\.lua)`", prose):
        if not any(ROOT.glob(f"tests/*/{word}")):
            missing.append(word)
    said = (ROOT / "tests" / "model" / "demo.sh").read_text()
    missing += [line for line in re.findall(r"^== .*", text, re.MULTILINE) if line[3:] not in said]
    if missing:
        raise Bad("these lead nowhere: " + ", ".join(missing))


def check_made(page, command, program):
    """A page of docs/reference is what `make docs` writes."""
    asked = subprocess.run([str(ARGS.tlab), *command, "--json"], capture_output=True, check=True)
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "docs" / program)],
        input=asked.stdout,
        capture_output=True,
        check=True,
    )
    if made.stdout.decode() != (ROOT / "docs" / "reference" / page).read_text():
        raise Bad(f"docs/reference/{page} is not what tlab {command[0]} says now: make docs")


def check_schemas():
    """docs/reference/schemas is what `make docs` writes."""
    with tempfile.TemporaryDirectory(prefix="tlab-docs-") as folder:
        subprocess.run([sys.executable, str(ROOT / "tests" / "docs" / "schemas.py"), folder], check=True)
        made = {path.name: path.read_text() for path in pathlib.Path(folder).iterdir()}
    there = {path.name: path.read_text() for path in (ROOT / "docs" / "reference" / "schemas").iterdir()}
    old = sorted(name for name in there.keys() | made.keys() if there.get(name) != made.get(name))
    if old:
        raise Bad(f"docs/reference/schemas is not what schemas/ says now: make docs ({', '.join(old)})")


def check_index(index):
    """docs/README.md leads to every page; to those of schemas by way of their own index."""
    named = {(index.parent / target.partition("#")[0]).resolve() for target in links_of(index.read_text())}
    left = [
        path
        for path in index.parent.rglob("*.md")
        if path != index and path.resolve() not in named and (path.parent.name != "schemas" or path.name == "README.md")
    ]
    if left:
        raise Bad(f"{index} does not name " + ", ".join(str(path.relative_to(index.parent)) for path in left))


# Pages that must not pass, each for one reason.
PLANTED = [
    "[a](nowhere.md)",
    "[a](other.md#no-such-heading)",
    "[a](#only-in-a-block)\n```sh\n# only in a block\n```",
    "![a](missing.svg)",
    '<img src="missing.svg">',
    "[a]: missing.md",
    "`tests/docs/missing.py`",
    "`test_missing.py`",
    "As of 2026-11-23: [a](http://example.org/)",
    "As of 2026-11-23: [a](https://example)",
    "As of 2026-11-23: [a](https://example.org/x.)",
    "As of 2026-11-23: [a](https://<host>/x)",
    "[a](https://example.org/)",
]
SOUND = """[a](other.md#a-heading-1), <img src="other.md">, `tests/docs/run.py`, `test_json.c`; as of 2026-11-23
[b](https://example.org/wiki/X_(y)?q=1#z)"""


def check_checks():
    """Each planted mistake is found, and none where there is none."""
    with tempfile.TemporaryDirectory(prefix="tlab-docs-") as name:
        page, other = pathlib.Path(name) / "page.md", pathlib.Path(name) / "other.md"
        other.write_text("# A heading, 1\n")
        check_links(page, SOUND)
        for text in PLANTED:
            page.write_text(text)
            try:
                check_links(page, text)
            except Bad:
                continue
            raise Bad(f"this passed: {text}")
        try:
            check_index(page)
        except Bad:
            return
        raise Bad("a page that no index names passed")


def attempt(tap, title, fn, *args):
    try:
        fn(*args)
        tap.tell(title)
    except Bad as why:
        tap.tell(title, why)


def try_page(path, model):
    """All that is to be tried of one page."""
    told, name, text = Told(), str(path.relative_to(ROOT)), path.read_text()
    blocks = blocks_of(text)
    attempt(told, f"{name}: links and files", check_links, path, text)
    attempt(told, f"{name}: sh blocks", check_elsewhere, name, blocks)
    if any(kind.startswith("console") for _, kind, _ in blocks):
        with tempfile.TemporaryDirectory(prefix="tlab-docs-") as folder:
            lab = pathlib.Path(folder) / "time-lab"
            lab.mkdir()
            make_lab(lab, ARGS.tlab, cloned=path == ROOT / "README.md")
            bindir = make_bin(pathlib.Path(folder) / "bin", ARGS.tlab)
            try_commands(told, name, blocks, lab, bindir, model)
    return told.lines


def main():
    tap = Tap()
    model = Model(ARGS.model)
    paths = [ROOT / "README.md", ROOT / "tests" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    paths = [path for path in paths if ARGS.k in str(path.relative_to(ROOT))]
    try:
        # A page's commands wait for each other, so two pages are tried at once.
        with concurrent.futures.ThreadPoolExecutor(2) as pages:
            for lines in pages.map(try_page, paths, [model] * len(paths)):
                for title, why in lines:
                    tap.tell(title, why)
        if ARGS.k in "OPERATIONS":
            attempt(tap, "OPERATIONS.md is current", check_made, "OPERATIONS.md", ["ops"], "operations.py")
        if ARGS.k in "ERRORS":
            attempt(tap, "ERRORS.md is current", check_made, "ERRORS.md", ["explain"], "errors.py")
        if ARGS.k in "schemas":
            attempt(tap, "docs/reference/schemas is current", check_schemas)
        if ARGS.k in "README":
            attempt(tap, "docs/README.md names every page", check_index, ROOT / "docs" / "README.md")
            attempt(tap, "the checks find what is planted", check_checks)
    finally:
        model.close()
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    PARSER = argparse.ArgumentParser()
    PARSER.add_argument("--tlab", default=ROOT / "build" / "tlab", type=pathlib.Path)
    PARSER.add_argument("-k", default="", help="only documents whose path has this word")
    PARSER.add_argument("--model", help="a real server, instead of one that invents answers")
    ARGS = PARSER.parse_args()
    ARGS.tlab = ARGS.tlab.resolve()
    sys.exit(main())
