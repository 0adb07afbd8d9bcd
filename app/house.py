"""How does everything run on one machine? Asterisk, Redis when asked for, and the service, as our children."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp

from app import runtime
from app.children import Child, start
from app.errors import AppFault
from app.settings import Settings, secret, service_address
from app.top import session_with
from app.versions import in_force
from config.load import load
from config.model import Configuration
from telephony.errors import RenderUnsafe
from telephony.render import Secrets, Site, Tls, render


def furnish(settings: Settings, configuration: Configuration | None = None) -> Path:
    """Render Asterisk's files for this configuration, or the one in force; the folder they stand in.

    AppFault if it must not be.
    """
    configuration = configuration or load(in_force(settings))
    dirs = runtime.asterisk_dirs()
    site = Site(
        home=settings.home,
        node=settings.node,
        bind=settings.bind,
        sip_bind=settings.sip_bind,
        sip_port=settings.sip_port,
        ami_port=settings.ami_port,
        agi_port=settings.agi_port,
        rtp_start=settings.rtp_start,
        rtp_end=settings.rtp_end,
        modules_dir=dirs.modules,
        data_dir=dirs.data,
        moh_dir=dirs.moh,
        python=Path(sys.executable),
        tls=_tls(settings),
        srtp=settings.srtp,
        external_address=settings.external_address,
        local_networks=settings.local_networks,
    )
    phones = {agent_id: secret(settings.home, f"agent-{agent_id}") for agent_id in configuration.agents}
    trunk = secret(settings.home, "trunk") if configuration.trunk.username else None
    passwords = Secrets(ami=secret(settings.home, "ami"), agi=secret(settings.home, "agi"), agents=phones, trunk=trunk)
    try:
        render(configuration, site, passwords)
    except RenderUnsafe as fault:
        raise AppFault(f"Asterisk's files cannot be written: {fault}.") from None
    return site.etc_dir


def _tls(settings: Settings) -> Tls | None:
    port, certificate, key = settings.tls_port, settings.tls_certificate, settings.tls_key
    return Tls(port=port, certificate=certificate, key=key) if port and certificate and key else None


READY_WITHIN = 30.0
"""Seconds that Asterisk and the service have together until calls are served."""

AGAIN_AFTER = 2.0
"""Seconds until a child that has died is started again, so that one that dies at once is no storm."""


class House:
    """The children of one instance, ended in the reverse order of their start."""

    def __init__(self, settings: Settings, say: Callable[[str], None] = lambda _line: None) -> None:
        self.settings = settings
        self._say = say
        self._children: list[Child] = []

    async def start_asterisk(self) -> Child:
        """Render its files and start it; returns before it takes calls."""
        conf = furnish(self.settings)
        self._say("Asterisk: starting")
        return await self._start("asterisk", [*runtime.program("asterisk"), "-C", str(conf / "asterisk.conf"), "-f"])

    async def start_redis(self, port: int) -> Child:
        """A Redis that keeps nothing on disk, for the mirror of the live view."""
        self._say(f"Redis: starting on port {port}")
        words = [*runtime.program("redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
        words += ["--save", "", "--appendonly", "no", "--dir", str(self.settings.home)]
        return await self._start("redis", words)

    async def start_service(self, module: str = "app.cli", *words: str) -> Child:
        """The service itself, in a process of its own."""
        self._say("service: starting")
        return await self._start("service", [sys.executable, "-m", module, *(words or ("run",))])

    async def _start(self, name: str, argv: list[str]) -> Child:
        log = self.settings.home / "log" / f"{name}.log"
        child = await start(name, argv, log, self._environment())
        self._children.append(child)
        return child

    def _environment(self) -> dict[str, str]:
        return {**self.settings.environment(), "PYTHONPATH": str(runtime.TREE)}

    async def ready(self) -> None:
        """Wait until the service says that it serves calls; AppFault with its last words when it dies instead."""
        answer = "no answer"
        try:
            async with asyncio.timeout(READY_WITHIN):
                while (answer := await self._readiness()) != "ready":
                    for child in self._children:
                        if not child.alive():
                            raise AppFault(f"{child.name} has ended: {child.last_words()}")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AppFault(f"the service is not ready after {READY_WITHIN:.0f} s: {answer}") from None

    async def keep(self) -> None:
        """Say the last words of each child that dies, and start it again; AppFault when it is Asterisk.

        A service that is started again finds the callers where Asterisk has kept them. Runs until cancelled.
        """
        while True:
            deaths = {asyncio.create_task(child.process.wait()): child for child in self._children}
            try:
                dead, _ = await asyncio.wait(deaths, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for death in deaths:
                    death.cancel()
            for child in (deaths[death] for death in dead):
                words = f"{child.name} has ended ({child.ending()}), its last words: {child.last_words()}"
                if child.name == "asterisk":
                    raise AppFault(words)
                self._say(words)
                await asyncio.sleep(AGAIN_AFTER)
                self._say(f"{child.name}: starting again")
                place = self._children.index(child)
                self._children[place] = await start(child.name, child.argv, child.log, self._environment())

    async def _readiness(self) -> str:
        """Why calls are not served yet; "ready" when they are."""
        address, token = service_address(self.settings), secret(self.settings.home, "http")
        try:
            async with session_with(address, token) as session, session.get("/readyz") as response:
                return "ready" if response.ok else await response.text()
        except (aiohttp.ClientError, TimeoutError) as fault:
            return str(fault) or "no answer"

    async def close(self) -> None:
        """End every child that we started, the last one first."""
        for child in reversed(self._children):
            await child.end()
        self._children.clear()
