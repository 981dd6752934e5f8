"""P2, P6: links planted where tlab is going to write, and names made of commits that somebody else wrote."""

import json

import pytest

import git_fixtures
from faults import FaultLab
from real_git import told

IDENTITY = b"A U Thor <a@example.com> 1700000000 +0000"
SUBJECTS = [
    *git_fixtures.SUBJECTS,
    "日本語".encode(),
    "Größe".encode(),
    b"`id`",
    b"a;b|c&d",
    b"lpt1",
    b"\xe2\x80\x8b",
]


@pytest.fixture
def lab(tmp_path):
    return FaultLab(tmp_path / "lab")


@pytest.mark.parametrize(
    "subjects", [SUBJECTS[:8:2], pytest.param(SUBJECTS, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_a_name_from_a_commit(lab, subjects):
    """P6: made by plumbing, read by git.head: one safe folder each, the same each time, apart from all others."""
    told(lab.root, "init", "-q", "-b", "main")
    tree = told(lab.root, "hash-object", "-t", "tree", "-w", "--stdin", data=b"")
    lab.recipe("""
  local text = require 'tlab.text'
  local head = assert(tlab.git.head())
  local slug = text.slug(head.subject, head.commit)
  run:write(slug .. '/here.txt', head.commit)
  run:write_json('out.json', { slug = slug, again = text.slug(head.subject, head.commit) })
""")
    seen = set()
    for subject in subjects:
        message = b"tree %s\nauthor %s\ncommitter %s\n\n%s\n\nbody\n" % (tree.encode(), IDENTITY, IDENTITY, subject)
        commit = told(lab.root, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=message)
        told(lab.root, "update-ref", "refs/heads/main", commit)
        done = lab.tlab("run", "try")
        assert done.exit == 0, (subject, done.err)
        out = json.loads((lab.latest / "out.json").read_text())
        slug = out["slug"]
        assert out["again"] == slug and slug.endswith("-" + commit[:8]) and len(slug) <= 64 + 9, slug
        assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and slug[0] != "-", slug
        assert slug.rsplit("-", 1)[0] not in ("con", "nul", "lpt1"), slug
        assert sorted(path.name for path in lab.latest.iterdir() if path.is_dir()) == sorted([slug, "record"])
        assert (lab.latest / slug / "here.txt").read_text() == commit
        seen.add(slug)
    assert len(seen) == len(subjects)


def outside(tmp_path):
    """Everything below the folder that the planted links lead to."""
    return sorted(path.name for path in (tmp_path / "outside").rglob("*"))


@pytest.mark.parametrize(
    "at",
    [
        "{year}/{month}/{day}",
        *(
            pytest.param(at, marks=pytest.mark.slow)
            for at in [
                "{year}",
                "{year}/{month}",
                "{year}/{month}/{day}/ai-team",
                "{year}/{month}/{day}/ai-team/artifacts",
            ]
        ),
    ],
)
def test_a_link_in_the_date_tree(lab, tmp_path, at):
    """P2: refused by name, and nothing is written where it leads to."""
    assert lab.tlab("run", lab.recipe("run:write('a.txt', 'a')")).exit == 0
    year, month, day = lab.latest.relative_to(lab.root).parts[:3]
    place = lab.root / at.format(year=year, month=month, day=day)
    (tmp_path / "outside").mkdir()
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "outside")
    done = lab.tlab("run", "try")
    assert done.exit != 0 and "error[" in done.err and "link" in done.err, done.err
    assert outside(tmp_path) == []


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside/file", "/nonexistent/x", "latest"])
def test_latest_that_leads_elsewhere(lab, tmp_path, target):
    """P2: `latest` is replaced, never followed to be written through."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("theirs")
    (lab.root / "latest").symlink_to(target)
    done = lab.tlab("show", "latest")
    assert done.exit != 0 and "error[" in done.err, done.err
    assert lab.tlab("run", lab.recipe("run:write('a.txt', 'a')")).exit == 0
    assert (lab.latest / "a.txt").read_text() == "a"
    assert (tmp_path / "outside" / "file").read_text() == "theirs"


def test_a_folder_called_latest_is_left_alone(lab):
    """P2: somebody's own folder of that name is not removed; the run is kept, and the exit code tells."""
    lab.write("latest/mine.txt", "mine")
    done = lab.tlab("run", lab.recipe("run:write('a.txt', 'a')"))
    assert done.exit != 0 and "latest" in done.err and "error[" in done.err, done.err
    assert (lab.root / "latest" / "mine.txt").read_text() == "mine"
    [run] = lab.runs()
    assert json.loads((run / "run.json").read_text())["status"] == "succeeded"
    assert lab.tlab("verify", run).exit == 0
