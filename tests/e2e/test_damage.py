"""F17, F18, P7: a damaged run: verify names exactly the item, replay stops there, no digest becomes a path."""

import hashlib
import json
import pathlib
import shutil

import pytest

import fault_server as f
from faults import REPLY, FaultLab, schema, strace_here


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run with artifacts, a blob and a required module."""
    lab = FaultLab(tmp_path_factory.mktemp("made") / "lab")
    lab.write("lua/words.lua", "return { hello = 'hello' }\n")
    lab.write(
        "recipes/many.lua",
        (lab.root / "recipes" / "many.lua")
        .read_text()
        .replace("run:metric(", "run:write('w.txt', require 'words'.hello) run:metric("),
    )
    with f.FaultServer([f.status(200, REPLY)]) as server:
        done = lab.tlab("run", "many", f"url={server.base_url}")
    assert done.exit == 0, done.err
    assert lab.tlab("verify", "latest").exit == 0 and lab.tlab("replay", "latest").exit == 0
    return lab


@pytest.fixture
def copy(made, tmp_path):
    shutil.copytree(made.latest, tmp_path / "run")
    return tmp_path / "run"


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def named(made, copy):
    done = made.tlab("verify", copy, "--json")
    if (
        done.exit == 1 and json.loads(done.out)["error"]["code"] == "UNSUPPORTED"
    ):  # a flip made it a form of another tlab
        return {str(pathlib.Path(json.loads(done.out)["error"]["file"]).relative_to(copy))}
    assert done.exit in (0, 5), done.out + done.err
    return {finding["path"] for finding in json.loads(done.out)["findings"]}


def flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def is_used(folder, name):
    """Whether a replay needs the file: what ran, what it ran on, and what answers. The rest is verify's."""
    if name.startswith("record/blobs/"):
        lines = (folder / "record" / "effects.jsonl").read_text().splitlines()
        return any(name[13:] in json.dumps(json.loads(line).get("result")) for line in lines)
    return name.startswith("record/") or name == "spec.json"


def flip_all(made, copy, step):
    for name in files(copy):
        path, data = copy / name, (copy / name).read_bytes()
        for at in range(0, len(data), max(1, step(len(data)))):
            changed = flipped(data, at, at % 7)
            path.write_bytes(changed)
            found = named(made, copy)
            # Where run.json itself is changed, the file whose hash was hit fits it no longer either.
            assert found == {name} or (name == "run.json" and name in found), (name, at, found)
            if at == 0 and is_used(copy, name):
                replayed = made.tlab("replay", copy)
                assert replayed.exit == 5 and name in replayed.out + replayed.err, (name, replayed.out, replayed.err)
        path.write_bytes(data)
    assert named(made, copy) == set()


