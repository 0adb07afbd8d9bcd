"""Which servers are compared? Each serves the same ten lines: `python -m benchmarks.agi.servers NAME` prints its port.

`ours` has everything on that the service has: session accounting, time limits, the exporter's menu metrics, its
logging, uvloop. `panoramisk` and `pyst2` are as shipped; of pyst2 only the signal handler is taken away, since it
cannot be set in a thread, and its stderr goes nowhere.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socketserver
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry

from agi_scripts.channel import AgiChannel
from agi_scripts.server import AgiServer
from app import logs
from benchmarks.agi.lines import LINES
from metrics.agi import AgiMetrics


async def a_menu(channel: AgiChannel) -> Mapping[str, str]:
    await channel.ask(["al/hello", "al/choose-language"], spoken=12, wait=4)
    digit = await channel.ask(["al/choose-topic"], spoken=15, wait=5)
    await channel.get("AL_LINE")
    await channel.set({"AL_LANG": "ru"})
    await channel.say(["al/please-wait"], spoken=6)
    await channel.set({"AL_CALLER": "clinic:17"})
    return {"AL_QUEUE": f"topic{digit}", "AL_NEEDS": "lang:ru=1"}


async def ours() -> None:
    logs.to_file(Path(os.devnull))
    print(await AgiServer(a_menu, observer=AgiMetrics(CollectorRegistry())).start("127.0.0.1", 0), flush=True)
    await asyncio.Event().wait()


async def panoramisk() -> None:
    from panoramisk.fast_agi import Application, Request

    async def menu(request: Request) -> None:
        for line in LINES:
            await request.send_command(line)

    application = Application()
    application.add_route("menu?line=hotline", menu)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def pyst2() -> None:
    from asterisk import agi as pyst2_agi

    class Menu(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            call = self.request
            with call.makefile("r") as said, call.makefile("w") as told, open(os.devnull, "w") as nowhere:
                agi = pyst2_agi.AGI(said, told, nowhere)
                for line in LINES:
                    agi.execute(line)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 1024

        def handle_error(self, request: object, client_address: object) -> None: ...

    pyst2_agi.signal.signal = lambda *_: None
    with Server(("127.0.0.1", 0), Menu) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


def main(name: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if name == "pyst2":
        pyst2()
    elif name == "panoramisk":
        asyncio.run(panoramisk())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(ours())


if __name__ == "__main__":
    main(sys.argv[1])
