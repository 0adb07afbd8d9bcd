"""Is a caller known by a table, and answered by the insurer's database? On a real Asterisk, by what was heard."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from synthetic.tones import Tone
from tests.e2e.centre import AGENT_HZ, DOCTORS, HOTLINE, LiveCentre, always_open, live_centre, waiting
from tests.e2e.walking import walk

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENT, INSURED, CLINIC_PHONE = "+447700900111", "+447700900222", "+447700900333"
CALLERS = f"""number,language,doctor,clinic
{PATIENT},en,ivan,
{INSURED},en,,
{CLINIC_PHONE},,,1017
"""
INSURER = """
create table claims (number text, status text);
insert into claims values ('424242', 'paid');
create table clinics (region text, opens text, closes text, telephone text);
insert into clinics values ('baku', '00:00', '24:00', '19'), ('', '00:00', '24:00', '58');
"""
CLINIC = """select 'telephone' as answer, telephone as digits from clinics
where region in ('', :region) and strftime('%H:%M', 'now') between opens and closes"""


def asks_both(values: dict[str, Any]) -> None:
    always_open(values)
    values["lookups"] = {
        "callers": {"kind": "csv", "file": "callers.csv"},
        "answers": {
            "kind": "sql",
            "queries": {"claim": "select status as answer from claims where number = :claim", "clinic": CLINIC},
        },
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    home: Path = tmp_path_factory.mktemp("lookups")
    (home / "callers.csv").write_text(CALLERS)
    database = home / "insurer.sqlite"
    with sqlite3.connect(database) as insurer:
        insurer.executescript(INSURER)
    environment = [("lookup_database_url", f"sqlite+aiosqlite:///{database}")]
    async with live_centre(home, change=asks_both, environment=environment) as centre:
        yield centre


async def test_who_stands_in_the_table_is_greeted_in_their_language_and_comes_to_their_doctor(
    centre: LiveCentre,
) -> None:
    julia = await centre.seat("julia")  # could serve too, and is free for longer
    ivan = await centre.seat("ivan")
    caller = await centre.call(HOTLINE, caller_id=PATIENT)
    await walk(caller, "en", ("greeting-hotline", ""), ("menu-trusted-doctor", "1"))
    ring = await ivan.rung(within=10)
    assert ring.shown == "Hotline en Approvals"
    await caller.hears(Tone(AGENT_HZ), within=8)
    assert not julia.rings


async def test_a_doctor_who_calls_from_a_known_clinic_is_asked_for_the_pin_alone(centre: LiveCentre) -> None:
    galina = await centre.seat("galina")
    caller = await centre.call(DOCTORS, caller_id=CLINIC_PHONE)
    await walk(caller, "ru", ("greeting-doctors", ""), ("enter-pin", "2468#"))
    await galina.rung(within=10)
    await caller.hears(Tone(AGENT_HZ), within=8)
    [queued] = await centre.of(caller, "select payload from events where call_id = ? and type = 'CallerQueued'")
    assert '"clinic:riverside"' in queued["payload"]


async def test_a_claim_and_a_clinic_are_answered_by_the_database_and_the_agent_sees_what_was_asked(
    centre: LiveCentre,
) -> None:
    caller = await centre.call(HOTLINE, caller_id=INSURED)
    await walk(
        caller,
        "en",
        *(("menu-hotline", "6"), ("menu-answers", "2"), ("enter-claim", "424243#"), ("not-understood", "424242#")),
        *(("you-entered", ""), ("digit-4", "1"), ("claim-paid", "1"), ("menu-answers", "3")),
        *(("clinic-telephone", ""), ("digit-5", ""), ("digit-8", "0")),
    )
    live = await centre.until(lambda live: waiting(live, "operator") == 1, "the caller waits for an operator", 10)
    shown = json.loads(await centre.get(f"/api/v1/calls/{live['calls'][0]['call_id']}"))
    assert shown["handover"]["typed"] == {"claim": "••••42"}
    assert {"node": "answers", "choice": "clinic"} in shown["handover"]["chosen"]
