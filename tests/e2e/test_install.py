"""make install, and a library taken from a folder instead of the binary."""

import json
import os
import shutil
import subprocess

import pytest

from lab import BUILD, ROOT, Lab


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What `make install PREFIX=/usr DESTDIR=…` leaves: the folder that stands for /usr."""
    root = tmp_path_factory.mktemp("installed")
    done = subprocess.run(
        ["make", "-s", "install", f"BUILD={BUILD}", "PREFIX=/usr", f"DESTDIR={root}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )
    assert done.returncode == 0, done.stderr
    return root / "usr"


def test_installs_these_files_and_no_others(installed):
    files = sorted(str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file())
    recipes = [f"share/tlab/recipes/{path.name}" for path in sorted((ROOT / "recipes").glob("*.lua"))]
    said = [
        "share/man/man1/tlab.1",
        "share/bash-completion/completions/tlab",
        "share/zsh/site-functions/_tlab",
        "share/fish/vendor_completions.d/tlab.fish",
    ]
    assert files == sorted(["bin/tlab", "share/tlab/LICENSE", *recipes, *said])


def test_what_is_installed_is_what_the_binary_says(installed):
    for path, words in {
        "share/man/man1/tlab.1": ["help", "man"],
        "share/bash-completion/completions/tlab": ["completion", "bash"],
        "share/zsh/site-functions/_tlab": ["completion", "zsh"],
        "share/fish/vendor_completions.d/tlab.fish": ["completion", "fish"],
    }.items():
        done = subprocess.run([installed / "bin" / "tlab", *words], capture_output=True, timeout=60, check=True)
        assert (installed / path).read_bytes() == done.stdout


def embedded_text():
    """Bytes of the Lua, schemas and recipes that are in the binary; DECISIONS has why it may grow with them."""
    files = [*(ROOT / "lua").rglob("*"), *(ROOT / "schemas").iterdir(), *(ROOT / "recipes").glob("*.lua")]
    return sum(path.stat().st_size for path in files if path.is_file())


def test_the_installed_binary_is_stripped_and_needs_nothing_else(installed, tmp_path):
    binary = installed / "bin" / "tlab"
    assert b".debug_info" not in binary.read_bytes()
    assert binary.stat().st_size < 750_000 + 1.1 * embedded_text()
    (tmp_path / "recipes").mkdir()
    (tmp_path / "lab.json").write_text('{"schema":"tlab.lab/1"}')
    (tmp_path / "recipes" / "hello.lua").write_text(
        "return { name = 'hello', summary = 'x', home = 'ai-team/artifacts', "
        "run = function(run) run:write('x', 'y') end }"
    )
    for words in (["hello", "-q"], ["replay", "latest"], ["verify", "latest"], ["validate", "latest/run.json"]):
        done = subprocess.run([binary, *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    shutil.copytree(installed / "share" / "tlab" / "recipes", tmp_path / "recipes", dirs_exist_ok=True)
    done = subprocess.run([binary, "help", "ai"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "Ask a language model" in done.stdout


def manifest_of(lab, *words):
    done = lab.tlab("run", "recipes/fill.lua", *words, "-q")
    assert done.exit == 0, done.err
    manifest = json.loads((lab.root / "latest" / "run.json").read_text())
    return manifest, (lab.root / "latest" / "out.txt").read_text()


def test_a_library_from_a_folder_shows_in_the_manifest(tmp_path):
    lab = Lab(tmp_path / "lab")
    lab.write(
        "recipes/fill.lua",
        "return { name = 'fill', summary = 'x', home = 'ai-team/artifacts', "
        "run = function(run) run:write('out.txt', require('tlab.text').fill('{{a}}', { a = 'b' })) end }",
    )
    library = shutil.copytree(ROOT / "lua", tmp_path / "lua")
    text = library / "tlab" / "text.lua"

    plain, out = manifest_of(lab)
    assert out == "b" and not plain["tool"]["library"].startswith("override:")
    assert [m["origin"] for m in plain["recipe"]["modules"] if m["name"] == "tlab.text"] == ["embedded"]

    text.write_text(text.read_text() + "\n-- changed\n")
    first, out = manifest_of(lab, f"--dev-lua={library}")
    assert out == "b" and first["tool"]["library"].startswith("override:")
    assert [m["origin"] for m in first["recipe"]["modules"] if m["name"] == "tlab.text"] == ["override"]

    text.write_text("return { fill = function() return 'changed' end }\n")
    second, out = manifest_of(lab, f"--dev-lua={library}")
    assert out == "changed"
    assert second["tool"]["library"] not in (plain["tool"]["library"], first["tool"]["library"])
    # The record has the Lua that ran, so that a replay needs the folder no more.
    replayed = lab.tlab("replay", "latest")
    assert replayed.exit == 0, replayed.out + replayed.err


def test_a_folder_for_the_library_that_is_not_there(tmp_path):
    lab = Lab(tmp_path / "lab")
    done = lab.tlab("version", "--dev-lua=nowhere")
    assert done.exit == 2 and "nowhere" in done.err
    done = lab.tlab("version", "--dev-lua=.")
    assert done.exit == 2 and "host/cmd.lua" in done.err and "help: --dev-lua=lua" in done.err
