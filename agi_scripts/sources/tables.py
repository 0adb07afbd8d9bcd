"""What does a table in a file say of a caller? A CSV file, checked as a whole, kept in memory, read again on change.

``callers``: a caller is found by the column ``number``, or by one that is named as the field that was typed; the other
names are those of `agi_scripts.sources.records`. ``answers``: ``about`` and ``answer``, and where they are wanted
``digits``, ``region``, ``from`` and ``until`` (``09:00``, in the house's own time) and columns named as fields; an
empty cell fits everything, and of the rows that fit the first is the answer. A fault names file, line and cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Final

from agi_scripts.errors import BadAnswer
from agi_scripts.sources.records import answer_of, record_of
from config.errors import Fault
from config.model import Configuration
from config.sources import BY_NUMBER, NAME, OF_A_RECORD, OF_AN_ANSWER
from config.validation import instead
from ivr.dialogue import CallerRecord
from ivr.menu import AnswerNode, GatherNode
from ivr.secret import Secret

TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
NUMBER: Final = re.compile(r"\+?[0-9]{3,32}")
DAY_BEGINS, DAY_ENDS = time.min, time.max


@dataclass(slots=True)
class Faults:
    """What is wrong with one file, cell by cell; never what stands in the cell."""

    file: Path
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, cell: int, name: str, reason: str) -> None:
        self.found.append(Fault(self.file, line, cell, name, reason))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its cells by column, and which cell (from 1) each column is."""

    line: int
    cells: Mapping[str, str]
    places: Mapping[str, int]


def read_rows(file: Path, needed: tuple[str, ...], known: frozenset[str], faults: Faults) -> list[Row]:
    """The rows of a CSV file (UTF-8, the first line names the columns), empty ones left out; none with faulty columns.

    ``needed`` are columns that must be there, ``known`` are all that may.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            columns = [name.strip() for name in next(reader, [])]
            places = {name: cell for cell, name in enumerate(columns, 1)}
            rows = []
            for cells in reader:
                if any(cells) and len(cells) != len(columns):
                    faults.add(reader.line_num, len(cells), "", f"has {len(cells)} cells, and there are {len(columns)}")
                elif any(cells):
                    values = (cell.strip() for cell in cells)
                    rows.append(Row(reader.line_num, dict(zip(columns, values, strict=True)), places))
    except OSError as refused:
        faults.add(1, 1, "", f"cannot be read ({refused.strerror})")
        return []
    except (UnicodeDecodeError, csv.Error):
        faults.add(1, 1, "", "is no CSV file in UTF-8: save it as one")
        return []
    for cell, name in enumerate(columns, 1):
        if not NAME.fullmatch(name):
            faults.add(1, cell, "", "is no name for a column: use small letters, digits, _ and -")
        elif places[name] != cell:
            faults.add(1, cell, name, "stands here a second time: keep one")
        elif name not in known:
            faults.add(1, cell, name, f"is no field of any menu, and nothing that a table says{instead(name, known)}")
    if not columns:
        faults.add(1, 1, "", "is empty: the first line names the columns")  # perhaps it is just being written
    for name in needed:
        if name not in places:
            faults.add(1, 1, name, "is missing: add this column")
    return [] if any(fault.line == 1 for fault in faults.found) else rows


def _fields(configuration: Configuration) -> frozenset[str]:
    """What callers type in the menus."""
    nodes = (node for menu in configuration.menus.values() for node in menu.nodes.values())
    return frozenset(node.field for node in nodes if isinstance(node, GatherNode))


class Callers:
    """The callers of one table, by column and value."""

    def __init__(self, found: Mapping[tuple[str, str], CallerRecord]) -> None:
        self._found = found

    def find(self, by: str, value: str) -> CallerRecord | None:
        return self._found.get((by, value))


def read_callers(file: Path, configuration: Configuration) -> tuple[Callers, list[Fault]]:
    """The table, and what is wrong with it."""
    faults = Faults(file)
    found: dict[tuple[str, str], CallerRecord] = {}
    first: dict[tuple[str, str], int] = {}
    known = _fields(configuration) | {BY_NUMBER, *OF_A_RECORD}
    for row in read_rows(file, (), known, faults):
        try:
            record = record_of(row.cells)
        except BadAnswer as wrong:
            name = str(wrong).partition(" ")[0]
            faults.add(row.line, row.places[name], name, "is not as it should be")
            continue
        if record.lang and record.lang not in configuration.languages:
            faults.add(row.line, row.places["language"], "language", "is not among the languages of the configuration")
        if record.doctor and record.doctor not in configuration.agents:
            faults.add(row.line, row.places["doctor"], "doctor", "is not among the agents of the configuration")
        _declared(row, record.region, configuration, faults)
        number = row.cells.get(BY_NUMBER, "")
        if number and not NUMBER.fullmatch(number):
            faults.add(row.line, row.places[BY_NUMBER], BY_NUMBER, "is no number: write it as the carrier shows it")
        keys = {name: number.reveal() for name, number in record.numbers.items()}
        for key in (keys | {BY_NUMBER: number}).items():
            if key in first:
                faults.add(row.line, row.places[key[0]], key[0], f"is the same as in line {first[key]}: whose is it?")
            elif key[1]:
                first[key], found[key] = row.line, record
    return Callers(found), faults.found


def _declared(row: Row, region: str, configuration: Configuration, faults: Faults) -> None:
    if region and f"region:{region}" not in configuration.skills:
        faults.add(row.line, row.places["region"], "region", "is not declared: add it to the skills, or correct it")


@dataclass(frozen=True, slots=True)
class _Said:
    place: int
    region: str
    begins: time
    ends: time
    answer: tuple[str, Secret]

    def fits(self, region: str, now: time) -> bool:
        within = self.begins <= now < self.ends
        if self.begins > self.ends:
            within = now >= self.begins or now < self.ends
        return self.region in ("", region) and within


class Answers:
    """The answers of one table: by what they are about, by which fields they go, and by the values of these."""

    def __init__(self, rows: Mapping[str, Mapping[tuple[str, ...], Mapping[tuple[str, ...], list[_Said]]]]) -> None:
        self._rows = rows

    def find(self, about: str, region: str, typed: Mapping[str, str], now: datetime) -> tuple[str, Secret] | None:
        """The first row that fits; ``now`` is in the house's own time."""
        fitting: list[_Said] = []
        for fields, by_value in self._rows.get(about, {}).items():
            said = by_value.get(tuple(typed.get(name, "") for name in fields), [])
            fitting += [one for one in said if one.fits(region, now.time())]
        return min(fitting, key=lambda one: one.place).answer if fitting else None


