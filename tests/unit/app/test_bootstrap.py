"""What ends the service, and what does not?"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from app import bootstrap
from app.engine import Engine
from app.errors import EngineFault
from app.settings import Settings
from app.vanished import Vanished


@pytest.fixture
def settings(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> Settings:
    """An instance whose Asterisk is away."""
    http, ami, agi = (unused_tcp_port_factory() for _ in range(3))
    return Settings(home=tmp_path, http_port=http, ami_port=ami, agi_port=agi, redis_url=None)


async def failing(*_: object) -> None:
    raise RuntimeError("made to fail")


async def test_an_engine_that_fails_ends_the_service_so_that_it_is_started_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "run", failing)
    with pytest.raises(EngineFault, match="start the service again"):
        await asyncio.wait_for(bootstrap.serve(settings), 10)
    with socket.socket() as probe:
        assert probe.connect_ex((settings.bind, settings.http_port)) != 0  # whatever had been started is gone


async def test_another_part_that_fails_is_told_of_and_the_service_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    monkeypatch.setattr(bootstrap.log, "error", lambda _event, **what: told.put_nowait(what))
    monkeypatch.setattr(Vanished, "tell", failing)
    service = asyncio.create_task(bootstrap.serve(settings))
    try:
        failure = await asyncio.wait_for(told.get(), 10)
        assert (failure["action"], failure["part"], failure["fault"]) == (
            "service.part_failed",
            "vanished",
            "RuntimeError",
        )
        assert not service.done()
    finally:
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)
