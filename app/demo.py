"""Who calls and who answers in `assistline demo`? A street in the carrier's place, and phones on the agents' desks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from app import runtime
from app.cells import rows_in
from app.errors import AppFault
from app.settings import Settings, make_folder, secret, service_address
from app.top import NoService, fetch, session_with
from app.versions import forget
from config.load import load
from synthetic.crowd import Crowd
from synthetic.errors import SyntheticError
from synthetic.sipp import free_port
from synthetic.telephones import Telephones

STREET, DESKS = "127.0.0.1", "127.0.0.2"
"""Asterisk knows the carrier by its address, and phones by their account: each group of telephones has an address."""

SEED = 1
HANG_UP_WITHIN = 2.0


class Neighbourhood:
    """The telephones around one instance; with ``settings`` it takes the street for its carrier, and mirrors."""

    def __init__(self, settings: Settings, redis_port: int, street: Telephones, desks: Telephones) -> None:
        self.settings = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{redis_port}/0"})
        self.redis_port = redis_port
        self._street = street
        self._desks = desks

    def crowd(self, calls_per_minute: float) -> Crowd:
        """People who call, and agents who answer: all that have a phone but the first, whose account is left to you."""
        agents = [agent.agent_id for agent in load(self.settings.config).agents.values() if agent.extension]
        home = self.settings.home
        phones = [self._desks.phone(agent_id, secret(home, f"agent-{agent_id}")) for agent_id in agents[1:]]
        return Crowd(self._street, phones, seed=SEED, calls_per_minute=calls_per_minute)

    async def go_home(self) -> None:
        """Everybody hangs up, and the service has HANG_UP_WITHIN seconds to see it: calls end in history too."""
        everybody = (telephones.hang_up(HANG_UP_WITHIN) for telephones in (self._street, self._desks))
        address, token = service_address(self.settings), secret(self.settings.home, "http")
        with suppress(TimeoutError, NoService):
            async with asyncio.timeout(HANG_UP_WITHIN), session_with(address, token) as session:
                await asyncio.gather(*everybody)
                while True:
                    if not rows_in(await fetch(session, address), "calls"):
                        return
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def neighbourhood(settings: Settings) -> AsyncIterator[Neighbourhood]:
    """Telephones on loopback around this instance; AppFault when there cannot be any."""
    load(settings.config)  # its faults are told for the file that the administrator wrote
    asterisk, sipp = (settings.sip_bind, settings.sip_port), runtime.program("sipp")
    try:
        async with (
            await Telephones.start(sipp, asterisk, STREET) as street,
            await Telephones.start(sipp, asterisk, DESKS) as desks,
        ):
            file = with_street(settings.config, street.address, make_folder(settings.home) / "demo.yaml")
            forget(settings)  # a carrier of an earlier evening
            redis_port = free_port("127.0.0.1", socket.SOCK_STREAM)
            yield Neighbourhood(settings.model_copy(update={"config": file}), redis_port, street, desks)
    except SyntheticError as fault:
        raise AppFault(f"the synthetic people cannot live here: {fault}") from None


def with_street(base: Path, street: str, target: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Write ``base`` to ``target`` with the carrier at ``street`` (host:port), and a change if wanted."""
    values = yaml.safe_load(base.read_text(encoding="utf-8"))
    host, _, port = street.rpartition(":")
    values["trunk"] |= {"addresses": [host], "host": host, "port": int(port)}
    if change:
        change(values)
    target.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return target
