"""What is a whole configuration? Every line, queue, agent, menu and clinic of one file, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from config.sources import Sources
from ivr.menu import Line, Menu
from routing.agent import AgentProfile
from routing.waiting import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A clinic whose doctors may use the doctors' line: its ``number`` as typed, and the hash of its PIN."""

    clinic_id: str
    label: str
    number: str
    pin_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The carrier: calls come from ``addresses`` and go to ``host``:``port``, showing ``caller_number``.

    With a ``username`` the carrier asks for a password, which is the instance's secret `trunk`.
    """

    addresses: tuple[str, ...]
    host: str
    caller_number: str
    port: int = 5060
    username: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One accepted file. ``version`` changes with its values; mappings are by id, in the order of the file.

    ``languages``: those that can be chosen, the first is the house's own. ``default_line`` takes calls to numbers that
    no line has. ``skills``: skill -> label. ``pause_reasons``: digit of the pause code -> reason.
    """

    version: str
    timezone: ZoneInfo
    languages: tuple[str, ...]
    default_line: str
    skills: Mapping[str, str]
    pause_reasons: Mapping[str, str]
    trunk: Trunk
    queues: Mapping[str, Queue]
    agents: Mapping[str, AgentProfile]
    menus: Mapping[str, Menu]
    lines: Mapping[str, Line]
    clinics: Mapping[str, Clinic]
    lookups: Sources = field(default_factory=Sources)
