"""What a lab of many runs costs: asking for runs, making the index anew, and one more run."""

import json
import os
import pathlib
import shutil
import subprocess

import make_index
import make_lab
import measure

HERE = pathlib.Path(__file__).resolve().parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
MLFLOW_MOST = 100_000  # filling its tables with ten times as many takes longer than all else here
GROWN = (10, 1_000, 10_000, 100_000)
FOLDERS = 100_000
# The same question in four ways: recipe, status and a parameter; one run in 250.
FILTER = ("--recipe", "ai", "--status", "failed", "--param", "params.temperature=0.9")
PATTERN = ',ai,failed,.*""params.temperature"":0.9'
SELECT = (
    "SELECT * FROM runs WHERE recipe = 'ai' AND status = 'failed'"
    " AND json_extract(params, '$.\"params.temperature\"') = 0.9"
)
ROUNDS = {1_000: 20, 10_000: 20, 100_000: 15, 1_000_000: 7}
REBUILDS, RUNS = 7, 40


class LabBench:
    def __init__(self, folder, build, peers, page):
        """`peers`: the Python that has mlflow, or None."""
        self.folder, self.build, self.peers, self.page = folder, build, peers, page

    def command(self, name, cwd, *words, shown=None):
        return measure.Command(
            name,
            list(words),
            cwd,
            shown or " ".join(pathlib.Path(word).name if i == 0 else str(word) for i, word in enumerate(words)),
        )

    def tlab(self, name, cwd, *words):
        return self.command(name, cwd, self.build / "tlab", *words)

    # --- asking for runs ---

    def fill_sqlite(self, lab, indexed):
        """The same rows as a table, every column as text; `indexed`: by recipe and status, the best there is here."""
        name = "indexed.db" if indexed else "plain.db"
        script = [".mode csv", ".import runs.csv runs"]
        if indexed:
            script.append("CREATE INDEX by_recipe ON runs (recipe, status);")
        subprocess.run(["sqlite3", name], input="\n".join(script), text=True, cwd=lab, check=True)
        return name

    def askers(self, size):
        lab = self.folder / f"rows-{size}"
        lab.mkdir()
        (lab / "lab.json").write_text('{"schema":"tlab.lab/1"}')
        with open(lab / "runs.csv", "w") as file:
            file.write(make_index.HEADER + "\n")
            file.writelines(make_index.rows(size, 4))
        shown = f"{size:,}"
        commands = [
            self.tlab(f"tlab runs, {shown}", lab, "runs", "--csv", *FILTER),
            self.command(f"grep, {shown}", lab, "grep", PATTERN, "runs.csv"),
        ]
        for indexed in (False, True):
            database = self.fill_sqlite(lab, indexed)
            name = f"sqlite3{', indexed' if indexed else ''}, {shown}"
            commands.append(self.command(name, lab, "sqlite3", database, SELECT))
        for command in commands:
            command.out = "answer"
        self.check(commands, lab)
        return lab, commands

    def check(self, commands, lab):
        """All find the same number of runs."""
        found = [
            subprocess.run(
                [str(word) for word in command.argv], cwd=lab, capture_output=True, text=True, check=True
            ).stdout.splitlines()
            for command in commands
        ]
        counts = [len(found[0]) - 1, len(found[1]), len(found[2]), len(found[3])]
        if len(set(counts)) != 1:
            raise RuntimeError(f"tlab, grep and sqlite3 disagree: {counts}")

    def mlflow(self, size, lab):
        """Seconds that mlflow's search_runs itself takes, its start and its connection not counted; and its runs."""
        script = [self.peers, HERE / "peer_mlflow_search.py"]
        env = {**os.environ, "GIT_PYTHON_REFRESH": "quiet"}
        subprocess.run([*script, "fill", "runs.csv", "mlflow.db"], cwd=lab, env=env, check=True, capture_output=True)
        out = subprocess.run(
            [*script, "search", "mlflow.db"], cwd=lab, env=env, check=True, capture_output=True, text=True
        )
        return json.loads(out.stdout.splitlines()[-1])

    def listing(self):
        rows, commands, inside, memory = {}, [], [], {}
        for size in SIZES:
            lab, askers = self.askers(size)
            rows |= measure.turns(askers, ROUNDS[size])
            commands += askers
            if self.peers and size <= MLFLOW_MOST:
                found = self.mlflow(size, lab)
                ours = rows[askers[0].name]["wall"]
                inside.append(
                    [
                        f"mlflow search_runs, {size:,}",
                        f"{1000 * found['seconds']:.2f}",
                        f"{found['seconds'] / ours:.1f}",
                        f"{found['rss'] / 2**20:.0f}",
                    ]
                )
            if size == FOLDERS:
                # All digits: the beginning of an id that a number could be taken for.
                words = ("completion", "words", "--", "show", "12345678")
                unknown = self.tlab(f"completion: a run that is not there, {size:,}", lab, *words)
                rows |= measure.turns([unknown], ROUNDS[size])
                commands.append(unknown)
                self.page.target(f"{unknown.name} runs, CPU time", 1000 * rows[unknown.name]["cpu"], 20, "ms")
            if size == SIZES[-1]:
                memory = {command.name: measure.peak_memory(command, 3) for command in askers}
            shutil.rmtree(lab)
        self.page.times("Asking for runs: recipe, status and a parameter; all answers as lines", rows, None, commands)
        if inside:
            self.page.section(
                "mlflow on the same runs: the call alone, without Python's start and the connection",
                ["what", "wall ms", "× tlab runs, process and all", "RSS MiB"],
                inside,
                [],
            )
        self.page.memory(memory, [], f"asking {SIZES[-1]:,} runs")
        for size, most in ((100_000, 100), (1_000_000, 1000)):
            self.page.target(
                f"tlab runs with a filter, {size:,} runs, wall time",
                1000 * rows[f"tlab runs, {size:,}"]["wall"],
                most,
                "ms",
            )
        self.page.target(
            f"tlab runs with a filter, {SIZES[-1]:,} runs, peak memory",
            memory[f"tlab runs, {SIZES[-1]:,}"][1] / 2**20,
            64,
            "MiB",
        )

    # --- making the index anew ---

    def rebuild(self):
        lab = self.folder / "folders"
        lab.mkdir()
        (lab / "lab.json").write_text('{"schema":"tlab.lab/1"}')
        make_lab.make(lab, FOLDERS, self.build / "tlab")
        ours = self.tlab("tlab runs --rebuild", lab, "runs", "--rebuild", "--quiet")
        bare = self.command("bare read of the same files", lab, self.build / "bench" / "bare_read")
        alone = self.command(
            "tlab runs --rebuild, one processor",
            lab,
            "taskset",
            "-c",
            "0",
            *ours.argv,
            shown="taskset -c 0 tlab runs --rebuild --quiet",
        )
        rows = measure.turns([ours, bare, alone], REBUILDS)
        self.page.times(
            f"The index made anew from {FOLDERS:,} folders, files in the page cache",
            rows,
            bare.name,
            [ours, bare, alone],
        )
        self.page.memory({ours.name: measure.peak_memory(ours, 1)}, [], f"the index of {FOLDERS:,} folders")
        self.page.target(
            "rebuild, wall time against the bare read", rows[ours.name]["wall"] / rows[bare.name]["wall"], 2, "×"
        )
        shutil.rmtree(lab)

    # --- one more run ---

    def grown_lab(self, size, ignored):
        lab = self.folder / f"grown-{size}-{ignored}"
        (lab / "recipes").mkdir(parents=True)
        shutil.copy(HERE / "empty.lua", lab / "recipes" / "empty.lua")
        (lab / "lab.json").write_text('{"schema":"tlab.lab/1"}')
        (lab / ".gitignore").write_text("/20*/\n/latest\n/runs.csv\n/.tlab/\n" if ignored else "\n")
        git = ["git", "-C", lab, "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "the lab"]):
            subprocess.run([*git, *words], check=True)
        make_lab.make(lab, size, self.build / "tlab")
        subprocess.run([self.build / "tlab", "runs", "--rebuild", "--quiet"], cwd=lab, check=True)
        return lab

    def growth(self):
        for ignored in (True, False):
            kind = "runs ignored by git" if ignored else "runs not ignored by git"
            commands = []
            for size in GROWN:
                lab = self.grown_lab(size, ignored)
                commands.append(self.tlab(f"{size:,} runs", lab, "run", "empty", "--quiet"))
            rows = measure.turns(commands, RUNS)
            self.page.times(f"An empty run in a lab that grows, {kind}", rows, commands[0].name, commands)
            for what in ("wall", "cpu"):
                least, most = (rows[commands[i].name][what] for i in (0, -1))
                self.page.target(
                    f"an empty run among {GROWN[-1]:,} against {GROWN[0]}, {what} time, {kind}", most / least, 1.2, "×"
                )
            for command in commands:
                shutil.rmtree(command.cwd)
