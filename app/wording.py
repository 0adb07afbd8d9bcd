"""How is a caller's story told to a supervisor? Each fact as one plain sentence, in the house's own time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app import story
from app.followed import Difference
from calls.events import Decided
from calls.needs import Needs
from config.model import Configuration
from routing.agent import AgentState
from routing.explain import Reason, explain
from routing.waiting import Target

DOING = {
    AgentState.READY: "free",
    AgentState.RINGING: "being rung",
    AgentState.TALKING: "talking",
    AgentState.WRAP_UP: "in wrap-up",
    AgentState.PAUSED: "on a break",
    "unreachable": "with a phone that is not there",
    "resting": "not to be rung yet",
}

ENDINGS = {
    "NOANSWER": "did not answer",
    "BUSY": "was busy or declined",
    "CANCEL": "was rung until the caller hung up",
    "": "could not be rung: Asterisk did not begin it",
    "REFUSED": "had been taken by another call",
    "CHANUNAVAIL": "could not be reached",
    "CONGESTION": "could not be reached",
}

ORDINALS = ("next", "second in line", "third in line", "fourth in line", "fifth in line")


class Wording:
    """Sentences for one configuration: its names, labels and time zone."""

    def __init__(self, configuration: Configuration) -> None:
        self._house = configuration

    def line(self, fact: story.Fact) -> str:
        """One line of a timeline."""
        return f"{self.clock(fact.at)}  {self.sentence(fact)}"

    def clock(self, at: datetime) -> str:
        """The time of day, to a tenth of a second."""
        local = at.astimezone(self._house.timezone)
        return f"{local:%H:%M:%S}.{local.microsecond // 100_000}"

    def sentence(self, fact: story.Fact) -> str:
        """What happened, in words."""
        match fact:
            case story.Came(line=line):
                known = self._house.lines.get(line)
                return f"called {known.label if known else line}"
            case story.Chose(choice=choice):
                return f"chose {choice} in the menu"
            case story.Queued():
                return self._queued(fact)
            case story.Relaxed():
                hint = " and an interpreter" if fact.interpreter else ""
                return f"from now on needs only {self._needs(fact.needs)}{hint}; {self._able(fact.able, fact.at)}"
            case story.PassedOver():
                return f"{self._name(fact.agent_id)} was free, but {self._came_first(fact)}"
            case story.RingTaken(agent_id=agent_id, queue=queue):
                return f"{self._name(agent_id)} was needed for {self._queue(queue)}, and no longer rung for this caller"
            case story.Kept(agent_id=agent_id, why="reserve"):
                return f"{self._name(agent_id)} was free, but kept for emergencies"
            case story.Kept(agent_id=agent_id):
                return f"{self._name(agent_id)} was free, but the caller waited for the agent they prefer"
            case story.Rung():
                return self._rung(fact)
            case story.RungByAsterisk(agent_id=agent_id):
                return f"Asterisk rang {self._name(agent_id)} by itself"
            case story.NotReached(agent_id=agent_id, dial_status=status, seconds=seconds):
                how = ENDINGS.get(status, f"was not reached ({status})")
                within = f" within {seconds:.0f} s" if status in ("", "NOANSWER") else ""
                return f"{self._name(agent_id)} {how}{within}"
            case story.Answered():
                return (
                    f"answered by {self._name(fact.agent_id)} after {fact.waited:.1f} s of waiting for "
                    f"{self._queue(fact.queue)}, against a target of {fact.target:g} s"
                )
            case story.SentOn():
                return f"{self._sent(fact)}. {explain(Reason(fact.reason))}"
            case story.LeftToAsterisk():
                return LEFT.get(fact.reason, LEFT[""])
            case story.Recording():
                return "began to leave a message"
            case story.Joined(agent_id=agent_id):
                return f"{self._name(agent_id)} joined the talk"
            case story.Talked(agent_id=agent_id, by=by):
                return f"the talk with {self._name(agent_id)} ended, by the {by}"
            case story.Ended(waited=None, by=by):
                return f"the call ended, by the {by}"
            case story.Ended(waited=float(waited), by=by, target=target):
                return f"the call ended, by the {by}, after {waited:.1f} s of waiting in vain (target {target:g} s)"
        raise TypeError(type(fact).__name__)

    def difference(self, one: Difference) -> str:
        """What was decided then and what would be now."""
        then, now = self._decision(one.then), self._decision(one.now)
        return f"{self.clock(one.at)}  {one.call_id}: decided was {then}, now it would be {now}"

    def _decision(self, decided: Decided | None) -> str:
        if decided is None:
            return "nothing"
        whom = f" {self._together(decided.agent_id, decided.besides)}" if decided.agent_id else ""
        step = f", step {decided.step}" if decided.step else ""
        return f"{decided.decision}{whom} ({decided.reason}{step})"

    def _queued(self, fact: story.Queued) -> str:
        place = ORDINALS[fact.place - 1] if fact.place <= len(ORDINALS) else f"with {fact.place - 1} before"
        wish = f"; prefers {self._name(fact.preferred)}" if fact.preferred else ""
        needs = self._needs(fact.needs)
        long = fact.at - fact.since >= timedelta(seconds=1)
        since = f", waiting since {self.clock(fact.since)}" if long else ""
        able = self._able(fact.able, fact.at)
        return f"queued for {self._queue(fact.queue)} (needs {needs}), {place}{since}{wish}; {able}"

    def _came_first(self, fact: story.PassedOver) -> str:
        queue = self._queue(fact.queue)
        if fact.emergency:
            return "an emergency caller came first"
        if fact.reason == Reason.PREFERRED:
            return f"a caller of {queue} came first who prefers them"
        ratios = f"{fact.theirs:.1f} times it, this caller {fact.ours:.1f}"
        return f"a caller of {queue} came first, having waited longer against the target ({ratios})"

    def _rung(self, fact: story.Rung) -> str:
        if fact.reason == Reason.PREFERRED:
            why = "the agent whom the caller prefers"
        elif fact.reason == Reason.AGAIN_AFTER_MISS:
            why = "once more, since nobody else was free"
        elif fact.reason == Reason.GAVE_WAY:
            why = "whose phone rang for a call that is no emergency, and which waits on"
        elif fact.others or fact.together:
            free = f"; free besides: {_listed(map(self._name, fact.others))}" if fact.others else ""
            why = f"the least wanted by other callers, or the longest idle of several alike{free}"
        else:
            why = "the only one to be had"
        waited = f"; waited {fact.waited:.0f} s, {fact.ratio:.1f} times the target" if fact.waited >= 1 else ""
        rung = "rung together" if fact.together else "rung"
        return f"{rung}: {self._together(fact.agent_id, fact.together)}, {why}{waited}"

    def _together(self, agent_id: str, besides: Iterable[str]) -> str:
        return _listed(map(self._name, (agent_id, *besides)))

    def _sent(self, fact: story.SentOn) -> str:
        match fact.to:
            case Target.QUEUE:
                return f"sent on to {self._queue(fact.queue)}"
            case Target.RESERVE:
                return "reserve staff was called for"
            case Target.LAST_RESORT:
                return "sent to the last resort"
            case Target.VOICEMAIL:
                return "offered to leave a message"
        return f"offered: {fact.to}"

    def _able(self, able: Iterable[story.Able], at: datetime) -> str:
        there = [one for one in able if one.doing != AgentState.OFFLINE]
        off = sum(one.doing == AgentState.OFFLINE for one in able)
        away = f"{off} more off duty" if off else ""
        if not there:
            return "nobody on duty could serve" + (f" ({off} off duty)" if off else "")
        people = "1 person could serve" if len(there) == 1 else f"{len(there)} people could serve"
        return f"{people}: {_listed([*(self._doing(one, at) for one in there), *filter(None, [away])])}"

    def _doing(self, one: story.Able, at: datetime) -> str:
        words = DOING.get(one.doing, one.doing)
        if one.doing == AgentState.PAUSED and one.reason:
            words += f" ({one.reason})"
        local = one.since.astimezone(self._house.timezone)
        clock = f"{local:%H:%M:%S}" if at - one.since < timedelta(days=1) else f"{local:%d %b %H:%M}"
        return f"{self._name(one.agent_id)} {words} since {clock}"

    def _needs(self, needs: Needs) -> str:
        return _listed(self._need(*need) for need in needs) or "nothing special"

    def _need(self, skill: str, level: int) -> str:
        kind, _, name = skill.partition(":")
        return f"a {name} or higher" if kind == "grade" else f"{self._house.skills.get(skill, skill)} {level}"

    def _queue(self, queue_id: str) -> str:
        queue = self._house.queues.get(queue_id)
        return queue.label if queue else queue_id

    def _name(self, agent_id: str) -> str:
        if agent_id.startswith(LAST_RESORT):
            return "the last resort's mobile"
        profile = self._house.agents.get(agent_id)
        return profile.name if profile else agent_id


LAST_RESORT = "last_resort_"
"""How the dialplan names the mobile of a queue's last resort, where it names an agent."""

LEFT = {
    "unseen": "Asterisk rang people by itself: the service did not take note of the caller in time",
    "stale": "Asterisk rang people by itself: the service gave no sign of life",
    "no-queue": "Asterisk rang people by itself: it had not read the configuration that the service went by",
    "": "the last resort had the caller: a mobile, then voicemail",
}
"""Why the dialplan took the caller over."""


def _listed(several: Iterable[str]) -> str:
    return ", ".join(several)
