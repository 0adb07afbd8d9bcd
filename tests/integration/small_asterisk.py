"""A real Asterisk in a folder of its own, with as few modules as the AMI link's tests need: Local channels, no SIP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from app import runtime
from telephony.connection import Account

MODULES = """\
pbx_config app_userevent app_dial app_originate app_playback app_queue app_mixmonitor app_verbose app_stack app_exec
app_read app_record func_channel func_global func_strings func_logic func_timeout func_groupcount func_callerid
func_cut func_math func_dialplan bridge_simple bridge_holding res_timing_timerfd res_manager_devicestate
res_musiconhold res_speech res_agi format_sln format_wav chan_bridge_media
"""

CHANNELVARS = "AL_CALL_ID,AL_LINE,AL_QUEUED_AT,AL_QUEUE,AL_LANG,AL_NEEDS,AL_STATE,AL_AGENT,AL_CALLER"

ASTERISK_CONF = """\
[directories]
astetcdir => {home}/etc
astmoddir => {modules}
astvarlibdir => {home}/var
astdbdir => {home}/var
astkeydir => {home}/var
astdatadir => {data}
astagidir => {home}/var
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
[options]
systemname = node1
"""
MANAGER_CONF = """\
[general]
enabled = yes
port = {port}
bindaddr = 127.0.0.1
timestampevents = yes
channelvars = {channelvars}
[al]
secret = test
read = system,call,agent,user,cdr
write = call,agent,originate,reporting,user
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def launch(etc: Path, ami_port: int) -> subprocess.Popen[bytes]:
    """Asterisk with the files in `etc`, when AMI answers; `AssertionError` with its last words if it does not."""
    words = [*runtime.program("asterisk"), "-C", str(etc / "asterisk.conf"), "-f"]
    with (etc / "out").open("wb") as out:
        process = subprocess.Popen(words, stdout=out, stderr=out)
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ami_port)) as ami:
            if ami.recv(100).startswith(b"Asterisk Call Manager"):
                return process
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise AssertionError("Asterisk does not answer: " + (etc / "out").read_text()[-2000:])


class SmallAsterisk:
    """Started and stopped; `account` is how to log in. `more` adds files, and modules to those always loaded."""

    def __init__(self, home: Path, extensions: str, modules: str = "", more: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.account = Account("node1", "127.0.0.1", free_port(), "al", "test")
        dirs = runtime.asterisk_dirs()
        for name in ("etc", "var", "spool", "run", "log"):
            (home / name).mkdir(parents=True)
        loaded = "".join(f"load = {name}.so\n" for name in (MODULES + modules).split())
        files = {
            "asterisk.conf": ASTERISK_CONF.format(home=home, modules=dirs.modules, data=dirs.data),
            "modules.conf": "[modules]\nautoload = no\n" + loaded,
            "manager.conf": MANAGER_CONF.format(port=self.account.port, channelvars=CHANNELVARS),
            "extensions.conf": extensions,
            "queues.conf": "",
            "musiconhold.conf": "",
            "logger.conf": "[logfiles]\nmessages => warning,error\n",
            **(more or {}),
        }
        for name, text in files.items():
            (home / "etc" / name).write_text(text)

    def start(self) -> None:
        self._process = launch(self.home / "etc", self.account.port)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def log(self) -> str:
        return (self.home / "log" / "messages").read_text()


@contextmanager
def running(
    home: Path, extensions: str, modules: str = "", more: Mapping[str, str] | None = None
) -> Iterator[SmallAsterisk]:
    asterisk = SmallAsterisk(home, extensions, modules, more)
    asterisk.start()
    try:
        yield asterisk
    finally:
        asterisk.stop()


class Cutter:
    """A TCP relay in front of AMI that a test can cut at any moment, in the middle of a message too."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._barred = False
        self._silent = False
        self.port = 0

    async def cut_for(self, seconds: float) -> None:
        """Break every connection, and let none live for so long."""
        self._barred = True
        self.cut()
        await asyncio.sleep(seconds)  # the outage
        self._barred = False

    def cut(self) -> None:
        """Break every connection, at once and without a goodbye."""
        for writer in self._pairs:
            writer.transport.abort()
        self._pairs.clear()

    def half_open(self) -> None:
        """Every connection, a new one too, stays open and carries nothing, as when the other machine is gone."""
        self._silent = True
        self._dead |= self._pairs

    def mend(self) -> None:
        """New connections carry again; those that were half open never do."""
        self._silent = False

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._barred:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except ConnectionError:
            writer.close()  # Asterisk is away, and so are we
            return
        self._pairs |= {writer, far_writer}
        if self._silent:
            self._dead |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while portion := await reader.read(1024):
                if writer not in self._dead:
                    writer.write(portion)
                    await writer.drain()
        writer.close()

    @classmethod
    @asynccontextmanager
    async def before(cls, target: int) -> AsyncIterator[Cutter]:
        cutter = cls(target)
        server = await asyncio.start_server(cutter._relay, "127.0.0.1", 0)
        cutter.port = server.sockets[0].getsockname()[1]
        try:
            yield cutter
        finally:
            server.close()
            cutter.cut()
