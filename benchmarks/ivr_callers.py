"""How long does a caller in the menu wait for the next words, while the insurer's database takes 5 s for an answer?

The service's own FastAGI server, menu sessions and lookups run in a process of their own, over the sample's hotline. In
this one 50 telephones at once play Asterisk's side, command by command. A step is from the moment in which Asterisk has
the caller's keys, or the call, until the server says what is to be played next. Every record is older than it is kept,
so each lookup asks the database anew, and no caller waits for it. No Asterisk: its part of a step is its own.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from agi_scripts.errors import SourceSlow
from agi_scripts.fake import FakeCall
from agi_scripts.lookups import Lookups
from agi_scripts.pin import PinDesk
from agi_scripts.protocol import Line
from agi_scripts.server import AgiServer
from agi_scripts.session import menu_handler
from agi_scripts.sources.database import Database, open_database
from config.load import load
from config.sources import SqlSource
from ivr.dialogue import NOTHING
from ivr.secret import Secret

SAMPLE = Path(__file__).parent.parent / "config" / "sample" / "assistline.yaml"
SESSIONS = 50
SECONDS = 8.0
THINKING = 0.5
"""Mean seconds until a caller presses a key."""
DATABASE_SECONDS = 5.0
NUMBERS = [f"+4420794600{number:02}" for number in range(10)]
QUERY = "SELECT 'ru' AS language, slow() AS vip WHERE :value <> ''"
KEEP_SECONDS = 1.0
"""Ten times this an old record is still an answer: longer than the callers call."""


async def serve(folder: Path) -> None:
    """Serve menus until killed; prints the port when every record has been asked for once."""
    configuration = load(SAMPLE)
    engine = open_database(f"sqlite+aiosqlite:///{folder / 'insurer.sqlite'}")
    event.listen(engine.sync_engine, "connect", _make_slow)
    database = Database(engine, SqlSource(queries={"number": QUERY}, keep_seconds=KEEP_SECONDS))
    await asyncio.gather(*(_known(database, Secret(number)) for number in NUMBERS))
    handler = menu_handler(
        lambda: configuration,
        lambda _: None,
        PinDesk(lambda: datetime.now(UTC)).check,
        lambda: datetime.now(UTC),
        lambda _lang, _prompt: 2.0,
        lambda: Lookups(find_caller=database.find_caller),
    )
    print(await AgiServer(handler).start("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()


async def _known(database: Database, number: Secret) -> None:
    while True:
        try:
            await database.find_caller("", NOTHING, number)
            return
        except (SourceSlow, TimeoutError):
            await asyncio.sleep(0.2)


def _make_slow(connection: object, _record: object) -> None:
    def slow() -> str:
        time.sleep(DATABASE_SECONDS)
        return "no"

    connection.create_function("slow", 0, slow)  # type: ignore[attr-defined]


async def steps(port: int) -> list[float]:
    """Seconds of every step that the callers took."""
    taken: list[float] = []
    until = time.perf_counter() + SECONDS
    await asyncio.gather(*(_callers(port, random.Random(seed), until, taken) for seed in range(SESSIONS)))
    return taken


async def _callers(port: int, draw: random.Random, until: float, taken: list[float]) -> None:
    """One telephone: call after call."""
    while time.perf_counter() < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        header = f"agi_network_script: menu?line=hotline\nagi_callerid: {draw.choice(NUMBERS)}\n"
        caller = FakeCall(iter(lambda: draw.choice(["1", "2", "6", "3", ""]), None))
        came: float | None = time.perf_counter()
        writer.write(f"{header}agi_uniqueid: node1-1.1\nagi_language: ru\n\n".encode())
        while told := await reader.readline():
            verb = told.split(b" ", 1)[0].decode()
            words = 2 if verb in ("SET", "GET") else 1
            if verb == "GOSUB":
                if came is not None:
                    taken.append(time.perf_counter() - came)
                await asyncio.sleep(draw.expovariate(1 / THINKING))
                came = time.perf_counter()
            reply = await caller.exchange(" ".join(told.decode().split(" ")[:words]).strip(), Line(told))
            value = "" if reply.value is None else f" ({reply.value})"
            writer.write(f"{reply.code} result={reply.result}{value}\n".encode())
        writer.close()


async def step_p99_ms() -> float:
    """The 99th percentile of a step, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.ivr_callers", folder, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert server.stdout is not None
            taken = sorted(await steps(int(await server.stdout.readline())))
        finally:
            server.kill()
            await server.wait()
    return taken[int(len(taken) * 0.99)] * 1000


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
