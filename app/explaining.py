"""Why did this caller wait so long, and why was it this agent? `assistline explain`, from what history has stored.

A run of the service is followed from its beginning, so each decision is made once more on the way: that the stored
facts lead to the same decisions is the proof that the story is true.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.errors import AppFault
from app.followed import Difference
from app.histories import Histories, NotFollowed, Retold
from app.settings import Settings
from app.versions import in_force
from app.witness import Witness
from app.wording import Wording
from calls.events import Decided
from config.load import load
from storage.errors import DatabaseAway
from storage.schema import open_engine


@dataclass
class Answer:
    """``lines`` and ``values`` tell the same of a call, if one was asked for; ``told`` are the runs followed for it."""

    values: dict[str, Any]
    call_id: str | None = None
    lines: list[str] = field(default_factory=list)
    told: list[Retold] = field(default_factory=list)
    beware: list[str] = field(default_factory=list)

    @property
    def decisions(self) -> list[Decided]:
        """All that were made again."""
        return [one for retold in self.told for one in retold.decisions]

    @property
    def differences(self) -> list[tuple[Retold, Difference]]:
        """What came out otherwise, with its run."""
        return [(retold, one) for retold in self.told for one in retold.differences]

    @property
    def warnings(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys((*self.beware, *(warning for one in self.told for warning in one.warnings))))


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
            answer = await tell(histories, asked)
        else:
            zone = load(in_force(settings)).timezone
            since, until = (moment.replace(tzinfo=moment.tzinfo or zone).astimezone(UTC) for moment in asked)
            answer = await compare(histories, since, until)
    except DatabaseAway:
        raise AppFault("the history cannot be read now: start its database.") from None
    finally:
        await engine.dispose()
    say(as_values(answer) if as_json else in_words(answer))
    return not answer.differences


async def tell(histories: Histories, call_id: str) -> Answer:
    """The story of this call; raises AppFault."""
    parts = await histories.of_call(call_id)
    if not parts:
        raise AppFault(f"no call {call_id} is in the history; the table calls in its database lists them.")
    facts: list[dict[str, Any]] = []
    answer = Answer({"call_id": call_id, "facts": facts}, call_id)
    for run_id, last in parts.items():
        witness = Witness(call_id)
        retold = await histories.follow(run_id, last, call_id, witness)
        answer.told.append(retold)
        wording = Wording(retold.configuration)
        if witness.facts and not facts:
            zone = retold.configuration.timezone
            began = witness.facts[0].at.astimezone(zone)
            answer.lines.append(f"Call {call_id} on {began:%d %B %Y}, times of {zone}")
        for fact in witness.facts:
            answer.lines.append(wording.line(fact))
            facts.append({"fact": type(fact).__name__, **asdict(fact), "text": wording.sentence(fact)})
    return answer


async def compare(histories: Histories, since: datetime, until: datetime) -> Answer:
    """All decisions of that time, made again."""
    answer = Answer({"since": since, "until": until})
    for run_id, last in (await histories.between(since, until)).items():
        try:
            retold = await histories.follow(run_id, last, None, None)
        except NotFollowed as fault:
            answer.beware.append(str(fault).rstrip("."))
            continue
        retold.decisions = [one for one in retold.decisions if since <= one.at <= until]
        retold.differences = [one for one in retold.differences if since <= one.at <= until]
        answer.told.append(retold)
    return answer


def in_words(answer: Answer) -> str:
    """The answer for a supervisor: what happened, what to beware of, and what became of the decisions."""
    upon = sum(one.call_id == answer.call_id for one in answer.decisions)
    of_call = f", {upon} of them upon this call" if answer.call_id else ""
    differ = len(answer.differences)
    outcome = f"{differ} came out otherwise:" if differ else "all came out the same"
    return "\n".join(
        (
            *answer.lines,
            *(f"Beware: {warning}." for warning in answer.warnings),
            f"Decisions made again from the stored facts: {len(answer.decisions)}{of_call}; {outcome}",
            *(Wording(retold.configuration).difference(one) for retold, one in answer.differences),
        )
    )


def as_values(answer: Answer) -> str:
    """The answer as JSON; times are ISO 8601, UTC."""
    found = {
        **answer.values,
        "decisions": len(answer.decisions),
        "differences": [asdict(one) for _, one in answer.differences],
        "warnings": answer.warnings,
    }
    return json.dumps(found, default=lambda moment: moment.isoformat(), ensure_ascii=False, indent=1)
