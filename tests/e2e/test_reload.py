"""Is the configuration changed while calls go on, and does nobody lose anything by it? On a real Asterisk."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import yaml

from app import runtime
from app.versions import in_force
from config.load import load
from synthetic.phone import Refusal
from synthetic.tones import Tone
from tests.e2e.centre import (
    AGENT_HZ,
    DIRECT,
    EMERGENCY,
    HOTLINE,
    LONG,
    LiveCentre,
    agent,
    always_open,
    prompt,
    waiting,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAMPAIGN = "+442079460777"
"""The number of a line that is there at first, and taken out."""
NEW_LINE = "+442079460778"
NEW_HZ = 1300.0


def with_a_campaign(values: dict[str, Any]) -> None:
    """A line of its own with a queue of its own; on the hotline nobody is greeted."""
    always_open(values)
    del values["lines"]["hotline"]["greeting"]
    values["queues"]["campaign"] = {**deepcopy(values["queues"]["direct"]), "label": "Campaign", "extension": 899}
    line = next(line for line in values["lines"].values() if DIRECT in line["numbers"])
    values["lines"]["campaign"] = {**deepcopy(line), "label": "Campaign", "numbers": [CAMPAIGN], "queue": "campaign"}


CHANGE = with_a_campaign


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    """The centre with the configuration that it began with."""
    yield house
    await house.clear()
    code, said = await assistline(house, "apply", str(house.settings.config))
    assert code == 0, said


async def assistline(centre: LiveCentre, *words: str) -> tuple[int, str]:
    """Run the command line as the administrator of this instance; its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", *words,
        env={**os.environ, **centre.settings.environment(), "PYTHONPATH": str(runtime.TREE)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def apply(centre: LiveCentre, change: Callable[[dict[str, Any]], None]) -> str:
    """Apply the configuration that the centre began with, changed; its version."""
    values = yaml.safe_load(centre.settings.config.read_text(encoding="utf-8"))
    change(values)
    file = centre.settings.home / "changed.yaml"
    file.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), encoding="utf-8")
    code, said = await assistline(centre, "apply", str(file))
    assert code == 0, said
    version = said.partition(" ")[0]
    assert said == f"{version} is in force\n"
    live = await centre.live()
    assert live["version"] == version == load(in_force(centre.settings)).version
    return version


async def test_a_caller_inside_the_menu_goes_on_in_the_old_one_and_a_new_call_hears_the_new(
    centre: LiveCentre,
) -> None:
    def other_topics(values: dict[str, Any]) -> None:
        """Other words, and what was claims before is coverage; the old menu's way is in no menu any more."""
        topics = values["menus"]["hotline"]["nodes"]["topics"]
        topics["prompts"] = ["menu-answers"]
        topics["options"] |= {1: "claims", 4: "coverage"}

    inside = await centre.call(HOTLINE)
    await inside.hears(prompt("ru", "choose-language"), within=20)
    await apply(centre, other_topics)
    await inside.press("1")
    await inside.hears(prompt("ru", "menu-hotline"), within=20)
    await inside.press("4")
    await centre.until(lambda live: waiting(live, "claims") == 1, "the old menu leads to claims", 10)

    fresh = await centre.call(HOTLINE)
    await fresh.hears(prompt("ru", "choose-language"), within=20)
    await fresh.press("1")
    await fresh.hears(prompt("ru", "menu-answers"), within=20)
    await fresh.press("4")
    await centre.until(lambda live: waiting(live, "coverage") == 1, "the new menu leads to coverage", 10)
    assert waiting(await centre.live(), "claims") == 1


async def test_nobody_is_dropped_who_talks_or_waits_and_a_new_agent_takes_the_waiting_one(centre: LiveCentre) -> None:
    def a_new_agent_and_line(values: dict[str, Any]) -> None:
        anna = values["agents"]["anna"]
        values["agents"]["zoya"] = {**deepcopy(anna), "name": "Zoya", "extension": 199}
        line = next(line for line in values["lines"].values() if DIRECT in line["numbers"])
        values["lines"]["fresh"] = {**deepcopy(line), "label": "Fresh", "numbers": [NEW_LINE]}

    await centre.seat("anna")
    await centre.seat("boris", ready=False)
    talking = await centre.call(DIRECT)
    await talking.hears(Tone(AGENT_HZ), within=10)
    waits = await centre.call(DIRECT)
    await centre.until(lambda live: waiting(live, "direct") == 1, "one waits")
    await apply(centre, a_new_agent_and_line)
    after = asyncio.get_running_loop().time()
    await talking.hears(Tone(AGENT_HZ), within=5, since=after)
    live = await centre.live()
    assert waiting(live, "direct") == 1
    assert agent(live, "anna")["state"] == "talking"

    await centre.seat("zoya", hz=NEW_HZ)
    await waits.hears(Tone(NEW_HZ), within=10)
    fresh = await centre.call(NEW_LINE)
    await centre.until(
        lambda live: [call["line"] for call in live["calls"] if call["state"] == "waiting"] == ["fresh"],
        "the new number leads to the new line",
    )
    await talking.hears(Tone(AGENT_HZ), within=5, since=asyncio.get_running_loop().time())
    assert fresh.ending is None and talking.ending is None
    lost = "select at from events where type = 'PhoneReachable' and agent_id = 'boris' and payload like '%false%'"
    assert not centre.rows(lost)  # phones that are there need not register anew


