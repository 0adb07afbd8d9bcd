"""How often may a PIN be tried? So often for each clinic over all calls, and again after a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pytest
import structlog

from agi_scripts.errors import TooManyWrongPins
from agi_scripts.pin import WRONG_TRIES, PinDesk
from config.model import Clinic
from config.pin import hash_pin
from ivr.secret import Secret
from tests.builders import NOON

CLINIC = Clinic(clinic_id="17", label="Clinic", number="4242", pin_hash=hash_pin("717171", b"0123456789abcdef"))
OTHER = replace(CLINIC, clinic_id="18", number="4343")
CLINICS: Mapping[str, Clinic] = {"17": CLINIC, "18": OTHER}
RIGHT = Secret("717171")
(IN_AN_HOUR, HOUR), (IN_A_DAY, DAY) = WRONG_TRIES


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def desk(clock: Clock) -> PinDesk:
    """A desk at which somebody has tried as many wrong PINs of one clinic as are checked."""
    desk = PinDesk(clock)
    for tried in range(IN_AN_HOUR):
        assert await desk.check(CLINICS, Secret("4242"), Secret(f"{tried:04}")) is None
    return desk


async def test_after_too_many_wrong_ones_even_the_right_pin_is_not_checked(desk: PinDesk) -> None:
    with pytest.raises(TooManyWrongPins):
        await desk.check(CLINICS, Secret("4242"), RIGHT)


async def test_other_clinics_are_known_meanwhile(desk: PinDesk) -> None:
    assert await desk.check(CLINICS, Secret("4343"), RIGHT) == "clinic:18"


async def test_after_a_while_the_right_pin_is_right_again(desk: PinDesk, clock: Clock) -> None:
    clock.now += HOUR
    assert await desk.check(CLINICS, Secret("4242"), RIGHT) == "clinic:17"


async def test_who_tries_again_then_is_stopped_again(desk: PinDesk, clock: Clock) -> None:
    clock.now += HOUR
    for _ in range(IN_AN_HOUR):
        assert await desk.check(CLINICS, Secret("4242"), Secret("0000")) is None
    with pytest.raises(TooManyWrongPins):
        await desk.check(CLINICS, Secret("4242"), RIGHT)


async def test_who_tries_a_few_every_hour_is_stopped_for_the_rest_of_the_day(clock: Clock) -> None:
    desk, began = PinDesk(clock), clock.now
    with structlog.testing.capture_logs() as logged:
        for tried in range(IN_A_DAY):
            clock.now = began + tried * HOUR / 2
            assert await desk.check(CLINICS, Secret("4242"), Secret(f"{tried:04}")) is None
    assert [line["action"] for line in logged] == ["pin.wrong"]
    clock.now = began + DAY - HOUR
    with pytest.raises(TooManyWrongPins):
        await desk.check(CLINICS, Secret("4242"), RIGHT)
    clock.now = began + DAY
    assert await desk.check(CLINICS, Secret("4242"), RIGHT) == "clinic:17"


async def test_a_number_that_no_clinic_has_is_wrong_and_counted_for_nobody(desk: PinDesk) -> None:
    for _ in range(IN_AN_HOUR + 1):
        assert await desk.check(CLINICS, Secret("9999"), RIGHT) is None
    assert await desk.check(CLINICS, Secret("4343"), RIGHT) == "clinic:18"
