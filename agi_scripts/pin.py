"""Which clinic's doctor has typed this number and this PIN? Asked off the event loop, since a hash costs some 50 ms."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from config.model import Clinic
from config.pin import pin_matches
from ivr.secret import Secret


async def check_pin(clinics: Mapping[str, Clinic], number: Secret, pin: Secret) -> str | None:
    """``clinic:<id>`` of the clinic with this number whose PIN it is, else None."""
    for clinic in clinics.values():
        if clinic.number == number.reveal():
            right = await asyncio.to_thread(pin_matches, pin.reveal(), clinic.pin_hash)
            return f"clinic:{clinic.clinic_id}" if right else None
    return None
