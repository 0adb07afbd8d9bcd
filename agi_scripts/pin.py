"""Which clinic's doctor has typed this number and this PIN? Asked off the event loop, since a hash costs some 50 ms.

A PIN of four digits falls to ten thousand tries, and a caller may call as often as they like. So wrong tries are
counted for each clinic, over all calls: once there were too many, whoever calls is led to a person unverified, whatever
they type. The counts are of this process and forgotten with it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from agi_scripts.errors import TooManyWrongPins
from config.model import Clinic
from config.pin import pin_matches
from ivr.secret import Secret

WRONG_TRIES = ((10, timedelta(hours=1)), (30, timedelta(days=1)))
"""So many wrong PINs of one clinic in such a time, and none of its PINs is checked. 30 a day are 11,000 a year:
of four digits that is every PIN, of six one in a hundred."""
MOST_TRIES = max(tries for tries, _ in WRONG_TRIES)

log = structlog.get_logger()


class PinDesk:
    """Checks PINs, one at a time: a flood of callers keeps one core busy at most. ``clock`` tells the time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._wrong: defaultdict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=MOST_TRIES))
        self._turn = asyncio.Lock()

    async def check(self, clinics: Mapping[str, Clinic], number: Secret, pin: Secret) -> str | None:
        """``clinic:<id>`` of the clinic with this number whose PIN it is, else None. Raises TooManyWrongPins."""
        clinic = next((clinic for clinic in clinics.values() if clinic.number == number.reveal()), None)
        if clinic is None:
            return None
        async with self._turn:
            wrong = self._wrong[clinic.clinic_id]
            if self._too_often(wrong):
                raise TooManyWrongPins("wrong too often: no PIN of this clinic is checked now")
            if await asyncio.to_thread(pin_matches, pin.reveal(), clinic.pin_hash):
                return f"clinic:{clinic.clinic_id}"
            wrong.append(self._clock())
            if self._too_often(wrong):
                log.warning("a clinic's PIN is wrong again and again", action="pin.wrong", clinic_id=clinic.clinic_id)
        return None

    def _too_often(self, wrong: deque[datetime]) -> bool:
        now = self._clock()
        return any(len(wrong) >= tries and now - wrong[-tries] < time for tries, time in WRONG_TRIES)
