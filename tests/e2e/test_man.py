"""tlab(1), as `tlab help man` prints it and `make install` installs it: what two typesetters say of it, and that it
has all that the table has."""

import json
import re
import shutil
import subprocess

import pytest

from lab import TLAB

pytestmark = pytest.mark.slow


def said(*words):
    return subprocess.run([TLAB, *words], capture_output=True, text=True, timeout=60, check=True).stdout


def needs(name):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


@pytest.fixture(name="page")
def page_of(tmp_path):
    path = tmp_path / "tlab.1"
    path.write_text(said("help", "man"))
    return path


@needs("mandoc")
def test_mandoc_warns_of_nothing(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs("groff")
def test_groff_warns_of_nothing(page):
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", page], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs("mandoc")
def test_it_says_what_help_says(page):
    shown = subprocess.run(["mandoc", "-Tutf8", "-O", "width=300", page], capture_output=True, text=True, check=True)
    text = re.sub(".\b", "", shown.stdout)
    text = re.sub(r"\s+", " ", text)
    for command in json.loads(said("help", "--json"))["commands"]:
        assert f" {command['name']} {command['summary'][:1].upper()}{command['summary'][1:]}." in text
        assert re.sub(r"\s+", " ", command["usage"]) in text
        for line, _ in command["examples"]:
            assert line in text
        for name, option in command["options"].items():
            value = "=" + option["value"] if "value" in option else ""
            assert f"--{name}{value} {option['help'][:1].upper()}{option['help'][1:]}" in text
    for code in json.loads(said("explain", "--json")):
        assert f" {code['exit']} {code['name']} {code['help'][:1].upper()}{code['help'][1:]}." in text


def test_no_line_begins_with_a_request_that_is_none(page):
    requests = {"TH", "SH", "SS", "PP", "TP", "B", "I", "RI", "IR", "BR", "br"}
    for line in page.read_text().splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line[1:].split(" ")[0] in requests, line


def test_it_is_pure_ascii_and_tells_the_version(page):
    assert page.read_text().isascii()
    assert f'"{said("version").strip()}"' in page.read_text().splitlines()[0]
