"""G4: repositories that are damaged, huge or made to blow up: an error that names the object, or the answer; never a hang or a crash."""

import hashlib
import random
import struct
import time
import zlib

import pytest

import git_fixtures as g

FSCK = "try git fsck"


@pytest.fixture
def lab(tmp_path):
    return g.GitLab(tmp_path / "lab")


def history(folder, packed=True):
    repo = g.Repo(folder).two_commits()
    for n in range(6):
        repo.write("f", f"line {n}\n" * 40 * (n + 1))
        repo.git("commit", "-qam", f"change {n}")
    repo.git("tag", "-a", "-m", "a note", "v1")
    if packed:
        repo.git("repack", "-qadf")
        repo.git("pack-refs", "--all")
    return repo


def damaged(data, how, at, bit):
    if how == "flip":
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
    if how == "cut":
        return data[:at]
    return data[:at] + bytes(min(16, len(data) - at)) + data[at + 16 :]


def try_damage(lab, repo, pattern, times, seed):
    """Damages a file at random and asks; what is said is the truth, or an error."""
    chance = random.Random(seed)
    truth = lab.probe(repo)
    seen = set()
    for _ in range(times):
        path = chance.choice(sorted(repo.dot_git.glob(pattern)))
        whole = path.read_bytes()
        what = chance.choice(["flip", "cut", "zero"]), chance.randrange(len(whole)), chance.randrange(8)
        path.chmod(0o644)
        path.write_bytes(damaged(whole, *what))
        began = time.monotonic()
        said = lab.probe(repo)
        assert time.monotonic() - began < 20, (path.name, what)
        for name, one in said.items():
            if "code" in one:
                assert one["code"] in ("IO", "NOT_FOUND", "INVALID", "LIMIT", "UNSUPPORTED"), (path.name, what, one)
                assert one["message"] and not one["message"].endswith(": "), (path.name, what, one)
                assert one["code"] != "NOT_FOUND" or pattern in ("packed-refs", "HEAD"), (path.name, what, name, one)
                seen.add(name)
            elif name == "changes" and ("code" in said["log"] or pattern.endswith(".idx")):
                continue  # another question than before; or led to another object, whose id is not asked for, as by git
            elif name in g.HISTORY and pattern not in ("packed-refs", "HEAD", "config"):
                assert one == truth[name], (path.name, what, name)
        path.write_bytes(whole)
    return seen


PLACES = {
    "objects/??/*": 12,
    "objects/pack/*.pack": 12,
    "objects/pack/*.idx": 12,
    "packed-refs": 5,
    "HEAD": 3,
    "config": 4,
    "index": 4,
}


@pytest.mark.parametrize("pattern", PLACES)
def test_bytes_changed_at_random(lab, tmp_path, pattern):
    """G4: the daily sample of the next test."""
    try_damage(lab, history(tmp_path / "theirs", "??" not in pattern), pattern, PLACES[pattern] // 2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PLACES)
@pytest.mark.parametrize("seed", [2, 3])
def test_many_bytes_changed_at_random(lab, tmp_path, pattern, seed):
    """G4: objects, packs, their indexes, references, the index of the working tree."""
    try_damage(lab, history(tmp_path / "theirs", "??" not in pattern), pattern, 20 * PLACES[pattern], seed)


@pytest.mark.parametrize("kind", ["commit", "tree", "blob"])
def test_a_missing_object_is_named(lab, tmp_path, kind):
    """G4: by its id, as IO, with what to type."""
    repo = history(tmp_path / "theirs", packed=False)
    oid = repo.git("rev-parse", {"commit": "HEAD~3", "tree": "HEAD~3^{tree}", "blob": "HEAD~3:f"}[kind])
    repo.loose(oid).unlink()
    said = lab.probe(repo)
    for name in ["log" if kind == "commit" else "changes"]:
        assert said[name]["code"] == "IO" and oid in said[name]["message"] and FSCK in said[name]["message"], said[name]
    repo.git("update-ref", "--no-deref", "HEAD", repo.git("rev-parse", "HEAD"))
    head = repo.git("rev-parse", "HEAD")
    repo.loose(head).unlink()
    said = lab.probe(repo)
    for name in g.HISTORY + ["head"]:
        assert said[name]["code"] == "IO" and head in said[name]["message"], (name, said[name])


def test_loops(lab, tmp_path):
    """G4: what only damage or malice can make: a commit that is its own parent, a tree within itself, references in a ring."""
    repo = history(tmp_path / "theirs", packed=False)
    head, tree = repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "HEAD^{tree}")
    body = f"tree {tree}\nparent {head}\nauthor {g.IDENTITY}\ncommitter {g.IDENTITY}\n\nround\n".encode()
    repo.put_loose(head, b"commit %d" % len(body), body)
    said = lab.probe(repo)
    assert said["log"]["code"] == "IO" and head in said["log"]["message"], said["log"]
    entry = b"40000 a\0" + bytes.fromhex(tree) + b"40000 b\0" + bytes.fromhex(tree)
    body = f"tree {tree}\nauthor {g.IDENTITY}\ncommitter {g.IDENTITY}\n\nround\n".encode()
    repo.put_loose(head, b"commit %d" % len(body), body)
    repo.put_loose(tree, b"tree %d" % len(entry), entry)
    began = time.monotonic()
    said = lab.probe(repo)
    assert said["changes"]["code"] == "LIMIT" and "deep" in said["changes"]["message"], said["changes"]
    assert time.monotonic() - began < 30
    for name in ("a", "b"):
        (repo.dot_git / "refs/heads" / name).write_text(f"ref: refs/heads/{'ab'[name == 'a']}\n")
    repo.git("symbolic-ref", "HEAD", "refs/heads/a")
    said = lab.probe(repo)
    assert all("code" in said[name] for name in g.HISTORY), said


