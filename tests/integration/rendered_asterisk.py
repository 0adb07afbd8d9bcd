"""A real Asterisk that runs the files that `telephony.render` makes of the sample, with no service beside it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from app import runtime
from config.load import Configuration, load
from telephony.connection import Account
from telephony.render import Secrets, Site, render

SAMPLE = Path(__file__).parents[2] / "config" / "sample" / "assistline.yaml"
RTP_PORTS = 40


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RenderedAsterisk:
    """Started and stopped; `account` is how to log in over AMI, `complaints` what it had logged when it was up."""

    def __init__(self, home: Path, **site: Any) -> None:
        dirs = runtime.asterisk_dirs()
        first_rtp = free_port(socket.SOCK_DGRAM) & ~1
        self.centre: Configuration = load(SAMPLE, date(2026, 3, 4))
        self.site = Site(
            home=home,
            node="node1",
            bind="127.0.0.1",
            sip_port=free_port(socket.SOCK_DGRAM),
            ami_port=free_port(),
            agi_port=free_port(),
            rtp_start=first_rtp,
            rtp_end=first_rtp + RTP_PORTS,
            modules_dir=dirs.modules,
            data_dir=dirs.data,
            moh_dir=dirs.moh,
            python=Path(sys.executable),
            **site,
        )
        phones = {name: f"pw{name}" for name in self.centre.agents}
        self.secrets = Secrets(ami="0123456789abcdef" * 2, agi="fedcba9876543210" * 2, agents=phones)
        self.account = Account("node1", "127.0.0.1", self.site.ami_port, "assistline", self.secrets.ami)
        self.files = render(self.centre, self.site, self.secrets)
        self.conf = self.site.etc_dir / "asterisk.conf"
        self.said = home / "said"

    def start(self) -> None:
        """Returns when everything is loaded; `AssertionError` with Asterisk's last words if it does not get there."""
        with self.said.open("wb") as said:
            self._process = subprocess.Popen(
                [*runtime.program("asterisk"), "-C", str(self.conf), "-f", "-n"], stdout=said, stderr=said
            )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.site.ami_port)):
                self.ask("core waitfullybooted")
                self.complaints = self.log()
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"Asterisk does not come up: {self.said.read_text()[-2000:]} {self.log()}")

    def ask(self, command: str) -> str:
        """What Asterisk's own console says."""
        words = [*runtime.program("asterisk"), "-C", str(self.conf), "-rx", command]
        return subprocess.run(words, capture_output=True, text=True, timeout=30, check=True).stdout

    def until_silent(self) -> None:
        """Returns when the last channel is gone."""
        for _ in range(100):
            if not self.ask("core show channels concise").strip():
                return
            time.sleep(0.05)
        raise AssertionError(self.ask("core show channels"))

    def log(self) -> list[str]:
        """The lines of its log, but for the one that says its version."""
        return [line for line in (self.site.log_dir / "messages").read_text().splitlines() if " built by " not in line]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(home: Path, **site: Any) -> Iterator[RenderedAsterisk]:
    asterisk = RenderedAsterisk(home, **site)
    asterisk.start()
    try:
        yield asterisk
    finally:
        asterisk.stop()
