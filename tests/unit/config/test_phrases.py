"""Is every phrase asked for that somebody may hear, in each language, and is what lacks told as a list?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from config import phrases
from config.load import check
from ivr.speech import GRAMMARS, pieces
from tests.unit.config.editing import TODAY, edited

TREE = Path(__file__).parents[3]


def lacking(monkeypatch: pytest.MonkeyPatch, lang: str, *ids: str) -> None:
    """Take these texts out of a language."""
    had: Mapping[str, frozenset[str]] = phrases.texts()
    monkeypatch.setattr(phrases, "texts", lambda: {**had, lang: had[lang] - set(ids)})


def test_what_lacks_in_a_language_is_told_as_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, "en", "num-7", "minute-other", "leave-message")
    [fault] = check(edited(tmp_path), TODAY)
    assert fault.where == "languages.1"
    assert "has no text for leave-message, minute-other, num-7: add it to prompts/en.yaml" in fault.reason


def test_an_ambulance_number_needs_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, "en", phrases.AMBULANCE_PROMPT)
    found = check(edited(tmp_path), TODAY)
    assert {fault.where for fault in found} == {
        f"lines.{line}.ambulance" for line in ("emergency", "hotline", "kazan", "baku", "epidemic")
    }


def test_what_dialplan_and_service_say_is_what_every_house_must_have() -> None:
    sources = [*TREE.glob("asterisk_conf/*.j2"), *TREE.glob("app/*.py")]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    named = set(re.findall(r"al/([a-z][a-z0-9-]*[a-z0-9])(?=[&,)\n])", text))
    assert {"leave-message", "connecting-emergency", "joining-talk"} < named
    known = phrases.texts()["ru"]
    assert named - {phrases.AMBULANCE_PROMPT} <= set(phrases.HOUSE_PROMPTS)
    said_by_name = {word for word in re.findall(r'"([a-z]+(?:-[a-z]+)+)"', text) if word in known}
    assert said_by_name - pieces("ru") - {phrases.AMBULANCE_PROMPT} <= set(phrases.HOUSE_PROMPTS)


def test_a_text_that_was_added_while_the_service_runs_is_known_to_it(tmp_path: Path) -> None:
    file = tmp_path / "ru.yaml"
    file.write_text("voice: ru\nphrases: {hello: Здравствуйте.}\n", encoding="utf-8")
    assert phrases.texts(tmp_path) == {"ru": {"hello"}}
    file.write_text("voice: ru\nphrases: {hello: Здравствуйте., bye: Пока.}\n", encoding="utf-8")
    os.utime(file, ns=(0, 0))
    assert phrases.texts(tmp_path) == {"ru": {"hello", "bye"}}


@pytest.mark.parametrize("lang", GRAMMARS)
def test_the_house_can_be_opened_in_each_of_the_four_languages(lang: str) -> None:
    have = phrases.texts()[lang]
    assert {*phrases.HOUSE_PROMPTS, phrases.AMBULANCE_PROMPT, *pieces(lang)} <= have
