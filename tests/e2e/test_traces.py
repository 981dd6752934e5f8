"""S9, N7, N8: what the kernel saw of a run is in its record, and nothing ambient gets in."""

import json
import os
import re
import subprocess

import pytest

import fault_server as f
from faults import REPLY, FaultLab, strace_here

pytestmark = pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")

TRACE = ["-f", "-y", "-s", "4096", "-e", "trace=open,openat,openat2,creat,connect,execve,execveat,sendmsg,sendmmsg"]

# Outside of lab and run only these may be opened. Libraries are looked for in the loader's folders.
ALLOWED = [
    r"/etc/ld\.so\.(cache|preload)",
    r"(/usr)?/lib(64)?/.*\.so(\.\d+)*",
    r"/proc/self/exe",
    r"/dev/null",
    r"/etc/ssl/openssl\.cnf",  # curl's TLS, see ALLOWED_TLS
    r"/usr/lib/ssl/.*",
    r"/etc/ssl/certs.*",
    r"/etc/(resolv\.conf|hosts|nsswitch\.conf|host\.conf|gai\.conf|services|protocols)",
    r"/sys/devices/system/cpu/.*",
    r"/proc/(cpuinfo|meminfo|version|sys/.*)",
    r"/etc/os-release",
    r"/usr/(lib|share)/locale/.*",
    r"/usr/lib/.*/gconv/.*",
    r"/proc/self/fd",
    r"/proc/\d+/fd",
    r"/tmp/tlab-scratch-[0-9a-f]{16}",
    r"/proc/loadavg",
    r"/proc/thread-self/children",  # proc.run
]
LAB = re.compile(
    r"lab\.json|recipes(/[\w.]+)?|schemas/[\w.]+|lua(/[\w./]+)?|latest|flake\.lock|\.tlab-tmp-\w+|\.tlab(/[\w./-]+)?|runs\.csv|"
    r"\d{4}(/\d\d){0,2}(/ai-team(/artifacts)?)?(/run\.json)?|\.git(/.*)?|"
)

OPEN = re.compile(r'^(?:(\d+) +)?(open|openat|openat2|creat)\((?:(?:AT_FDCWD<([^>]*)>|\d+<([^>]*)>), )?"([^"]*)"(.*)$')


def opened(log):
    """(pid, absolute path, found?) of each opening in a trace."""
    for line in log:
        match = OPEN.match(line)
        if match:
            pid, _, cwd, base, path, rest = match.groups()
            full = os.path.normpath(os.path.join(cwd or base or "/", path))
            yield pid, full, " = -1 " not in rest


def workers(log):
    """Process ids of the workers, and the number of the line from which on they are confined."""
    return {line.split()[0] for line in log if "execve(" in line and '"tlab-worker"' in line}


def recorded(lab):
    """All strings of the record's arguments."""
    text = (lab.latest / "record" / "effects.jsonl").read_text()
    strings = set()

    def walk(value):
        if isinstance(value, dict):
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)
        elif isinstance(value, str):
            strings.add(value)

    for line in text.splitlines():
        walk(json.loads(line))
    return strings


BODY = """
tlab.fs.write('out.txt', 'x')
tlab.fs.read('lab:notes/a.md')
tlab.fs.list('lab:notes')
tlab.hash.file('lab:notes/b.md')
tlab.fs.read('OUTSIDE')
tlab.fs.read('lab:notes/gone.md')
tlab.http.send { url = 'URL' }
tlab.http.send { url = 'http://127.0.0.1:1/' }
tlab.proc.run { argv = { 'true' } }
tlab.rand.bytes(4) tlab.clock.now()
"""


@pytest.fixture
def server():
    with f.FaultServer([f.status(200, REPLY)], get=f.status(200, REPLY)) as server:
        yield server


def busy_lab(tmp_path, server):
    lab = FaultLab(tmp_path / "lab")
    outside = tmp_path / "outside.txt"
    outside.write_text("o")
    lab.write("notes/a.md", "a")
    lab.write("notes/b.md", "b")
    lab.recipe(
        BODY.replace("OUTSIDE", str(outside)).replace("URL", server.base_url),
        needs=f"net = {{ '127.0.0.1:*' }}, read = {{ '{outside}' }}, run = {{ 'true' }}",
    )
    words = ["run", "recipes/try.lua", f"--allow-read={outside}", "--allow-run=true"]
    return lab, words, outside


