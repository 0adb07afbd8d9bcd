"""Why did this caller wait so long, and why was it this agent? `assistline explain`, from what history has stored.

A run of the service is followed from its beginning, so each decision is made once more on the way: that the stored
facts lead to the same decisions is the proof that the story is true.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from app.errors import AppFault
from app.histories import Histories, Retold
from app.settings import Settings
from app.witness import Witness
from app.wording import Wording
from config.load import load
from storage.errors import DatabaseAway
from storage.schema import open_engine


async def explained(
    settings: Settings, asked: str | tuple[datetime, datetime], say: Callable[[str], None], *, as_json: bool
) -> bool:
    """Tell of a call, or compare all decisions of a time, which is the house's own if it says nothing else.

    Whether the decisions come out the same. Raises AppFault.
    """
    engine = open_engine(settings.database_url)
    histories = Histories(settings, engine)
    try:
        if isinstance(asked, str):
            return await tell(histories, asked, say, as_json=as_json)
        zone = load(settings.config).timezone
        since, until = (moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC) for moment in asked)
        return await compare(histories, since, until, say, as_json=as_json)
    except DatabaseAway:
        raise AppFault("the history cannot be read now: start its database.") from None
    finally:
        await engine.dispose()


async def tell(histories: Histories, call_id: str, say: Callable[[str], None], *, as_json: bool) -> bool:
    """Tell the story of this call; whether all decisions upon it come out the same. Raises AppFault."""
    parts = await histories.of_call(call_id)
    if not parts:
        raise AppFault(f"no call {call_id} is in the history; the table calls in its database lists them.")
    lines: list[str] = []
    facts: list[dict[str, Any]] = []
    told: list[Retold] = []
    for run_id, last in parts.items():
        witness = Witness(call_id)
        retold = await histories.follow(run_id, last, call_id, witness)
        told.append(retold)
        wording = Wording(retold.configuration)
        for fact in witness.facts:
            lines.append(wording.line(fact))
            facts.append({"fact": type(fact).__name__, **asdict(fact), "text": wording.sentence(fact)})
    zone = told[0].configuration.timezone
    begun = facts[0]["at"].astimezone(zone) if facts else None
    heading = f"Call {call_id}" + (f" on {begun:%d %B %Y}, times of {zone}" if begun else ": never came to a wait")
    return _conclude(told, say, [heading, *lines], {"call_id": call_id, "facts": facts}, call_id, as_json=as_json)


async def compare(
    histories: Histories, since: datetime, until: datetime, say: Callable[[str], None], *, as_json: bool
) -> bool:
    """Make all decisions of that time again; whether they come out the same. Raises AppFault."""
    told = []
    for run_id, last in (await histories.between(since, until)).items():
        retold = await histories.follow(run_id, last, None, None)
        retold.decisions = [one for one in retold.decisions if since <= one.at <= until]
        told.append(retold)
    return _conclude(told, say, [], {"since": since, "until": until}, None, as_json=as_json)


def _conclude(
    told: list[Retold],
    say: Callable[[str], None],
    lines: list[str],
    as_values: dict[str, Any],
    call_id: str | None,
    *,
    as_json: bool,
) -> bool:
    """Say what was found, and what became of the decisions when they were made again."""
    count = sum(len(one.decisions) for one in told)
    upon = sum(one.call_id == call_id for retold in told for one in retold.decisions)
    differences = [(retold, one) for retold in told for one in retold.differences]
    warnings = list(dict.fromkeys(warning for retold in told for warning in retold.warnings))
    if as_json:
        found = {"decisions": count, "differences": [asdict(one) for _, one in differences], "warnings": warnings}
        say(json.dumps(as_values | found, default=lambda moment: moment.isoformat(), ensure_ascii=False, indent=1))
    else:
        of_call = f", {upon} of them upon this call" if call_id else ""
        outcome = "all came out the same" if not differences else f"{len(differences)} came out otherwise:"
        for line in (*lines, *(f"Beware: {warning}." for warning in warnings)):
            say(line)
        say(f"Decisions made again from the stored facts: {count}{of_call}; {outcome}")
        for retold, one in differences:
            say(Wording(retold.configuration).difference(one))
    return not differences
