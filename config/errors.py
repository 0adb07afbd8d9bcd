"""What is wrong with a configuration? Every fault at once, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


class ConfigFault(Exception):
    """The configuration cannot be used; the one in force stays in force."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: ``line`` and ``column`` count from 1, ``where`` is the dotted way to the value, empty for the file."""

    file: Path
    line: int
    column: int
    where: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.reason}"


class ConfigurationFaults(ConfigFault):
    """The faults of one file, in the order of its lines; its text has one line for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))