def check_paths(lab, log, extra=()):
    strings, run, root = recorded(lab), str(lab.latest), str(lab.root)
    allowed = [re.compile(pattern + r"$") for pattern in [*ALLOWED, *extra]]
    # O_PATH reads nothing: with it a program's rules are given the places that it may reach.
    reading = [line for line in log if not ("openat(" in line and "O_PATH" in line)]
    for _, path, found in opened(reading):
        if path == run or path.startswith(run + "/") or any(p.match(path) for p in allowed):
            continue
        if path == root or path.startswith(root + "/"):
            rel = path[len(root) + 1 :]
            assert LAB.fullmatch(rel) or any(
                s.startswith("lab:") and (s[4:] + "/").startswith(rel + "/") for s in strings
            ), f"not in the record: {path}"
            continue
        below = any((s + "/").startswith(path.rstrip("/") + "/") for s in strings if s.startswith("/"))
        assert below or not found or root.startswith(path), f"not in the record: {path}"


def test_each_path_and_connection_is_in_the_record(tmp_path, server):
    """S9: a primitive that opened, connected or started anything past the gate would be seen here."""
    lab, words, _ = busy_lab(tmp_path, server)
    done = lab.strace(words, *TRACE)
    assert done.exit == 0, done.err
    inside = [line for line in done.log if line.split()[0] not in children_of_programs(done.log)]
    check_paths(lab, inside)
    strings = recorded(lab)
    connects = [line for line in done.log if "connect(" in line and "AF_UNIX" not in line]
    assert len(connects) == 2
    for line in connects:
        port = re.search(r"sin_port=htons\((\d+)\)", line)[1]
        assert "127.0.0.1" in line and any(f"127.0.0.1:{port}" in s for s in strings), line
    started = [re.search(r'execve(?:at\(\d+<|\(")([^">]*)', line)[1] for line in done.log if is_start(line)]
    programs = [path for path in started if path not in ("/proc/self/exe", lab.command()[0])]
    [run] = lab.effects("proc.run")
    assert programs == [run["result"]["program"]["path"]], started


def is_start(line):
    return re.search(r"execve(at)?\(", line) and line.endswith(" = 0")


def children_of_programs(log):
    """Processes that became somebody else's program: what they open is theirs."""
    return {line.split()[0] for line in log if "execveat(" in line and is_start(line)}


def test_the_worker_opens_nothing(tmp_path, server):
    """S9: after its loader is done the worker opens, connects and starts nothing, whatever the recipe does."""
    lab, words, _ = busy_lab(tmp_path, server)
    done = lab.strace(words, *TRACE)
    [worker] = workers(done.log)
    mine = [line for line in done.log if line.startswith(worker + " ")]
    start = max(i for i, line in enumerate(mine) if "execve(" in line)
    after = [line for line in mine[start + 1 :] if "connect(" in line or "execve" in line or OPEN.match(line)]
    for line in after:
        path = OPEN.match(line)
        assert path and re.match(r"/etc/ld\.so\.|(/usr)?/lib|/proc/(self|\d+)/fd|/dev/null|/proc/self$", path[5]), line


def test_offline_opens_no_connection(tmp_path, server):
    """N8: --offline refuses before the first connect, which is not even tried."""
    lab, words, _ = busy_lab(tmp_path, server)
    done = lab.strace([*words, "--offline"], "-f", "-e", "trace=connect,socket,sendto")
    assert done.exit == 0, done.err
    assert not [line for line in done.log if "connect(" in line]
    assert not [line for line in done.log if "AF_INET" in line]
    assert server.requests == []
    assert [e["error"]["code"] for e in lab.effects("http.send")] == ["NOT_RECORDED"] * 2


def test_replay_reads_the_run_alone(tmp_path, server):
    """N8: a replay opens no connection, starts no program and reads nothing but the run's folder."""
    lab, words, outside = busy_lab(tmp_path, server)
    assert lab.tlab(*words).exit == 0
    moved = tmp_path / "elsewhere"
    (lab.latest).rename(moved)
    outside.unlink()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    lab.root = tmp_path / "empty"
    lab.root.mkdir()
    done = lab.strace(["replay", str(moved)], *TRACE, env={"TMPDIR": str(scratch)})
    assert done.exit == 0, done.out + done.err
    assert not [line for line in done.log if "connect(" in line]
    assert sum("execve(" in line and " = 0" in line for line in done.log) == 2
    allowed = [re.compile(pattern + r"$") for pattern in ALLOWED]
    for _, path, found in opened(done.log):
        mine = path.startswith((str(moved), str(scratch))) or str(tmp_path).startswith(path)
        assert mine or not found or any(p.match(path) for p in allowed), path
    assert list(scratch.iterdir()) == []


