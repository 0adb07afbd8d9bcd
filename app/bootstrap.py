"""Which parts make the service, and how are they joined? The one composition root.

What must not be missed is ready before what brings it. The end is in the reverse order: nobody new in the menus, the
waiting callers handed to the dialplan at once, history to the disk, links closed.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import Any, TypeVar

import structlog

from agi_scripts.lookups import Lookups
from agi_scripts.pin import PinDesk
from agi_scripts.server import AgiServer
from agi_scripts.session import menu_handler
from app import menus, runtime
from app.applying import Applying
from app.deciding import decide
from app.desk import EngineDesk
from app.engine import Engine
from app.errors import EngineFault, SettingsFault
from app.handlers import HANDLERS
from app.live import standing
from app.lookups import MenuSources
from app.past import count_today, keep_configuration, remembered, service_started
from app.reconcile import tells_news
from app.settings import Settings, secret
from app.spoken import Spoken
from app.state import Centre
from app.vanished import Vanished
from app.versions import in_force
from calls.commands import SayAlive
from calls.events import Event, SnapshotTaken, Tick
from config.load import load
from config.model import Configuration
from metrics.exporter import Exporter
from metrics.service_level import Figures
from metrics.standing import HistoryStanding
from recordings.pipeline import RecordingPipeline
from storage import reading
from storage.history import History
from storage.live import LiveMirror
from telephony.ami import AmiLink
from telephony.connection import Account
from telephony.switch import Switch
from telephony.translate import CONTEXTS
from web import api

log = structlog.get_logger()

T = TypeVar("T")

DRAIN_SECONDS = 3.0
"""How long callers in a menu may finish when the service stops."""

GARBAGE_AFTER = 20_000
"""Objects made and not freed until the collector looks: a call makes a few hundred, and nearly all free themselves."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""A heartbeat of this age sends the waiting callers to the fallback at once."""


async def serve(settings: Settings) -> None:
    """Serve calls until SIGTERM or SIGINT; AppFault when that cannot begin or go on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    async with AsyncExitStack() as parts:
        consumer = await start(settings, parts)
        gc.collect()
        gc.freeze()  # what the start has made stays for good: the collector need not walk it again and again
        gc.set_threshold(GARBAGE_AFTER)
        log.info("service started", action="service.started", node=settings.node)
        consumer.add_done_callback(lambda _: stop.set())
        await stop.wait()
        if consumer.done():
            raise EngineFault("the engine has failed, and Asterisk rings people by itself: start the service again.")
        log.info("service stops", action="service.stopping", node=settings.node)


async def start(settings: Settings, parts: AsyncExitStack) -> asyncio.Task[None]:
    """Start every part; ``parts`` ends them in the reverse order. Returns the engine's consumer, which must not end."""
    began = datetime.now(UTC)
    file = in_force(settings)
    configuration = load(file)
    targets = {queue.queue_id: queue.target_seconds for queue in configuration.queues.values()}
    figures = Figures(targets, configuration.timezone)
    exporter = Exporter(
        lines=configuration.lines,
        targets=targets,
        languages=configuration.languages,
        nodes=[settings.node],
        figures=figures,
        version=installed_version("assistline"),
    )
    history = History(
        settings.database_url,
        settings.home / "spool",
        configuration.version,
        spooled_call=lambda event: engine.post(event),
    )
    await history.start()
    parts.push_async_callback(history.close)
    counted_since = await count_today(figures, configuration, history, began)
    await keep_configuration(file, configuration, history, began)
    centre = await remembered(configuration, history, began)
    await menus.recall(centre, history, began)
    history.record(service_started(centre, began))

    def keep(event: Event) -> None:
        if type(event) is not SnapshotTaken or tells_news(centre, event):
            history.record(event)

    engine = Engine(
        centre,
        HANDLERS,
        decide,
        send=lambda command: switch.tell(command),
        sinks=[keep, exporter.observe],
        observer=exporter,
    )
    exporter.watch(lambda: standing(engine.centre, engine.depth, history_standing(history), datetime.now(UTC)))
    account = Account(settings.node, settings.bind, settings.ami_port, "assistline", secret(settings.home, "ami"))
    switch = Switch(settings.node, lambda deliver: AmiLink(account, deliver, contexts=CONTEXTS), engine.post)
    _tell_of_vanished(settings.node, history, engine, began, parts)
    consumer = _run_beside(engine.run(), "engine", parts)
    sources = MenuSources(settings)
    parts.push_async_callback(sources.close)
    await sources.adopt(configuration)
    await switch.start()
    parts.push_async_callback(switch.close)
    parts.callback(lambda: switch.tell(SayAlive(node=settings.node, at=LONG_AGO)))
    spoken = Spoken(runtime.asterisk_dirs().sounds)

    async def adopt(found: Configuration) -> None:
        targets = {queue.queue_id: queue.target_seconds for queue in found.queues.values()}
        figures.adopt(targets, found.timezone)
        exporter.adopt(found.lines, targets, found.languages)
        spoken.look()
        await sources.adopt(found)

    applying = Applying(settings, engine, history, adopt)
    desk = EngineDesk(
        engine, figures, settings.node, counted_since, lambda: why_not_ready(engine.centre, switch), applying.apply
    )
    if settings.redis_url:
        _mirror(settings.redis_url, settings.node, desk, engine, exporter, parts)
    _join_recordings(settings, engine, parts)
    await _serve_menus(settings, spoken, engine, menus.ports(sources, engine, history), exporter, parts)
    token, version = secret(settings.home, "http"), installed_version("assistline")
    site = api.application(desk, exporter.exposition, token, version)
    runner = await _listening(
        "AL_HTTP_PORT", settings.http_port, lambda: api.serve(site, settings.bind, settings.http_port)
    )
    parts.push_async_callback(runner.cleanup)
    return consumer


