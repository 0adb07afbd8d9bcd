"""Which sources of lookups does a configuration take, and which faults does it tell, with their places?"""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import check, load
from config.sources import CsvSource, RestSource, Sources, SqlSource
from tests.e2e.centre import SAMPLE


def with_lookups(folder: Path, text: str) -> Path:
    path = folder / "assistline.yaml"
    path.write_text(SAMPLE.read_text(encoding="utf-8") + "\nlookups:\n" + text, encoding="utf-8")
    return path


def test_each_kind_of_source_is_read(tmp_path: Path) -> None:
    rest = "  callers: {kind: rest, url: 'https://records.example.org/callers', keep_seconds: 5}\n"
    sql = "  answers: {kind: sql, queries: {claim: 'select status as answer from claims where claim = :claim'}}\n"
    query = "select status as answer from claims where claim = :claim"
    assert load(with_lookups(tmp_path, rest + sql)).lookups == Sources(
        callers=RestSource(url="https://records.example.org/callers", keep_seconds=5),
        answers=SqlSource(queries={"claim": query}),
    )
    csv = load(with_lookups(tmp_path, "  callers: {kind: csv, file: callers.csv}\n")).lookups
    assert csv == Sources(callers=CsvSource(file="callers.csv"))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("  caller: {kind: csv, file: a}\n", "lookups.caller"),
        ("  callers: {kind: ldap}\n", "lookups.callers.kind"),
        ("  callers: {kind: csv}\n", "lookups.callers.file"),
        ("  callers: {kind: sql, queries: {}}\n", "lookups.callers.queries"),
        ("  callers: {kind: sql, queries: {number: 'select 1'}}\n", "lookups.callers.queries.number"),
        ("  callers: {kind: sql, queries: {number: 'drop :value'}}\n", "lookups.callers.queries.number"),
        ("  callers: {kind: rest, url: 'http://example.org/'}\n", "lookups.callers.url"),
        ("  callers: {kind: rest, url: 'https://u:secretword@example.org/'}\n", "lookups.callers.url"),
        ("  callers: {kind: rest, url: 'https://example.org/?key=secretword'}\n", "lookups.callers.url"),
        ("  callers: {kind: rest, url: 'https://example.org/#secretword'}\n", "lookups.callers.url"),
        ("  callers: {kind: rest, url: 'https://example.org:99999/secretword'}\n", "lookups.callers.url"),
        ("  callers: {kind: rest, url: 'https://example.org/ secretword'}\n", "lookups.callers.url"),
        ('  callers: {kind: csv, file: "callers\\0.csv"}\n', "lookups.callers.file"),
        ("  callers: {kind: sql, queries: {nummber: 'select :value'}}\n", "lookups.callers.queries.nummber"),
        ("  callers: {kind: sql, queries: {number: 'select :value, :numer'}}\n", "lookups.callers.queries.number"),
        ("  answers: {kind: sql, queries: {clam: 'select :claim'}}\n", "lookups.answers.queries.clam"),
        ("  answers: {kind: sql, queries: {claim: 'select :clame'}}\n", "lookups.answers.queries.claim"),
        ("  callers: {kind: rest, url: 'https://example.org/', keep_seconds: -1}\n", "lookups.callers.keep_seconds"),
        ("  callers: [secretword]\n", "lookups.callers"),
    ],
)
def test_a_fault_names_its_place_and_no_secret(tmp_path: Path, text: str, where: str) -> None:
    [fault] = check(with_lookups(tmp_path, text))
    assert fault.where == where
    assert "secretword" not in str(fault)