def read_answers(file: Path, configuration: Configuration) -> tuple[Answers, list[Fault]]:
    """The table, and what is wrong with it."""
    faults = Faults(file)
    rows: dict[str, dict[tuple[str, ...], dict[tuple[str, ...], list[_Said]]]] = {}
    asked = _asked(configuration)
    for row in read_rows(file, ("about", "answer"), _fields(configuration) | set(OF_AN_ANSWER), faults):
        try:
            answer = answer_of(row.cells)
        except BadAnswer as wrong:
            name = str(wrong).partition(" ")[0]
            faults.add(row.line, row.places.get(name, 1), name, "is not as it should be")
            continue
        begins, ends = (_time(row, name, usual, faults) for name, usual in (("from", DAY_BEGINS), ("until", DAY_ENDS)))
        about = row.cells.get("about", "")
        if about not in asked:
            faults.add(row.line, row.places.get("about", 1), "about", f"is asked by no menu{instead(about, asked)}")
        elif answer[0] not in asked[about]:
            known = ", ".join(sorted(asked[about]))
            faults.add(row.line, row.places["answer"], "answer", f"is no answer that menus can say: take {known}")
        _declared(row, row.cells.get("region", ""), configuration, faults)
        said = _Said(row.line, row.cells.get("region", ""), begins, ends, answer)
        fields = tuple(sorted(name for name in row.cells if name not in OF_AN_ANSWER and row.cells[name]))
        by_value = rows.setdefault(about, {}).setdefault(fields, {})
        by_value.setdefault(tuple(row.cells[name] for name in fields), []).append(said)
    return Answers(rows), faults.found


def _asked(configuration: Configuration) -> dict[str, set[str]]:
    """What the menus ask about, with the answers that they can say."""
    asked: dict[str, set[str]] = {}
    for menu in configuration.menus.values():
        for node in menu.nodes.values():
            if isinstance(node, AnswerNode):
                asked.setdefault(node.about, set()).update(node.answers)
    return asked


def _time(row: Row, name: str, usual: time, faults: Faults) -> time:
    written = row.cells.get(name, "")
    if not written or TIME.fullmatch(written):
        return time.fromisoformat(written) if written else usual
    faults.add(row.line, row.places[name], name, "is no time of day: write 09:00")
    return usual


READERS: Mapping[str, Callable[[Path, Configuration], tuple[object, list[Fault]]]] = {
    "callers": read_callers,
    "answers": read_answers,
}
"""How the table of each lookup is read."""


def table_faults(configuration: Configuration, folder: Path) -> list[Fault]:
    """What is wrong with the tables that the configuration in ``folder`` names."""
    sources = configuration.lookups
    files = {"callers": sources.callers, "answers": sources.answers}
    tables = [(name, source.file) for name, source in files.items() if source and source.kind == "csv"]
    return [fault for name, file in tables for fault in READERS[name](folder / file, configuration)[1]]
