"""Does docs/dialplan.md tell of the contexts, variables, events and commands that there are, and of no others?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calls.commands import LookAgain
from telephony.actions import ACTIONS
from telephony.framing import PLACE
from telephony.render import CHANNEL_VARIABLES, TEMPLATES
from telephony.translate import CONTEXTS, NATIVE_EVENTS, USER_EVENTS

PAGE = (Path(__file__).parents[3] / "docs" / "dialplan.md").read_text(encoding="utf-8")
DIALPLAN = (TEMPLATES / "extensions.conf.j2").read_text(encoding="utf-8")
SAID = {name: set(re.findall(r",(\w+):", rest)) for name, rest in re.findall(r"UserEvent\((\w+)(.*)\)", DIALPLAN)}


def told(heading: str) -> dict[str, str]:
    """The first table under a heading: what stands in the first column, and the second."""
    table = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.*?) \|", table, re.MULTILINE)
    return {name: second for names, second in rows for name in re.findall(r"`([\w-]+)`", names)}


@pytest.mark.parametrize(
    ("heading", "there"),
    [
        ("Contexts", re.findall(r"^\[(al-[a-z-]+)\]", DIALPLAN, re.MULTILINE)),
        ("What a call carries", [*CHANNEL_VARIABLES, *PLACE]),
        ("What the dialplan says", USER_EVENTS),
        ("What the service does", [command.__name__ for command in ACTIONS if command is not LookAgain]),
    ],
)
def test_each_table_names_what_there_is(heading: str, there: list[str]) -> None:
    assert sorted(told(heading)) == sorted(there)


def test_the_dialplan_says_what_the_translator_reads_and_nothing_else() -> None:
    assert set(SAID) == set(USER_EVENTS)


def test_each_event_is_told_with_its_headers() -> None:
    headers = {name: set(re.findall(r"\w+", column)) for name, column in told("What the dialplan says").items()}
    for name, column in headers.items():
        assert SAID[name] <= column, name


def test_the_page_names_what_is_checked_and_read_of_asterisk_itself() -> None:
    assert all(f"`{name}`" in PAGE for name in (*CONTEXTS, *NATIVE_EVENTS))