def _mirror(url: str, node: str, desk: EngineDesk, engine: Engine, exporter: Exporter, parts: AsyncExitStack) -> None:
    mirror = LiveMirror(url, node, exporter.mirror_failed)
    _run_beside(mirror.run(), "mirror", parts)

    def show(event: Event) -> None:
        if type(event) is Tick:
            mirror.show(desk.live())

    engine.add_sink(show)


def _tell_of_vanished(node: str, history: History, engine: Engine, began: datetime, parts: AsyncExitStack) -> None:
    vanished = Vanished()
    engine.add_sink(vanished.observe)
    telling = vanished.tell(
        history.caught_up.wait, lambda: reading.open_calls(history.writer.engine, node, began), engine.post
    )
    _run_beside(telling, "vanished", parts)


def _join_recordings(settings: Settings, engine: Engine, parts: AsyncExitStack) -> None:
    """From the first snapshot on, since only then do we know whose legs are still being written."""
    pipeline = RecordingPipeline(
        settings.home / "legs", settings.home / "recordings", lambda: engine.centre.calls, engine.post
    )
    looked = asyncio.Event()

    def hear(event: Event) -> None:
        pipeline.observe(event)
        if type(event) is SnapshotTaken:
            looked.set()

    async def run() -> None:
        await looked.wait()
        await pipeline.run()

    engine.add_sink(hear)
    _run_beside(run(), "recordings", parts)


async def _serve_menus(
    settings: Settings,
    spoken: Spoken,
    engine: Engine,
    lookups: Callable[[], Lookups],
    exporter: Exporter,
    parts: AsyncExitStack,
) -> None:
    handler = menu_handler(
        lambda: engine.centre.configuration,
        engine.post,
        PinDesk(lambda: datetime.now(UTC)).check,
        lambda: datetime.now(UTC),
        spoken,
        lookups,
    )
    server = AgiServer(handler, observer=exporter.agi, token=secret(settings.home, "agi"))
    await _listening("AL_AGI_PORT", settings.agi_port, lambda: server.start(settings.bind, settings.agi_port))
    parts.push_async_callback(server.drain, DRAIN_SECONDS)


def why_not_ready(centre: Centre, switch: Switch) -> list[str]:
    """A sentence for each reason why calls cannot be served now."""
    faults = centre.nodes.get(switch.node)
    if faults is None:
        return [f"{switch.node}: {switch.fault or 'not looked at yet'}"]
    return [f"{switch.node}: {fault}" for fault in faults]


def history_standing(history: History) -> HistoryStanding:
    """The history's health in the exporter's words."""
    health = history.health
    lag = (datetime.now(UTC) - health.oldest).total_seconds() if health.oldest else 0.0
    return HistoryStanding(stored=health.stored, spooled=health.spooled, lost=health.lost, lag_seconds=lag)


def _run_beside(work: Coroutine[Any, Any, None], name: str, parts: AsyncExitStack) -> asyncio.Task[None]:
    """Run this until the service ends; nobody awaits it meanwhile, so a failure is told of here."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_of_failure)
    parts.push_async_callback(_cancelled, task)
    return task


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if task.cancelled() or (fault := task.exception()) is None:
        return
    where = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    log.error(
        "part failed", action="service.part_failed", part=task.get_name(), fault=type(fault).__name__, where=where
    )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _listening(variable: str, port: int, listen: Callable[[], Awaitable[T]]) -> T:
    try:
        return await listen()
    except OSError as fault:
        raise SettingsFault(
            f"port {port} ({variable}) is taken: set {variable} to a free port ({fault.strerror})."
        ) from None
