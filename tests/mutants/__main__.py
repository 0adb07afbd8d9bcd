"""Does each seeded fault make the test of the very law fail that it breaks? `make mutants`; it fails if one does not.

Faults are seeded into copies of the tree in a temporary folder, never here. Own code, since mutmut and cosmic-ray make
their mutants themselves, by operators, and take no list of faults that somebody thought of.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.faults import FAULTS, OTHER_PROCESS, ROOT, Fault, occurrences

GIVEN_UP_AFTER = 120.0
"""Seconds without a broken law after which a fault has survived."""
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.hunt", "--hypothesis-profile=hunt")
SEQUENCES = "tests/unit/routing/test_sequences.py"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names of faults; none: all faults")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    faults = [one for one in FAULTS if not given.names or any(name in one.name for name in given.names)]
    stale = [fault for fault in faults if occurrences(fault) != 1]
    for fault in stale:
        print(f"stale: {fault.name}: its text is not found exactly once in {fault.file}")
    hunted = [] if stale else list(hunt(faults, given.processes))
    survived = [fault.name for fault, caught in hunted if not caught]
    print(f"{len(faults)} faults, {len(hunted) - len(survived)} caught, {len(survived)} survived", *survived, sep="; ")
    return 1 if stale or survived else 0


def hunt(faults: list[Fault], processes: int) -> Iterator[tuple[Fault, bool]]:
    """Each fault with whether it was caught, as they come; prints a line for each."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(processes) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(processes):
            copies.put(copy_of_tree(Path(folder) / str(number)))
        hunts = [pool.submit(hunt_one, fault, copies) for fault in faults]
        for done, one in enumerate(as_completed(hunts), start=1):
            fault, caught, seconds = one.result()
            verdict = f"caught by {fault.law}" if caught else f"SURVIVED {fault.law}"
            spent = time.monotonic() - began
            print(f"{done:3}/{len(faults)} {spent:5.0f} s  {fault.name:54} {verdict:76} {seconds:5.1f} s", flush=True)
            yield fault, caught


def copy_of_tree(folder: Path) -> Path:
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
    return Path(shutil.copytree(ROOT, folder, ignore=left_out))


def hunt_one(fault: Fault, copies: SimpleQueue[Path]) -> tuple[Fault, bool, float]:
    tree = copies.get()
    try:
        with seeded(fault, tree):
            began = time.monotonic()
            return fault, is_caught(fault, tree), time.monotonic() - began
    finally:
        copies.put(tree)


@contextmanager
def seeded(fault: Fault, tree: Path) -> Iterator[None]:
    file = tree / fault.file
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace(fault.old, fault.new), encoding="utf-8")
    try:
        yield
    finally:
        shutil.copy2(ROOT / fault.file, file)  # with its old time, so that what was compiled before counts again


def is_caught(fault: Fault, tree: Path) -> bool:
    """Whether the law breaks: another failure, of an import for example, does not count."""
    of_process = fault.law == OTHER_PROCESS
    test = fault.law if of_process else "test_every_law_holds_in_every_sequence"
    environment = {**os.environ, "AL_LONG": "1", "AL_LAW": fault.law}
    words = [sys.executable, *PYTEST, f"{SEQUENCES}::{test}"]
    try:
        ended = subprocess.run(
            words, cwd=tree, env=environment, capture_output=True, text=True, timeout=GIVEN_UP_AFTER, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    said = "assert [" if of_process else f"broken: {fault.law}"
    return ended.returncode == 1 and said in ended.stdout


if __name__ == "__main__":
    sys.exit(main())
