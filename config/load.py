"""Is this file a configuration, and which? Every fault is told at once, with its place and what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from config import located, proof, sections
from config.errors import ConfigurationFaults, Fault
from config.forms import FORMS
from config.menus import MENU_RULES
from config.model import Clinic, Configuration, Trunk
from config.rules import RULES
from config.serving import SERVING_RULES

__all__ = ["Clinic", "Configuration", "ConfigurationFaults", "Fault", "Trunk", "check", "load"]


def load(path: Path, today: date | None = None, text: str | None = None) -> Configuration:
    """The configuration in this file, or in a ``text`` that was once in it; raises ConfigurationFaults.

    Holidays are resolved into dates from the year of ``today`` (default: the real one, UTC) to the second year after.
    """
    found, faults = _examine(path, today, text)
    if faults or found is None:
        raise ConfigurationFaults(faults)
    return found


def check(path: Path, today: date | None = None) -> list[Fault]:
    """Every fault of this file, in the order of its lines; empty when ``load`` would accept it."""
    return sorted(set(_examine(path, today)[1]))


def _examine(path: Path, today: date | None, text: str | None = None) -> tuple[Configuration | None, list[Fault]]:
    read = located.read(path, text)
    if read.values is None:
        return None, read.faults
    today = today or datetime.now(UTC).date()
    found, broken = sections.configuration(read, today)
    for rule, looks_at in (FORMS | MENU_RULES | RULES | SERVING_RULES).items():
        if broken.isdisjoint(looks_at):
            for way, reason in rule(found, read.values):
                read.fault(way, reason)
    if broken.isdisjoint(proof.LOOKS_AT):
        for way, reason in proof.traps(found, today):
            read.fault(way, reason)
    return found, read.faults
