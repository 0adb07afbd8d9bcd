"""`make bench ENTRY=agi`: our FastAGI server, a C server as the floor, stock panoramisk and pyst2, by turns.

Each measurement starts its server anew, on the first of two cores; the load, which plays Asterisk's side, runs on the
second. CPU is the server process's own, user and system, over a whole run at a fixed rate. The answers to a junk storm
are compared with those of a run as long without one.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.agi.lines import LINES

HERE = Path(__file__).parent
SERVERS = ("floor", "ours", "panoramisk", "pyst2")
ROUNDS = 3
CLOSED_CONNECTIONS, CLOSED_SECONDS = 32, 3
RATE = 1500
"""Sessions a second in the runs that measure CPU and latency: a third of what stock panoramisk bears where the floor
bears 25,000, so that only bursts queue."""
RATE_SECONDS = 6
JUNK, JUNK_SECONDS = 10_000, 15
WARM_UP_SECONDS = 1
"""The load's own, at the beginning of each run."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One server in one round: sessions/s and the share of time in which the load was busy then, µs of CPU a session,
    µs until a command came, sessions that went wrong."""

    saturation: float
    load_busy: float
    cpu_us: float
    p50_us: float
    p99_us: float
    bad: int


def compiled(name: str, folder: Path) -> Path:
    """The C program of this name, built in `folder`."""
    program = folder / name
    subprocess.run(["cc", "-O2", str(HERE / f"{name}.c"), "-o", str(program), "-lm"], check=True)
    return program


class Bench:
    """The two C programs, built, and the two cores."""

    def __init__(self, folder: Path) -> None:
        self.floor, self.load = compiled("floor", folder), compiled("load", folder)
        self.lines = folder / "lines"
        self.lines.write_text("".join(f"{line}\n" for line in LINES))
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise SystemExit("This comparison needs two cores: one for the server, one for the load.")
        self.server_core, self.load_core = cores[:2]

    @contextmanager
    def serving(self, name: str) -> Iterator[tuple[int, int]]:
        """This server, running; its process id and its port."""
        command = [sys.executable, "-m", "benchmarks.agi.servers", name]
        if name == "floor":
            command = [str(self.floor), str(self.lines)]
        core = {self.server_core}
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, core),
        ) as server:
            assert server.stdout
            try:
                yield server.pid, int(server.stdout.readline())
            finally:
                server.kill()

    def loaded(self, port: int, seconds: float, *words: object) -> dict[str, float]:
        """What the load says after so many seconds."""
        core = {self.load_core}
        done = subprocess.run(
            [str(self.load), str(port), str(len(LINES)), str(seconds), *map(str, words)],
            stdout=subprocess.PIPE,
            check=True,
            preexec_fn=lambda: os.sched_setaffinity(0, core),
        )
        return dict(json.loads(done.stdout))

    def turn(self, name: str, seed: int) -> Turn:
        with self.serving(name) as (_, port):
            closed = self.loaded(port, CLOSED_SECONDS, "closed", CLOSED_CONNECTIONS)
        with self.serving(name) as (pid, port):
            before = cpu_seconds(pid)
            steady = self.loaded(port, RATE_SECONDS, "poisson", RATE, 0, seed)
            used = cpu_seconds(pid) - before
        sessions = RATE * (RATE_SECONDS + WARM_UP_SECONDS)
        return Turn(
            saturation=closed["sessions_per_s"],
            load_busy=closed["busy"],
            cpu_us=used / sessions * 1e6,
            p50_us=steady["p50_us"],
            p99_us=steady["p99_us"],
            bad=int(closed["bad"] + steady["bad"]),
        )

    def p99_under(self, junk: int, seed: int) -> float:
        """µs until a command of ours came, with so many junk connections during the run."""
        with self.serving("ours") as (_, port):
            return self.loaded(port, JUNK_SECONDS, "poisson", RATE, junk, seed)["p99_us"]


def cpu_seconds(pid: int) -> float:
    """CPU time of a whole process, its ended threads among it: the kernel's clock of that process."""
    return time.clock_gettime((~pid << 3) | 2)


def check_lines(bench: Bench, name: str) -> None:
    """Refuse to compare servers that do not say the same."""
    with bench.serving(name) as (_, port), socket.create_connection(("127.0.0.1", port), timeout=5) as call:
        call.sendall(b"agi_network: yes\nagi_network_script: menu?line=hotline\n\n")
        said = []
        for line in call.makefile("r"):
            said.append(line.rstrip("\n"))
            call.sendall(b"200 result=1 (2)\n" if line.startswith("GET") else b"200 result=0\n")
    if tuple(said) != LINES:
        raise SystemExit(f"{name} does not say the ten lines: {said}")


def medians(turns: list[Turn]) -> dict[str, float]:
    """Of each figure the median over the rounds; what went wrong is added up."""
    figures = {key: statistics.median(values) for key, values in columns(turns).items()}
    return {key: round(value, 3 if value < 1 else 1) for key, value in figures.items()} | {
        "bad": sum(turn.bad for turn in turns)
    }


def columns(turns: list[Turn]) -> dict[str, list[float]]:
    return {field.name: [getattr(turn, field.name) for turn in turns] for field in fields(Turn)}


def table(figures: Mapping[str, Mapping[str, float]]) -> Table:
    shown = Table("server", "sessions/s at most", "load busy", "CPU µs/session", "p50 µs", "p99 µs", "went wrong")
    for name, figure in figures.items():
        shown.add_row(name, *(f"{figure[field.name]:,}" for field in fields(Turn)))
    return shown


def main() -> None:
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name in SERVERS:
            check_lines(bench, name)
        turns: dict[str, list[Turn]] = {name: [] for name in SERVERS}
        quiet, stormy = [], []
        for seed in range(1, ROUNDS + 1):
            for name in SERVERS:
                turns[name].append(bench.turn(name, seed))
            quiet.append(bench.p99_under(0, seed))
            stormy.append(bench.p99_under(JUNK, seed))
            console.print(f"round {seed} of {ROUNDS}: load average {os.getloadavg()[0]:.1f}")
    figures = {name: medians(turns[name]) for name in SERVERS}
    ours, floor, panoramisk = figures["ours"], figures["floor"], figures["panoramisk"]
    calm, storm = statistics.median(quiet), statistics.median(stormy)
    console.print(table(figures))
    console.print(f"CPU and times at {RATE:,} sessions/s.")
    console.print(f"p99 of ours over {JUNK_SECONDS} s: {calm:.0f} µs; with {JUNK:,} junk connections: {storm:.0f} µs")
    said = {
        "entry": "agi",
        "cpu_over_floor": round(ours["cpu_us"] / floor["cpu_us"], 2),
        "cpu_over_panoramisk": round(ours["cpu_us"] / panoramisk["cpu_us"], 2),
        "p99_over_floor": round(ours["p99_us"] / floor["p99_us"], 2),
        "saturation_over_panoramisk": round(ours["saturation"] / panoramisk["saturation"], 2),
        "junk_p99_change": round(storm / calm - 1, 3),
        "rate": RATE,
        "junk_p99_us": round(storm, 1),
        "calm_p99_us": round(calm, 1),
        "servers": figures,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
