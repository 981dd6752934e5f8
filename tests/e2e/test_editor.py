"""What editors read: each JSON file of a lab, and each that the pages show, names a schema that is there.
That Lua is read rightly is tried by tests/lint/editor.py and tests/lua/editor_test.lua."""

import json
import pathlib
import re

import jsonschema
import pytest
from referencing import Registry, Resource

from lab import ROOT, TLAB, call

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```json (\S+)\n(.*?)^```$", re.S | re.M)
# The schema of its recipe stands in the recipe.
INLINE = {"specs/series.json"}
BLOCKS = [
    pytest.param(page, name, text, id=f"{page.stem}-{name}")
    for page in PAGES
    for name, text in BLOCK.findall(page.read_text())
    if not name.endswith(".schema.json") and name not in INLINE
]


def judge(lab, path, value):
    """Follows the path in $schema from the file, as an editor does."""
    named = value["$schema"]
    assert "://" not in named and not named.startswith("/")
    schema = (path.parent / named).resolve()
    assert schema.is_relative_to(lab.resolve()) and schema.is_file(), named
    # A reference goes from file to file, whatever address stands in `$id`.
    files = {path.name: json.loads(path.read_text()) for path in schema.parent.glob("*.json")}
    names = list(files.items())
    ids = [(file["$id"], file) for file in files.values() if "$id" in file]
    known = [(uri, Resource.from_contents(file)) for uri, file in names + ids]
    registry: Registry = Registry().with_resources(known)
    jsonschema.Draft202012Validator(files[schema.name], registry=registry).validate(value)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editor") / "lab"
    call(TLAB, "init", folder, "-q", cwd=folder.parent)
    call(TLAB, "new", "recipe", "haiku", "-q", cwd=folder)
    return folder


def test_each_file_of_a_new_lab_names_its_schema(lab):
    files = [lab / "lab.json", *(lab / "specs").glob("*.json")]
    assert len(files) == 4
    for path in files:
        judge(lab, path, json.loads(path.read_text()))
    for path in (lab / "schemas").glob("*.json"):
        assert json.loads(path.read_text())["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_this_repository_names_its_schema():
    judge(ROOT, ROOT / "lab.json", json.loads((ROOT / "lab.json").read_text()))


@pytest.mark.parametrize(("page", "name", "text"), BLOCKS)
def test_each_file_that_a_page_shows_names_its_schema(lab, page, name, text):
    for other, schema in BLOCK.findall(page.read_text()):
        if other.endswith(".schema.json"):
            (lab / other).write_text(schema)
    judge(lab, lab / pathlib.PurePosixPath(name), json.loads(text))


def test_the_pages_show_some():
    assert len(BLOCKS) > 10


def test_stubs_are_renewed_and_what_is_yours_is_kept(lab):
    def new_editor():
        done = call(TLAB, "new", "editor", "--json", cwd=lab)
        files = json.loads(done.stdout)["files"]
        return {file["path"]: file["what"] for file in files if file["what"] != "same"}

    assert new_editor() == {}
    stub = lab / "types/tlab.lua"
    whole = stub.read_text()
    stub.write_text(whole.replace("function tlab.fs.read(", "function tlab.fs.raed("))
    (lab / "types/tlab/csv.lua").write_text("-- mine\n")
    (lab / "types/tlab/date.lua").unlink()
    (lab / "types/tlab/text.lua").unlink()
    (lab / "types/tlab/text.lua").symlink_to(lab / "Justfile")
    (lab / ".luarc.json").write_text("{}\n")
    just = (lab / "Justfile").read_text()
    assert new_editor() == {
        "types/tlab.lua": "renewed",
        "types/tlab/csv.lua": "kept",
        "types/tlab/date.lua": "made",
        "types/tlab/text.lua": "kept",
        ".luarc.json": "kept",
    }
    assert stub.read_text() == whole
    assert (lab / "types/tlab/csv.lua").read_text() == "-- mine\n"
    assert (lab / "Justfile").read_text() == just
