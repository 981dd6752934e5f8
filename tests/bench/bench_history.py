"""What reading a repository's history costs, beside git and PyDriller: `make bench ONLY=history`.

The repository is invented once (make_history.py) and kept in $BUILD/bench; REPO=PATH names a real one.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import git_history
import make_history
import measure

HERE = pathlib.Path(__file__).resolve().parent
COMMITS = 20_000
NEWEST = 500  # commits that PyDriller is given: all of them would take it minutes
FEW = 10_000  # memory: these against all
FOLDERS = 1_000  # that tlab mine writes
ROUNDS = 3
GIT = {"numbers": ("--numstat",), "patches": ("-p",)}
OPTIONS = {"numbers": {}, "patches": {"patch": True}}
BATCH = {"numbers": 5000, "patches": 2000}  # of a git.changes; `tlab mine` takes 5,000 and 1,000


def rows_of(times, commits, peer, digits):
    """Rows of a table: the times of each, and how much faster it is than the peer that took `peer` seconds."""
    return [
        [
            name,
            f"{row['wall']:.2f}",
            f"{row['cpu']:.2f}",
            f"{commits / row['wall']:,.0f}",
            f"{peer / row['wall']:.{digits}f}",
        ]
        for name, row in times.items()
    ]


class HistoryBench:
    def __init__(self, folder, build, peers, page):
        """`peers`: the Python that has PyDriller, or None."""
        self.folder, self.build, self.peers, self.page = folder, build, peers, page

    def repository(self):
        if "REPO" in os.environ:
            return pathlib.Path(os.environ["REPO"]).resolve()
        form = hashlib.sha256(pathlib.Path(make_history.__file__).read_bytes()).hexdigest()[:8]
        repo = self.build / "bench" / f"history-{COMMITS}-{form}.git"
        if not repo.exists():
            half = repo.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            make_history.make(half, COMMITS)
            half.rename(repo)
        return repo

    # --- commands ---

    def lab(self):
        lab = self.folder / "history"
        (lab / "recipes").mkdir(parents=True)
        shutil.copy(HERE / "history.lua", lab / "recipes" / "history.lua")
        config = {"schema": "tlab.lab/1", "permits": {"allow": {"read": [str(self.repo)]}}}
        (lab / "lab.json").write_text(json.dumps(config))
        return lab

    def tlab(self, name, what, limit, cpus=None):
        spec = f"{what}-{limit}.json"
        (self.here / spec).write_text(
            json.dumps({"repo": str(self.repo), "limit": limit, "options": OPTIONS[what], "batch": BATCH[what]})
        )
        pin = ["taskset", "-c", str(cpus)] if cpus is not None else []
        shown = f"{'taskset -c 0 ' if pin else ''}tlab run history {spec}"
        return measure.Command(name, [*pin, self.build / "tlab", "run", "history", spec, "--quiet"], self.here, shown)

    def git(self, name, what, limit):
        words = ["git", "log", *GIT[what], "-M", "--no-merges", "--format=%H", f"-{limit}"]
        return measure.Command(name, words, self.repo, " ".join(words))

    # --- figures ---

    def check(self, limit):
        """What was recorded of the newest commits is what git says, for each of them."""
        subprocess.run(
            [str(word) for word in self.tlab("check", "numbers", limit).argv],
            cwd=self.here,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        ours = git_history.told_by_record(self.here / "latest")
        wrong = git_history.differences(ours, git_history.told_by_git(self.repo, "--no-merges", f"-{limit}"))
        if wrong:
            raise RuntimeError(f"tlab and git disagree about {len(wrong)} of {len(ours)} commits: {wrong[:3]}")
        return len(ours)

    def against_git(self, what, commits):
        cpu = min(os.sched_getaffinity(0))
        commands = [
            self.git(f"git log, {what}", what, commits),
            self.tlab(f"tlab, {what}", what, commits),
            self.tlab(f"tlab, {what}, one processor", what, commits, cpu),
        ]
        times = measure.turns(commands, ROUNDS)
        git = times[commands[0].name]["wall"]
        self.page.section(
            f"History, {what}: {commits:,} commits, record and all",
            ["what", "wall s", "CPU s", "commits a second", "× git"],
            rows_of(times, commits, git, 2),
            commands,
        )
        return [git / times[command.name]["wall"] for command in commands[1:]]

    def against_pydriller(self, what):
        driller = measure.Command(
            f"PyDriller, {what}",
            [self.peers, HERE / "peer_pydriller.py", self.repo, NEWEST, what],
            self.here,
            f"python peer_pydriller.py REPO {NEWEST} {what}",
        )
        ours = self.tlab(f"tlab, {what}", what, NEWEST)
        times = measure.turns([driller, ours], ROUNDS)
        theirs = times[driller.name]["wall"]
        self.page.section(
            f"History, {what}: the newest {NEWEST} commits, processes and all",
            ["what", "wall s", "CPU s", "commits a second", "× PyDriller"],
            rows_of(times, NEWEST, theirs, 1),
            [driller, ours],
        )
        return theirs / times[ours.name]["wall"]

    def memory(self, commits):
        commands = [self.tlab(f"tlab, numbers, {limit:,} commits", "numbers", limit) for limit in (FEW, commits)]
        figures = {command.name: measure.peak_memory(command, 1) for command in commands}
        self.page.memory(figures, commands)
        # The packs are mapped, as git maps them: more history, more pages that the kernel can drop at any time.
        few, all_of_them = (figures[command.name][2] / 2**20 for command in commands)
        self.page.target(
            f"memory of {commits:,} commits, the mapped packs aside, more than that of {FEW:,}",
            all_of_them - few,
            16,
            "MiB",
        )

    def folders(self):
        words = ["mine", f"repo={self.repo}", f"limit={FOLDERS}"]
        command = measure.Command(
            f"tlab mine, {FOLDERS:,} commits",
            [self.build / "tlab", *words, "--quiet"],
            self.here,
            f"tlab mine repo=REPO limit={FOLDERS}",
        )
        times = measure.turns([command], ROUNDS)[command.name]
        self.page.section(
            f"Mining: a folder each for {FOLDERS:,} commits, tables, page and charts",
            ["what", "wall s", "CPU s"],
            [[command.name, f"{times['wall']:.2f}", f"{times['cpu']:.2f}"]],
            [command],
        )
        self.page.target(f"{FOLDERS:,} commit folders", times["wall"], 2, "s")

    def history(self):
        self.repo = self.repository()
        self.here = self.lab()
        commits = self.check(
            int(
                subprocess.run(
                    ["git", "-C", self.repo, "rev-list", "--no-merges", "--count", "HEAD"],
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
        )
        two, one = self.against_git("numbers", commits)
        self.page.target(
            "numbers of a history, on all processors, against git log --numstat -M", two, 1.3, "×", least=True
        )
        self.page.target(
            "numbers of a history, on one processor, against git log --numstat -M", one, 0.9, "×", least=True
        )
        two, _ = self.against_git("patches", commits)
        self.page.target("patches of a history, on all processors, against git log -p -M", two, 1.0, "×", least=True)
        if self.peers:
            self.page.target(
                "numbers of a history against PyDriller", self.against_pydriller("numbers"), 10, "×", least=True
            )
            self.against_pydriller("patches")
        self.folders()
        self.memory(commits)