# --- huge -------------------------------------------------------------------------------------------------


def pack_of(objects):
    """A pack and its index, written by hand: [(id, type, size it claims, compressed bytes, what stands between)]."""
    out, offsets = b"PACK" + struct.pack(">II", 2, len(objects)), []
    for oid, kind, size, packed, between in objects:
        offsets.append((oid, len(out), zlib.crc32(packed)))
        first, rest = kind << 4 | size & 15, size >> 4
        out += bytes([first | (0x80 if rest else 0)]) + (g.varint(rest) if rest else b"") + between + packed
    out += hashlib.sha1(out).digest()
    offsets.sort()
    index = b"\xfftOc" + struct.pack(">I", 2)
    index += b"".join(struct.pack(">I", sum(int(oid[:2], 16) <= n for oid, _, _ in offsets)) for n in range(256))
    index += b"".join(bytes.fromhex(oid) for oid, _, _ in offsets)
    index += b"".join(struct.pack(">I", crc) for _, _, crc in offsets)
    index += b"".join(struct.pack(">I", at) for _, at, _ in offsets) + out[-20:]
    return out, index + hashlib.sha1(index).digest()


def delta_bomb(repo):
    """4 GiB that are copied together, 16 MiB at a time, from 16 MiB of zeros: 30 KB of pack."""
    size, times = 0xFFFFFF, 256
    base, bomb = "11" * 20, "22" * 20
    delta = g.varint(size) + g.varint(size * times) + b"\xf0\xff\xff\xff" * times
    pack, index = pack_of(
        [
            (base, 3, size, zlib.compress(bytes(size)), b""),
            (bomb, 7, len(delta), zlib.compress(delta), bytes.fromhex(base)),
        ]
    )
    for name, data in (("pack", pack), ("idx", index)):
        (repo.dot_git / f"objects/pack/pack-{'0' * 40}.{name}").write_bytes(data)
    return bomb


def lying_header(repo, size):
    """A loose object that claims to have so many bytes."""
    oid = "33" * 20
    repo.put_loose(oid, b"blob %d" % size, b"few")
    return oid


def bomb_in_disguise(repo):
    """64 MiB in a loose object of 64 KB that says it has three bytes."""
    oid = "44" * 20
    repo.put_loose(oid, b"blob 3", bytes(64 << 20))
    return oid


HUGE = {
    "a delta bomb": (delta_bomb, "LIMIT"),
    "a header that lies, 2 GiB": (lambda repo: lying_header(repo, 2 << 30), "LIMIT"),
    "a header that lies, 8 EiB": (lambda repo: lying_header(repo, (1 << 63) - 1), "LIMIT"),
    "a bomb that says it is small": (bomb_in_disguise, "IO"),
}


def peak(lab, repo):
    """What the operations said, and the most memory of any of the processes, in MiB."""
    most = lab.peak(*lab.words(repo))
    return g.said_of(lab), most >> 20