async def test_who_waits_in_a_queue_that_is_taken_out_waits_on_elsewhere_in_the_old_place(centre: LiveCentre) -> None:
    def no_campaign(values: dict[str, Any]) -> None:
        del values["lines"]["campaign"], values["queues"]["campaign"]

    caller = await centre.call(CAMPAIGN)
    live = await centre.until(lambda live: waiting(live, "campaign") == 1, "one waits")
    await apply(centre, no_campaign)
    live = await centre.until(lambda live: waiting(live, "operator") == 1, "the caller waits for an operator")
    assert len(live["calls"]) == 1
    await centre.seat("boris")
    await caller.hears(Tone(AGENT_HZ), within=10)


async def test_another_ambulance_number_is_said_to_the_next_emergency_caller(centre: LiveCentre) -> None:
    def moved(values: dict[str, Any]) -> None:
        values["lines"]["emergency"] |= {"ambulance": "112", "languages": ["en"]}

    await centre.seat("elena", Refusal.NEVER)
    before = await centre.call(EMERGENCY)
    await before.hears(prompt("ru", "digit-3"), within=15)
    await apply(centre, moved)
    after = await centre.call(EMERGENCY)
    for words in ("connecting-emergency", "ambulance-is", "digit-2"):
        await after.hears(prompt("en", words), within=15)
    assert before.ending is None


async def test_a_refused_one_leaves_the_old_in_force_and_an_earlier_one_can_be_had_again(centre: LiveCentre) -> None:
    before = (await centre.live())["version"]
    text = centre.settings.config.read_text(encoding="utf-8")
    file = centre.settings.home / "broken.yaml"
    file.write_text(text.replace("default_line: hotline", "default_line: hotlin"), encoding="utf-8")
    line = text[: text.index("default_line:")].count("\n") + 1
    code, said = await assistline(centre, "apply", str(file))
    assert code == 1
    assert f"{file}:{line}:" in said
    assert (await centre.live())["version"] == before

    later = await apply(centre, lambda values: values["lines"]["hotline"].update(label="Hotline two"))
    code, said = await assistline(centre, "versions")
    stars = {line[2:14]: line[0] for line in said.splitlines()}
    assert (code, stars[later], stars[before]) == (0, "*", " ")
    code, said = await assistline(centre, "apply", "--version", before[:8])
    assert (code, said) == (0, f"{before} is in force\n")
    assert (await centre.live())["version"] == before


async def test_two_who_wait_when_their_queue_closes_may_leave_a_message_or_wait_on(centre: LiveCentre) -> None:
    """And who talks by then talks on. It closes as the configuration is applied; at full size, at the next minute."""

    def closes_soon(values: dict[str, Any]) -> None:
        starts = closing.astimezone(ZoneInfo(values["timezone"])).replace(tzinfo=None)
        closure = {"starts": starts, "ends": starts + timedelta(days=1)}
        values["hours"]["today"] = {"week": {"mon-sun": ["00:00-24:00"]}, "closures": [closure]}
        queue = values["queues"]["direct"]
        queue |= {"hours": "today", "overflow": [{"when": "closed", "to": "voicemail"}]}

    await centre.seat("anna")
    talking = await centre.call(DIRECT)
    await talking.hears(Tone(AGENT_HZ), within=10)
    queued = [await centre.call(DIRECT), await centre.call(DIRECT)]
    await centre.until(lambda live: waiting(live, "direct") == 2, "two wait")
    closing = datetime.now(UTC).replace(microsecond=0)
    if LONG:
        closing = closing.replace(second=0) + timedelta(minutes=1)
    await apply(centre, closes_soon)
    for caller in queued:
        await caller.hears(prompt("ru", "all-agents-busy"), within=90 if LONG else 10)
    await queued[0].press("1")
    await queued[0].hears(prompt("ru", "leave-message"), within=10)
    await centre.until(
        lambda live: sorted(call["state"] for call in live["calls"]) == ["talk", "voicemail", "waiting"],
        "one leaves a message, the other waits on",
        within=20,
    )
    await talking.hears(Tone(AGENT_HZ), within=5, since=asyncio.get_running_loop().time())
    decisions = "select at from events where call_id = ? and type = 'Decided' and payload like '%closed%'"
    for caller in queued:
        [decided] = await centre.of(caller, decisions)
        assert datetime.fromisoformat(decided["at"]).replace(tzinfo=UTC) >= closing
