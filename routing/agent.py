"""Who can take calls, and what is each of them doing now?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """What an agent is; declared from the lowest to the highest, and a higher grade can do what a lower one can."""

    TRAINEE = "trainee"
    DISPATCHER = "dispatcher"
    NURSE = "nurse"
    DOCTOR = "doctor"
    EXPERT = "expert"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProfile:
    """What the configuration says of an agent: ``skills`` with levels 1-10, sorted by skill.

    ``extension`` is the internal number of the agent's own phone, ``mobile`` an outside number (a secret in logs); an
    agent has at least one of them. ``name`` is shown to colleagues, never logged.
    """

    agent_id: str
    name: str
    grade: Grade
    skills: tuple[tuple[str, int], ...] = ()
    extension: str | None = None
    mobile: str | None = None
