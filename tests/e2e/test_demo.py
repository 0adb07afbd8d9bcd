"""Do `assistline demo` and `assistline up` start everything, show it, and leave nothing behind but their own home?"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import psutil
import pytest
import redis

from app import runtime
from storage.live import key_of
from tests.e2e.centre import free_ports

T = TypeVar("T")
READY = "to call"
CLOSING = "Ended: every process that was started here is gone.\n"


class Command:
    """`assistline up` or `demo` with a home and ports of its own; it writes to ``output``, or lives in a terminal."""

    def __init__(self, home: Path, *words: str, terminal: int | None = None) -> None:
        self.home = home
        http, sip, ami, agi = free_ports(4)
        rtp = 10000 + (os.getpid() % 40) * 100
        self.web = f"http://127.0.0.1:{http}"
        self.output = home.with_suffix(".out")
        given = {
            "AL_HOME": home, "AL_HTTP_PORT": http, "AL_SIP_PORT": sip, "AL_AMI_PORT": ami, "AL_AGI_PORT": agi,
            "AL_RTP_START": rtp, "AL_RTP_END": rtp + 99, "DATABASE_URL": "", "REDIS_URL": "", "AL_CONFIG": "",
        }  # fmt: skip
        with self.output.open("w") as file:
            self.process = psutil.Popen(
                [sys.executable, "-m", "app.cli", *words],
                env={**os.environ, **{name: str(value) for name, value in given.items()}, "TERM": "xterm"},
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=file if terminal is None else terminal,
                stderr=file if terminal is None else terminal,
                start_new_session=True,
                preexec_fn=None if terminal is None else lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )
        self.children: list[psutil.Process] = []

    def printed(self) -> str:
        return self.output.read_text()

    def until(self, look: Callable[[], T], what: str, within: float) -> T:
        """Look again and again from outside; AssertionError with what was printed if it never comes."""
        deadline = time.monotonic() + within
        while not (found := look()):
            ended = self.process.poll() is not None
            assert not ended and time.monotonic() < deadline, f"never came: {what}\n{self.printed()}"
            time.sleep(0.1)
        return found

    def until_printed(self, words: str, within: float = 40) -> None:
        self.until(lambda: words in self.printed() or None, words, within)

    def names(self) -> list[str]:
        """What our processes are, by the program in their words.

        One that has just been forked still has the words of its parent, and one that has just ended has none.
        """
        self.children = self.process.children(recursive=True)
        told = [words_of(child) for child in self.children]
        programs = [" ".join(words) for words in told if words and words != words_of(self.process)]
        return sorted(next(name for name in PROGRAMS if name in words) for words in programs)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.web}/readyz", timeout=2) as answer:
                return bool(json.load(answer)["ready"])
        except (urllib.error.URLError, OSError):
            return False

    def rows(self, query: str) -> list[dict[str, Any]]:
        with sqlite3.connect(f"file:{self.home / 'assistline.sqlite'}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]

    def end(self, *signs: signal.Signals) -> int:
        """Send these signals, a moment apart as fingers do; the exit code."""
        for sign in signs:
            self.process.send_signal(sign)
            time.sleep(0.2)
        return int(self.process.wait(20))


PROGRAMS = ("asterisk", "redis-server", "sipp", "app.cli run")


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; none when it is over."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


@contextmanager
def running(home: Path, *words: str, terminal: int | None = None) -> Iterator[Command]:
    command = Command(home, *words, terminal=terminal)
    try:
        yield command
    finally:
        alive = command.process.children(recursive=True) if command.process.is_running() else []
        for process in {*alive, *command.children, command.process}:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        command.process.wait(5)


def test_people_call_and_are_answered_and_recorded_until_ctrl_c_ends_all_of_it(tmp_path: Path) -> None:
    with bystander() as other, running(tmp_path / "home", "demo", "--calls-per-minute", "30") as demo:
        demo.until_printed(READY)
        assert demo.names() == ["app.cli run", "asterisk", "redis-server", "sipp", "sipp"]
        demo.until(lambda: demo.rows("select * from waits where result = 'answered'"), "an answered call", 60)
        demo.until(lambda: demo.rows("select * from recordings"), "the recording of a call that has ended", 60)
        demo.until(lambda: mirrored(demo)["agents"] == live(demo)["agents"], "the mirror shows the live view", 10)
        # a second Ctrl-C, of someone who cannot wait, changes nothing
        assert demo.end(signal.SIGINT, signal.SIGINT) == 0
        assert demo.printed().endswith(CLOSING)
        assert [child for child in demo.children if child.is_running()] == []
        assert demo.rows("select * from calls where ended_at is null") == []
        assert other.poll() is None


@contextmanager
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A redis-server that is none of ours."""
    words = [*runtime.program("redis-server"), "--port", str(free_ports(1)[0]), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


def mirrored(command: Command) -> dict[str, Any]:
    """The live view that stands in the demo's Redis."""
    port = command.printed().partition("Redis: starting on port ")[2].split()[0]
    with redis.Redis(port=int(port)) as mirror:
        found: dict[str, Any] = json.loads(mirror.get(key_of("node1")) or "null")
    return found


def live(command: Command) -> dict[str, Any]:
    token = (command.home / "secrets" / "http").read_text()
    request = urllib.request.Request(f"{command.web}/api/v1/live", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_ctrl_c_typed_under_the_board_ends_the_calls_before_the_telephones(tmp_path: Path) -> None:
    """A terminal sends it to every process of its foreground at once."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with running(tmp_path / "home", "demo", "--calls-per-minute", "60", terminal=screen) as demo:
        os.close(screen)
        shown = Thread(target=copy, args=(keyboard, demo.output), daemon=True)
        shown.start()
        demo.until_printed("Queues")
        assert "Ctrl-C ends it · to call sip:1542@127.0.0.1:" in demo.printed()
        demo.until(lambda: len(demo.rows("select * from calls")) > 2, "three calls", 30)
        os.write(keyboard, b"\x03")
        assert demo.process.wait(20) == 0
        shown.join(5)
        assert demo.printed().replace("\r", "").endswith(CLOSING)
        assert demo.rows("select * from calls where ended_at is null") == []


def copy(terminal: int, file: Path) -> None:
    """What a terminal shows, into a file, until nobody writes any more."""
    with suppress(OSError), file.open("ab", buffering=0) as output:
        while told := os.read(terminal, 65536):
            output.write(told)


def test_two_instances_run_side_by_side_and_a_dead_service_is_started_again(tmp_path: Path) -> None:
    with running(tmp_path / "one", "up") as one, running(tmp_path / "two", "up") as two:
        one.until_printed(READY)
        two.until_printed(READY)
        assert one.names() == two.names() == ["app.cli run", "asterisk"]
        [service] = [child for child in one.children if "run" in child.cmdline()]
        service.kill()
        one.until_printed("service has ended (SIGKILL), its last words: ")
        one.until(one.ready, "the service is ready again", 20)
        assert one.names() == ["app.cli run", "asterisk"]
        assert one.end(signal.SIGTERM) == 0
        assert [child for child in one.children if child.is_running()] == []
        assert two.ready()
        assert two.end(signal.SIGINT) == 0
        assert [child for child in two.children if child.is_running()] == []


def test_an_asterisk_that_dies_ends_the_command_with_its_last_words(tmp_path: Path) -> None:
    with running(tmp_path / "home", "up") as up:
        up.until_printed(READY)
        assert up.names() == ["app.cli run", "asterisk"]
        [asterisk] = [child for child in up.children if "-f" in child.cmdline()]
        asterisk.kill()
        assert up.process.wait(20) == 1
        assert "\nassistline: asterisk has ended (SIGKILL), its last words: " in up.printed()
        assert [child for child in up.children if child.is_running()] == []


def test_a_ctrl_c_before_it_is_ready_ends_what_has_been_started(tmp_path: Path) -> None:
    with running(tmp_path / "home", "up") as up:
        up.until_printed("Asterisk: starting")
        up.until(up.names, "Asterisk is there", 10)
        assert up.end(signal.SIGINT) == 0
        assert [child for child in up.children if child.is_running()] == []


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:
        port = taker.getsockname()[1]
        told = subprocess.run(
            [sys.executable, "-m", "app.cli", command],
            env={**os.environ, "AL_HOME": str(tmp_path), "AL_HTTP_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(f"assistline: port {port} (AL_HTTP_PORT) is taken: ")
    assert told.stderr.count("\n") == 1