def test_some_flipped_bytes(made, copy):
    """F17: the daily sample: three bytes of each file."""
    flip_all(made, copy, lambda size: size // 3 + 1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_flipped_byte(made, copy):
    """F17: each byte of small files, each seventh of long ones: a hash, a form or a derived field tells."""
    flip_all(made, copy, lambda size: 1 if size < 300 else 7 if size < 4000 else size // 100)


def test_each_file_removed(made, copy):
    """F18: verify names the file that is gone; replay stops with 5, or needs it not."""
    for name in files(copy):
        data = (copy / name).read_bytes()
        (copy / name).unlink()
        if name == "run.json":
            assert made.tlab("verify", copy).exit == 1 and made.tlab("replay", copy).exit == 1
        else:
            assert named(made, copy) == {name}
            (copy / name).write_bytes(data)
            used = is_used(copy, name)
            (copy / name).unlink()
            replayed = made.tlab("replay", copy)
            assert replayed.exit == (5 if used else 0), (name, replayed.out, replayed.err)
            assert not used or name in replayed.out + replayed.err, replayed.out + replayed.err
        (copy / name).write_bytes(data)


def test_each_file_cut_or_longer(made, copy):
    """F18: a file that lost its end, is empty or got something more."""
    for name in files(copy):
        data = (copy / name).read_bytes()
        for changed in (data[: len(data) // 2], b"", data + b"\n", data + data):
            (copy / name).write_bytes(changed)
            assert named(made, copy) == {name}, (name, len(changed))
        (copy / name).write_bytes(data)


def test_something_added(made, copy):
    """F17: what the manifest does not name is named."""
    for name in ("new.txt", "record/blobs/" + "0" * 64, "record/recipe/x.lua", "sub/deep/er.bin", "record/x"):
        path = copy / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("new")
        assert named(made, copy) == {name}
        path.unlink()
    (copy / "link").symlink_to("/etc/passwd")
    assert named(made, copy) == {"link"}


def canonical(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def rewrite(path, change):
    """Changes a manifest as somebody would who knows its digest."""
    value = json.loads(path.read_text())
    change(value)
    value.pop("digest")
    value["digest"] = hashlib.sha256(canonical(value).encode()).hexdigest()
    path.write_text(canonical(value) + "\n")


HOSTILE = ["../../../../etc/passwd", "A" * 64, "0" * 63 + "\n"]
MORE_HOSTILE = [
    "..",
    "/etc/passwd",
    "0" * 63,
    "0" * 65,
    "",
    "0" * 63 + "\u0000",
    "../blobs/" + "0" * 55,
    "0" * 63 + "/",
]


@pytest.mark.parametrize("digest", HOSTILE + [pytest.param(d, marks=pytest.mark.slow) for d in MORE_HOSTILE])
def test_a_hostile_digest_is_no_path(made, copy, digest):
    """P7: digests of run.json and of the record are held against their form before they name a file."""
    secret = copy.parent / "etc"
    secret.mkdir()
    (secret / "passwd").write_text("root:x:0:0\n")
    original = (copy / "run.json").read_text()

    def spoil(manifest):
        manifest["outputs"][0]["sha256"] = digest

    def spoil_module(manifest):
        manifest["recipe"]["modules"][0]["sha256"] = digest

    def spoil_path(manifest):
        manifest["outputs"][0]["path"] = digest if digest.strip("0A") else "../x"

    def spoil_name(manifest):
        manifest["recipe"]["modules"][0]["name"] = digest or "../x"

    for change in (spoil, spoil_module, spoil_path, spoil_name):
        rewrite(copy / "run.json", change)
        for words in (["verify", copy], ["replay", copy], ["show", copy]):
            done = made.tlab(*words)
            assert "root:x" not in done.out + done.err
            assert "error[BUG]" not in done.err, (words, change.__name__, done.err)
            assert words[0] == "show" or done.exit == 5 or (change is spoil and words[0] == "replay"), (
                words,
                change.__name__,
                done.exit,
                done.out,
                done.err,
            )
        (copy / "run.json").write_text(original)
    record = copy / "record" / "effects.jsonl"
    lines = record.read_text()
    assert '"$blob"' in lines
    blob = json.loads(lines[lines.index('{"$blob"') :].split("}")[0] + "}")["$blob"]
    record.write_text(lines.replace(blob, json.dumps(digest)[1:-1]))
    for words in (["verify", copy], ["replay", copy]):
        done = made.tlab(*words)
        assert done.exit == 5 and "root:x" not in done.out + done.err, (words, done.out, done.err)
        assert "error[BUG]" not in done.err


@pytest.mark.skipif(not strace_here(), reason="strace cannot trace here")
def test_a_record_signed_anew_still_has_no_paths(made, copy):
    """P7: the same with a manifest that fits the spoilt record: the name is refused, not opened and then judged."""
    outside = copy.parent / "etc"
    outside.mkdir()
    (outside / "passwd").write_text("root:x:0:0\n")
    record = copy / "record" / "effects.jsonl"
    lines = record.read_text()
    answer = next(line for line in lines.splitlines() if '"result":{"address"' in line)
    blob = json.loads(answer)["result"]["body"]["$blob"]
    record.write_text(lines.replace(blob, "../../../etc/passwd"))

    def sign(manifest):
        data = record.read_bytes()
        manifest["effects"]["record"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    rewrite(copy / "run.json", sign)
    for words in (["verify", str(copy)], ["replay", str(copy)]):
        done = made.strace(words, "-f", "-e", "trace=openat,openat2")
        assert done.exit == 5 and "../../../etc/passwd" in done.out + done.err, (words, done.out, done.err)
        assert not [line for line in done.log if "passwd" in line], "a hostile name was opened"


def test_a_manifest_of_the_future_is_refused_by_name(made, copy):
    """D5: another schema version is told, not guessed at."""
    rewrite(copy / "run.json", lambda manifest: manifest.update(schema="tlab.run/2"))
    for words in (["verify", copy], ["replay", copy], ["show", copy], ["tag", copy], ["run", "many", "--reuse", copy]):
        done = made.tlab(*words)
        assert done.exit == 1 and "the form tlab.run/2, and this tlab reads tlab.run/1 only" in done.err, done.err
    done = made.tlab("diff", copy, made.latest)
    assert done.exit == 2 and "the form tlab.run/2" in done.err, done.err


def test_what_is_made_here_fits_the_schemas(made):
    """D2, D3: manifest, record and lab.json of these tests, by a second validator."""
    schema("run").validate(made.manifest)
    schema("lab").validate(json.loads((made.root / "lab.json").read_text()))
    for line in (made.latest / "record" / "effects.jsonl").read_text().splitlines():
        schema("effect").validate(json.loads(line))
