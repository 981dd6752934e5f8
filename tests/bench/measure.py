"""How `make bench` measures: wall time by hyperfine, CPU time by wait4(2), memory by /proc."""

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


@dataclasses.dataclass
class Command:
    """A command line to measure. `name` is how tables call it, `shown` how a person would type it."""

    name: str
    argv: list
    cwd: pathlib.Path
    shown: str = ""
    env: dict = dataclasses.field(default_factory=dict)
    out: str = os.devnull  # where its output goes: grep ends at the first match when that is /dev/null
    stdin: str = os.devnull

    def start(self):
        with open(pathlib.Path(self.cwd, self.out), "wb") as out, open(pathlib.Path(self.cwd, self.stdin)) as stdin:
            return subprocess.Popen(
                [str(word) for word in self.argv],
                cwd=self.cwd,
                env={**os.environ, **self.env},
                stdin=stdin,
                stdout=out,
                stderr=subprocess.PIPE,
            )


def finish(command, process):
    """Waits for it: user + system seconds of it and all that it waited for."""
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command.shown}: exit code {process.returncode}: {said.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime


def cpu_times(commands, rounds):
    """CPU seconds of each command, {name: [one a round]}. The commands take turns, so that what else
    the machine does in a while is shared by all."""
    times = {command.name: [] for command in commands}
    for turn in range(rounds + 1):
        for command in commands:
            took = finish(command, command.start())
            if turn > 0:  # the first one warms the caches
                times[command.name].append(took)
    return times


def turns(commands, rounds):
    """{name: {wall, cpu, cpu_best}}: median seconds, the commands taking turns. Wall time is from before
    the start of the process to its end, a millisecond more than hyperfine has it."""
    seen = {command.name: ([], []) for command in commands}
    for turn in range(rounds + 1):
        for command in commands:
            began = time.perf_counter()
            cpu = finish(command, command.start())
            if turn > 0:  # the first one warms the caches
                seen[command.name][0].append(time.perf_counter() - began)
                seen[command.name][1].append(cpu)
    return {
        name: {"wall": median(wall), "cpu": median(cpu), "cpu_best": min(cpu)} for name, (wall, cpu) in seen.items()
    }


def wall_times(commands, runs):
    """Median wall seconds of each command by hyperfine, {name: seconds}; one hyperfine a folder."""
    medians = {}
    for cwd in dict.fromkeys(command.cwd for command in commands):
        here = [command for command in commands if command.cwd == cwd]
        env = {name: value for command in here for name, value in command.env.items()}
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            subprocess.run(
                [
                    "hyperfine",
                    "--shell=none",
                    "--style=none",
                    "--warmup=2",
                    f"--runs={runs}",
                    f"--export-json={out.name}",
                    *[quoted(command.argv) for command in here],
                ],
                cwd=cwd,
                env={**os.environ, **env},
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            results = json.load(open(out.name))["results"]
        for command, result in zip(here, results, strict=True):
            medians[command.name] = result["median"]
    return medians


def quoted(argv):
    """One string for hyperfine, which takes it apart as a shell would."""
    return " ".join("'" + str(word).replace("'", "'\\''") + "'" for word in argv)


def family(pid):
    """A process and all below it."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += family(int(child))
    except OSError:
        pass  # it has ended meanwhile
    return found


def memory_now(pids):
    """(proportional, resident, own) bytes of the processes together, from smaps_rollup. Own is what is of no file."""
    pss = rss = own = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        pss += int(line.split()[1]) * 1024
                    elif line.startswith("Rss:"):
                        rss += int(line.split()[1]) * 1024
                    elif line.startswith("Pss_Anon:"):
                        own += int(line.split()[1]) * 1024
        except OSError:
            pass
    return pss, rss, own


def peak_memory(command, runs):
    """The largest (proportional, resident, own) bytes seen in several runs, looking without a pause."""
    peak = (0, 0, 0)
    for _ in range(runs):
        process = command.start()
        while True:
            ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if ended is not None:
                break
            peak = tuple(map(max, peak, memory_now(family(process.pid))))
        finish(command, process)
    return peak


def median(values):
    return statistics.median(values)


def processor():
    """(model, number of processors): what the figures depend on, and no name of a machine."""
    model = next(
        (line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        os.uname().machine,
    )
    return model, len(os.sched_getaffinity(0))


def load():
    return os.getloadavg()[0]
