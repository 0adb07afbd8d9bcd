"""The laws of the design that a program can check: who imports whom, what is pure, how long a file may be."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

TREE = Path(__file__).parent.parent
PROJECT = tomllib.loads((TREE / "pyproject.toml").read_text())
PURE = ("calls", "ivr", "routing", "callback", "simulation")
CONTRACTS = PROJECT["tool"]["importlinter"]
FOLDERS = (*CONTRACTS["root_packages"], "tests")

# The parts of the standard library that compute and do nothing else.
COMPUTING = {
    "__future__", "abc", "bisect", "collections", "dataclasses", "datetime", "enum", "fractions", "functools",
    "hashlib", "heapq", "hmac", "itertools", "math", "operator", "random", "re", "statistics", "string", "types",
    "typing", "zoneinfo",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "localtime", "gmtime", "monotonic", "perf_counter", "time_ns"}
NAMELESS = re.compile(r"(^|_)(manager|helper|helpers|util|utils|data|info|misc|common)(_|$)")
LONGEST = 300


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """(path in the tree, syntax tree) of every Python file in these folders."""
    for folder in folders:
        for file in sorted((TREE / folder).rglob("*.py")):
            yield str(file.relative_to(TREE)), ast.parse(file.read_text(encoding="utf-8"))


def impurities(module: ast.Module) -> Iterator[str]:
    """What in this file lets the outside world in: imports, clocks, the shared random source, the environment."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (f"imports {name.name}" for name in node.names if not _computes(name.name))
        elif isinstance(node, ast.ImportFrom):
            if not node.level and not _computes(node.module or ""):
                yield f"imports {node.module}"
            if node.module == "random":
                yield from (f"takes random.{name.name}" for name in node.names if name.name != "Random")
        elif isinstance(node, ast.Attribute):
            of = ast.unparse(node.value).split(".")[-1]
            if node.attr in CLOCKS and of in ("datetime", "date", "dt", "time"):
                yield f"reads the clock with {of}.{node.attr}"
            if of == "random" and node.attr != "Random":
                yield f"draws from the shared random.{node.attr}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("open", "print", "input"):
            yield f"calls {ast.unparse(node.func)}"


def _computes(module: str) -> bool:
    return module.split(".")[0] in (*PURE, *COMPUTING)


def test_every_import_keeps_the_contracts() -> None:
    assert lint_imports(config_filename=str(TREE / "pyproject.toml"), is_debug_mode=False) == EXIT_STATUS_SUCCESS


def test_every_top_folder_with_code_is_under_the_contracts() -> None:
    found = {path.parent.name for path in TREE.glob("*/__init__.py")} - {"tests"}
    assert found == set(CONTRACTS["root_packages"])


def test_every_dependency_is_forbidden_to_the_pure_folders() -> None:
    forbidden = set(CONTRACTS["contracts"][1]["forbidden_modules"])
    ours = {re.split(r"[\[<>=; ]", line)[0].lower() for line in PROJECT["project"]["dependencies"]}
    provided_by = packages_distributions()
    covered = {name.lower().replace("_", "-") for module in forbidden for name in provided_by.get(module, ())}
    elsewhere = {"audioop-lts"} if sys.version_info < (3, 13) else set()
    assert ours - elsewhere - covered == set()


@pytest.mark.parametrize("folder", PURE)
def test_a_pure_folder_lets_nothing_of_the_outside_world_in(folder: str) -> None:
    assert [f"{path} {what}" for path, module in modules(folder) for what in impurities(module)] == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import asyncio", "imports asyncio"),
        ("from os import environ", "imports os"),
        ("import datetime\ndatetime.datetime.now()", "reads the clock with datetime.now"),
        ("from datetime import datetime\nx = datetime.now()", "reads the clock with datetime.now"),
        ("import random\nrandom.choice([1])", "draws from the shared random.choice"),
        ("from random import shuffle", "takes random.shuffle"),
        ("open('x')", "calls open"),
        ("from random import Random\nfrom datetime import datetime, timedelta", None),
    ],
)
def test_the_scan_for_impurities_sees(code: str, what: str | None) -> None:
    found = list(impurities(ast.parse(code)))
    assert found == ([] if what is None else [what])


def test_no_file_is_longer_than_one_sitting_without_a_reason_at_its_top() -> None:
    long = []
    for path, module in modules(*FOLDERS):
        length = len((TREE / path).read_text(encoding="utf-8").splitlines())
        if length > LONGEST and f"{LONGEST} lines" not in " ".join((ast.get_docstring(module) or "").split()):
            long.append(f"{path} has {length} lines; its docstring gives no reason for being past {LONGEST} lines")
    assert long == []


def test_every_file_opens_with_what_it_answers() -> None:
    assert [path for path, module in modules(*FOLDERS) if not ast.get_docstring(module)] == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path for path, _ in modules(*FOLDERS) if NAMELESS.search(Path(path).stem)] == []
