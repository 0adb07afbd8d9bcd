"""What does a waiting call ask of the agent who takes it?

Needs travel through Asterisk as the channel variable ``AL_NEEDS``, in the form ``lang:ru=3&desk:approvals=1``:
skills with least levels 1-10, joined by ``&``. ``grade:doctor=1`` asks for that grade or a higher one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from calls.errors import BadNeeds

SKILL_FORM = re.compile(r"[a-z]+:[a-z0-9_-]+")
LEVEL_FORM = re.compile(r"[0-9]{1,2}")

Needs = tuple[tuple[str, int], ...]
"""Skills with least levels, sorted by skill: ``(("desk:approvals", 1), ("lang:ru", 3))``."""


def needs(levels: Mapping[str, int]) -> Needs:
    """Make needs from ``{skill: least level}``; raises BadNeeds for a malformed skill or a level outside 1-10."""
    for skill, level in levels.items():
        if not SKILL_FORM.fullmatch(skill):
            raise BadNeeds(f"skill {skill!r} is not of the form kind:name in lower case")
        if not 1 <= level <= 10:
            raise BadNeeds(f"level {level} of skill {skill} is not between 1 and 10")
    return tuple(sorted(levels.items()))


def parse_needs(text: str) -> Needs:
    """Read the form of ``AL_NEEDS``; an empty text means that anybody may take the call."""
    levels: dict[str, int] = {}
    for part in filter(None, text.split("&")):
        skill, equals, level = part.partition("=")
        if not equals or not LEVEL_FORM.fullmatch(level):
            raise BadNeeds(f"need {part!r} is not of the form skill=level")
        levels[skill] = int(level)
    return needs(levels)


def format_needs(asked: Needs) -> str:
    """Write needs in the form of ``AL_NEEDS``; ``parse_needs`` reads it back."""
    return "&".join(f"{skill}={level}" for skill, level in asked)


def together(*asked: Needs) -> Needs:
    """All these needs at once: of each skill the highest level asked for."""
    levels: dict[str, int] = {}
    for skill, level in (need for part in asked for need in part):
        levels[skill] = max(level, levels.get(skill, 0))
    return tuple(sorted(levels.items()))