@pytest.mark.parametrize(
    "what",
    [
        what if what in ("a delta bomb", "a header that lies, 8 EiB") else pytest.param(what, marks=pytest.mark.slow)
        for what in HUGE
    ],
)
def test_objects_that_blow_up(lab, tmp_path, what):
    """G4: as a file's content, a tree and a commit: capped, in little memory, in plain words."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    make, code = HUGE[what]
    oid = make(repo)
    before = repo.git("rev-parse", "HEAD")
    for tree in (repo.tree([("100644", b"f", oid)]), oid):
        repo.commit(tree, "boom\n", [before])
        said, mib = peak(lab, repo)
        assert "answer" in said["log"] and mib < 400, (said["log"], mib)
        assert said["blob"].get("code") in (code, "IO", "LIMIT", "INVALID"), said["blob"]
        assert said["changes"].get("code") in (None, "IO", "LIMIT"), said["changes"]
        assert str(said["changes"]).count("boom") == 0
    (repo.dot_git / "refs/heads/main").write_text(oid + "\n")
    said, mib = peak(lab, repo)
    assert all(said[name].get("code") in ("IO", "LIMIT", "INVALID") for name in g.HISTORY) and mib < 400, (said, mib)


@pytest.mark.slow
def test_a_real_gibibyte(lab, tmp_path):
    """G4: a whole blob of 1 GiB is not read to say that it is there; with a patch it is left out."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    with (repo.folder / "huge").open("wb") as huge:
        huge.truncate(1 << 30)
    repo.git("-c", "core.compression=1", "add", "huge")
    repo.git("commit", "-qm", "huge")
    (repo.folder / "huge").unlink()
    repo.git("rm", "-q", "--cached", "huge")
    repo.git("commit", "-qm", "gone")
    said, mib = peak(lab, repo)
    assert mib < 400, mib
    files = [one["files"] for one in said["changes"]["answer"][:2]]
    assert [(f["path"], f["status"], f["binary"]) for [f] in files] == [("huge", "D", True), ("huge", "A", True)], files
    assert all(f["left_out"] for [f] in files), files


def test_a_tree_of_trees_of_trees(lab, tmp_path):
    """G4: ten names in each of ten levels are ten thousand million files."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    oid = repo.object("blob", b"x\n")
    before = repo.git("rev-parse", "HEAD")
    tree = repo.tree([("100644", b"f%d" % n, oid) for n in range(10)])
    for _ in range(9):
        tree = repo.tree([("40000", b"d%d" % n, tree) for n in range(10)])
    repo.commit(tree, "a bomb\n", [before])
    lab.recipe(
        "local _, err = tlab.git.changes({ 'HEAD' }, { patch = true }, '%s')\n"
        "run:write_json('said.json', { changes = { code = err.code, message = err.message } })" % repo.folder,
        needs=f"read = {{ '{repo.folder}' }}",
    )
    began = time.monotonic()
    assert lab.tlab("run", "try", f"--allow-read={repo.folder}").exit == 0
    said = g.said_of(lab)["changes"]
    assert said["code"] == "LIMIT", said
    assert time.monotonic() - began < 30


def test_a_hundred_thousand_references(lab, tmp_path):
    """G4: looked through for the ones that are near, in time."""
    repo = g.Repo(tmp_path / "theirs").two_commits()
    head = repo.git("rev-parse", "HEAD")
    (repo.dot_git / "packed-refs").write_text(
        "# pack-refs with: peeled fully-peeled sorted \n"
        + "".join(f"{head} refs/heads/topic/{n:06}\n" for n in range(100_000))
    )
    began = time.monotonic()
    said = lab.probe(repo)
    assert all("answer" in one for one in said.values()), said
    name = lab.recipe(
        "local _, err = tlab.git.resolve('topic/05000x', '%s')\n"
        "run:write_json('said.json', { resolve = { code = err.code, message = err.message } })" % repo.folder,
        needs=f"read = {{ '{repo.folder}' }}",
    )
    assert lab.tlab("run", name, f"--allow-read={repo.folder}").exit == 0
    said = g.said_of(lab)["resolve"]
    assert said["code"] == "NOT_FOUND" and "'topic/050000'" in said["message"], said
    assert time.monotonic() - began < 20