CANARY = "canary-7f3e"


def hostile_environment(folder, port):
    home = folder / "home"
    (home / ".config" / "git").mkdir(parents=True)
    touch = f"touch {folder}/{CANARY}"
    config = f'[core]\n\tfsmonitor = {touch}\n\thooksPath = {home}/hooks\n[filter "x"]\n\tclean = {touch}\n[include]\n\tpath = {home}/{CANARY}.inc\n'
    (home / ".gitconfig").write_text(config)
    (home / ".config" / "git" / "config").write_text(config)
    (home / ".netrc").write_text(f"machine 127.0.0.1 login {CANARY} password {CANARY}\n")
    (home / ".curlrc").write_text(f"user-agent = {CANARY}\n")
    (folder / "openssl.cnf").write_text(
        f"openssl_conf = a\n[a]\nengines = b\n[b]\nx = c\n[c]\ndynamic_path = {folder}/{CANARY}.so\ninit = 1\n"
    )
    (folder / f"{CANARY}.lua").write_text(f"os.execute('{touch}')")
    proxy = f"http://{CANARY}:x@127.0.0.1:{port}"
    return {
        "http_proxy": proxy,
        "https_proxy": proxy,
        "ALL_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "all_proxy": proxy,
        "SSLKEYLOGFILE": str(folder / f"{CANARY}.keys"),
        "OPENSSL_CONF": str(folder / "openssl.cnf"),
        "OPENSSL_MODULES": str(folder),
        "OPENSSL_ENGINES": str(folder),
        "SSL_CERT_FILE": str(folder / f"{CANARY}.pem"),
        "SSL_CERT_DIR": str(folder / CANARY),
        "CURL_CA_BUNDLE": str(folder / f"{CANARY}.pem"),
        "CURL_HOME": str(home),
        "NETRC": str(home / ".netrc"),
        "LUA_PATH": f"{folder}/?.lua",
        "LUA_PATH_5_4": f"{folder}/?.lua",
        "LUA_CPATH": f"{folder}/?.so",
        "LUA_CPATH_5_4": f"{folder}/?.so",
        "LUA_INIT": f"@{folder}/{CANARY}.lua",
        "LUA_INIT_5_4": f"@{folder}/{CANARY}.lua",
        "GIT_DIR": str(folder / f"{CANARY}.git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_CONFIG": str(home / ".gitconfig"),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_SYSTEM": str(home / ".gitconfig"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": touch,
        "GIT_SSH_COMMAND": touch,
        "GIT_EXTERNAL_DIFF": touch,
        "GIT_CEILING_DIRECTORIES": "/",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "PROGRAMDATA": str(home),
        "LOCALDOMAIN": CANARY,
        "RES_OPTIONS": "debug",
        "HOSTALIASES": str(folder / f"{CANARY}.hosts"),
        "MALLOC_CHECK_": "3",
        "GCONV_PATH": str(folder),
        "LOCPATH": str(folder / CANARY),
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "de_DE.UTF-8",
        "TZ": "Asia/Kathmandu",
        "TZDIR": str(folder / CANARY),
        "POSIXLY_CORRECT": "1",
    }


def test_the_environment_has_no_effect(tmp_path, server):
    """N7: every ambient input of the libraries is set to a canary that no system call and no record shows."""
    lab, words, _ = busy_lab(tmp_path, server)
    git = ["git", "-C", lab.root, "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", "init", "-q", lab.root], check=True)
    lab.write(".gitignore", "/2*/\n/latest\n")
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    plain = lab.tlab(*words)
    assert plain.exit == 0, plain.err
    before = lab.manifest
    trap = tmp_path / "trap"
    trap.mkdir()
    with f.FaultServer([f.reset()]) as proxy:
        env = hostile_environment(trap, proxy.port)
        done = lab.strace(words, *TRACE, env=env)
        assert done.exit == 0, done.err
        assert proxy.connections == [], "a proxy of the environment was used"
    for line in done.log:
        assert "execve(" in line or CANARY not in line, line
        assert "execve(" in line or str(trap) not in line, line
    assert not list(trap.glob(CANARY)) and not (trap / f"{CANARY}.keys").exists()
    for path in lab.latest.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
    after = lab.manifest
    for field in ("key", "git", "spec", "recipe", "tool", "effects"):
        if field != "effects":
            assert after.get(field) == before.get(field), field
    assert after["effects"]["by_op"] == before["effects"]["by_op"]
    assert all(CANARY not in value for request in server.requests for value in request.headers.values())
    assert all("authorization" not in request.headers for request in server.requests)
