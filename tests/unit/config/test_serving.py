"""Is a rule by which nobody would ever be served told, at its line? The sample, edited in one place per case."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import check, load
from routing.waiting import Target, When
from tests.unit.config.editing import SAMPLE, TODAY, edited

EMERGENCY_STEP = "{after_seconds: 15, levels: {lang:*: 0}, interpreter: true}"
DOCTORS_STEP = "{after_seconds: 45, levels: {desk:approvals: 4}}"
KAZAN_LONG = "{when: nobody, after_seconds: 15, to: queue, queue: operator}"
FULL = "{when: full, limit: 20, to: voicemail}"
STAFF = "reserve_staff: {wake_at: 3, stand_down_at: 1, stand_down_after_seconds: 600}"
OPERATOR = "    needs: {desk:operator: 1}\n    wrap_up_seconds: 15\n"

# (what is replaced, by what, where the fault is, what its reason says)
FAULTS = [
    (DOCTORS_STEP, "{after_seconds: 45, levels: {desk:approvals: 5}}",
     "queues.doctors.relaxation.0.levels.desk:approvals", "below 5"),
    (DOCTORS_STEP, "{after_seconds: 45, levels: {desk:approvals: 11}}",
     "queues.doctors.relaxation.0.levels.desk:approvals", "from 0 to 9"),
    (DOCTORS_STEP, "{after_seconds: 45, levels: {desk:claims: 0}}",
     "queues.doctors.relaxation.0.levels.desk:claims", "asked of nobody"),
    (DOCTORS_STEP, "{after_seconds: 45, levels: {Desk: 0}}", "queues.doctors.relaxation.0.levels.Desk", "kind:*"),
    (DOCTORS_STEP, "{after_seconds: 45, levels: {}}", "queues.doctors.relaxation.0.levels", "at least one"),
    (DOCTORS_STEP, "{after_seconds: 0, levels: {desk:approvals: 4}}",
     "queues.doctors.relaxation.0.after_seconds", "from 1"),
    (DOCTORS_STEP, f"{DOCTORS_STEP}\n      - {{after_seconds: 40, levels: {{lang:*: 0}}}}",
     "queues.doctors.relaxation.1.after_seconds", "later than"),
    (DOCTORS_STEP, f"{DOCTORS_STEP}\n      - {{after_seconds: 50, levels: {{desk:approvals: 4}}}}",
     "queues.doctors.relaxation.1.levels.desk:approvals", "below 4"),
    (DOCTORS_STEP, "{after_seconds: 45, level: {desk:approvals: 4}}", "queues.doctors.relaxation.0.level", "not known"),
    (EMERGENCY_STEP, "{after_seconds: 15, levels: {lang:ru: 0}, interpreter: true}", "queues.emergency.relaxation",
     "to the end"),
    (EMERGENCY_STEP, f"{EMERGENCY_STEP}\n    preferred_seconds: 5", "queues.emergency.preferred_seconds", "not for an"),
    (EMERGENCY_STEP, f"{EMERGENCY_STEP}\n    overflow: [{{when: nobody, to: voicemail}}]",
     "queues.emergency.overflow.0.to", "queue or reserve"),
    ("    reserve: 1\n", "    reserve: 9\n", "queues.emergency.reserve", "keeps everybody who can serve doctors"),
    (STAFF, f"{STAFF}\n    reserve: 1", "queues.doctors.reserve", "for an emergency queue"),
    (STAFF, "reserve_staff: {wake_at: 3, stand_down_at: 3}", "queues.doctors.reserve_staff.stand_down_at", "below"),
    (STAFF, "reserve_staff: {wake_at: 0, stand_down_at: 0}", "queues.doctors.reserve_staff.wake_at", "from 0.1"),
    (OPERATOR, f"{OPERATOR}    reserve_staff: {{wake_at: 3, stand_down_at: 1}}\n",
     "queues.operator.reserve_staff", "wakes nobody"),
    (OPERATOR, f"{OPERATOR}    overflow: [{{when: nobody, to: reserve}}]\n", "queues.operator.overflow.0.to", "on_c"),
    (OPERATOR, f"{OPERATOR}    overflow: [{{when: nobody, to: queue, queue: coverage}}]\n",
     "queues.operator.overflow.0.queue", "sent on twice"),
    (KAZAN_LONG, "{when: nobody, to: queue, queue: claims}", "queues.kazan.overflow.0.queue", "sent on twice"),
    (EMERGENCY_STEP, f"{EMERGENCY_STEP}\n    overflow: [{{when: nobody, to: queue, queue: operator}}]",
     "queues.emergency.overflow.0.queue", "must be an emergency queue"),
    (OPERATOR, f"{OPERATOR}    overflow: [{{when: closed, to: voicemail}}]\n", "queues.operator.hours", "are missing"),
    (OPERATOR, f"{OPERATOR}    hours: office\n", "queues.operator.hours", "there is none"),
    (OPERATOR, f"{OPERATOR}    hours: offices\n", "queues.operator.hours", "did you mean office?"),
    (OPERATOR, f"{OPERATOR}    ring_at_once: 0\n", "queues.operator.ring_at_once", "from 1 to 5"),
    (OPERATOR, f"{OPERATOR}    ring_at_once: 6\n", "queues.operator.ring_at_once", "from 1 to 5"),
    (OPERATOR, f"{OPERATOR}    preferred_seconds: 9999\n", "queues.operator.preferred_seconds", "from 0 to 600"),
    (FULL, "{when: full, to: voicemail}", "queues.coverage.overflow.1.limit", "at least 1"),
    (FULL, "{when: full, limit: 20, after_seconds: 5, to: voicemail}", "queues.coverage.overflow.1.after_seconds",
     "not for a full"),
    (FULL, "{when: long, to: voicemail}", "queues.coverage.overflow.1.after_seconds", "is missing"),
    (FULL, "{when: often, to: voicemail}", "queues.coverage.overflow.1.when", "'full', 'long'"),
    (FULL, "{when: full, limit: 20, to: callback}", "queues.coverage.overflow.1.to", "callback yet"),
    (FULL, "{when: full, limit: 20, to: queue}", "queues.coverage.overflow.1.queue", "must name a queue"),
    (KAZAN_LONG, "{when: nobody, to: queue, queue: head}", "queues.kazan.overflow.0.queue", "not among the queues"),
    (KAZAN_LONG, "{when: nobody, to: queue, queue: kazan}", "queues.kazan.overflow.0.queue", "sent on twice"),
    ("calls_per_hour: 6", "calls_per_hour: 0", "agents.denis.calls_per_hour", "from 1 to 60"),
    ("mentor: anna", "mentor: hanna", "agents.denis.mentor", "not among the agents"),
    ("mentor: anna", "mentor: denis", "agents.denis.mentor", "own name"),
    ("coordinator: leila", "coordinator: lela", "lines.kazan.coordinator", "not among the agents"),
    ("    coordinator: leila\n", "", "lines.kazan.coordinator_joins", "needs the line's coordinator"),
    ("    region: kazan\n", "", "lines.kazan.coordinator_joins", "and region"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "says"), FAULTS)
def test_a_rule_that_serves_nobody_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    file = edited(tmp_path, (old, new))
    told = [fault for fault in check(file, TODAY) if fault.where == where and says in fault.reason]
    assert len(told) == 1, check(file, TODAY)
    line = file.read_text(encoding="utf-8").splitlines()[told[0].line - 1]
    assert line.strip("- ") in new or any(part in line for part in where.split(".")[1:]), "the edit, or its owner"


def test_no_more_are_rung_together_than_one_extension_can_name(tmp_path: Path) -> None:
    long_ids = [(f"  {name}:\n", f"  {name:x<32}:\n") for name in ("boris", "clara")]
    several = (OPERATOR, f"{OPERATOR}    ring_at_once: 5\n")
    assert not [one for one in check(edited(tmp_path, several), TODAY) if "ring_at_once" in one.where]
    [fault] = [one for one in check(edited(tmp_path, several, *long_ids), TODAY) if "ring_at_once" in one.where]
    assert (fault.where, "shorter ids" in fault.reason) == ("queues.operator.ring_at_once", True)


def test_the_sample_shows_each_rule_once() -> None:
    centre = load(SAMPLE, TODAY)
    queues = centre.queues.values()
    assert centre.queues["emergency"].reserve == 1
    assert {rule.when for queue in queues for rule in queue.overflow} == set(When)
    assert {rule.to for queue in queues for rule in queue.overflow} >= {Target.QUEUE, Target.RESERVE, Target.VOICEMAIL}
    assert centre.queues["emergency"].relaxation[0].levels == (("lang:*", 0),)
    assert centre.queues["emergency"].relaxation[0].interpreter
    assert centre.queues["baku"].hours == centre.lines["baku"].hours
    assert [agent.agent_id for agent in centre.agents.values() if agent.on_call] == ["marat"]
    assert (centre.agents["denis"].calls_per_hour, centre.agents["denis"].mentor) == (6, "anna")
    assert centre.lines["kazan"].coordinator == "leila"
    assert [line.line_id for line in centre.lines.values() if line.coordinator_joins] == ["kazan"]
