"""Does a real Prometheus read what we serve, over HTTP, with our labels and buckets as it stores them?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from app import runtime
from app.errors import RuntimeFault
from calls.events import AgentAnswered, CallerQueued, Duty
from metrics.exporter import Exporter
from metrics.service_level import Figures
from metrics.standing import Standing
from web import api

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class NobodyAtTheDesk:
    """Scraping asks nothing of the engine but its metrics."""

    def live(self) -> Mapping[str, object]:
        return {}

    def readiness(self) -> list[str]:
        return []

    async def set_duty(self, agent_id: str, duty: Duty, reason: str) -> Mapping[str, object]:
        raise AssertionError

    async def clear_alarm(self, call_id: str) -> None:
        raise AssertionError


def an_exporter() -> Exporter:
    targets = {"general": 17.0}
    exporter = Exporter(
        lines=["hotline"],
        targets=targets,
        languages=["ru"],
        nodes=["node1"],
        figures=Figures(targets, ZoneInfo("Europe/Moscow")),
        version="0.1.0",
    )
    exporter.watch(lambda: Standing(waiting={"general": 3}))
    for number, waited in enumerate([5, 17, 40]):
        call_id = f"node1-1.{number}"
        exporter.observe(
            CallerQueued(
                at=NOON,
                call_id=call_id,
                node="node1",
                channel="PJSIP/trunk-1",
                line="hotline",
                queue="general",
                lang="ru",
                needs=(),
                queued_at=NOON,
            )
        )
        answered_at = NOON + timedelta(seconds=waited)
        exporter.observe(AgentAnswered(at=answered_at, call_id=call_id, agent_id="anna"))
    return exporter


@asynccontextmanager
async def a_prometheus(scraped_port: int, port: int, folder: Path) -> AsyncIterator[str]:
    """A Prometheus of our own that scrapes twice a second; its address."""
    try:
        words = runtime.program("prometheus")
    except RuntimeFault as fault:
        pytest.skip(str(fault))
    target = {"job_name": "assistline", "static_configs": [{"targets": [f"127.0.0.1:{scraped_port}"]}]}
    configuration = {"global": {"scrape_interval": "500ms"}, "scrape_configs": [target]}
    (folder / "prometheus.yml").write_text(json.dumps(configuration))
    process = await asyncio.create_subprocess_exec(
        *words,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def stored(session: aiohttp.ClientSession, query: str) -> float | None:
    """The one value of a query, None if Prometheus has nothing."""
    async with session.get("/api/v1/query", params={"query": query}) as response:
        assert response.status == 200
        result = (await response.json())["data"]["result"]
    return float(result[0]["value"][1]) if result else None


async def test_prometheus_scrapes_without_a_token_and_stores_the_exact_service_level(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    exporter, scrapes, stored_once = an_exporter(), count(1), asyncio.Event()

    def exposition() -> bytes:
        if next(scrapes) == 2:  # so what the first one brought is stored
            stored_once.set()
        return exporter.exposition()

    ours, theirs = unused_tcp_port_factory(), unused_tcp_port_factory()
    site = api.application(NobodyAtTheDesk(), exposition, "secret", "0.1.0")
    runner = await api.serve(site, "127.0.0.1", ours)
    try:
        async with a_prometheus(ours, theirs, tmp_path) as address, aiohttp.ClientSession(address) as session:
            await asyncio.wait_for(stored_once.wait(), 30)
            assert await stored(session, "up") == 1
            good = 'assistline_service_level_good_waits_total{queue="general"}'
            assert await stored(session, f"{good} / assistline_service_level_waits_total") == pytest.approx(2 / 3)
            within = 'assistline_wait_seconds_bucket{queue="general",result="answered",le="17.0"}'
            assert await stored(session, within) == 2
            assert await stored(session, "assistline_queue_waiting_callers") == 3
            assert await stored(session, 'count({__name__=~"assistline_.*_created"})') is None
    finally:
        await runner.cleanup()
