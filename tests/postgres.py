"""A PostgreSQL server of the test's own: started on a free port, killed, frozen and started again at will."""

from __future__ import annotations

import asyncio
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil


def postgres_bin() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, the newest version first; None where no server is installed."""
    on_path = shutil.which("initdb")
    places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda place: int(place.split("/")[-2]), reverse=True)
    return next((Path(place) for place in [*places, *([os.path.dirname(on_path)] if on_path else [])]), None)


class PostgresServer:
    """One server with its files in a folder of its own. It refuses to run as root, so root lends it another user."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin = bin_folder
        self._process: subprocess.Popen[bytes] | None = None
        # Not under pytest's own folder: that one is closed to other users.
        self.folder = Path(tempfile.mkdtemp(prefix="al-postgres-"))
        self._as: dict[str, object] = {}
        if os.getuid() == 0:
            user = self._other_user()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        words = ["initdb", "-D", str(self.folder / "data"), "-U", "al", "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run([*words, "--locale=C"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @staticmethod
    def _other_user() -> pwd.struct_passwd:
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise RuntimeError("PostgreSQL will not run as root, and there is neither a user postgres nor nobody")

    def _run(self, words: list[str]) -> None:
        program = str(self._bin / words[0])
        subprocess.run([program, *words[1:]], check=True, capture_output=True, cwd=self.folder, **self._as)  # type: ignore[call-overload]

    def url(self, database: str = "postgres") -> str:
        """Where SQLAlchemy finds a database of this server."""
        return f"postgresql+asyncpg://al@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, also over the remains of a killed one, and return when it answers."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "shared_buffers": "16MB",
            "max_connections": "40",
        }
        words = [str(self._bin / "postgres"), "-D", str(self.folder / "data")]
        words += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                words, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._as
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 30
        ready = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def create_database(self, name: str) -> str:
        """A new database and its url."""

        async def create() -> None:
            connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="al", database="postgres")
            await connection.execute(f'CREATE DATABASE "{name}"')
            await connection.close()

        asyncio.run(create())
        return self.url(name)

    def kill(self) -> None:
        """``kill -9`` of the server with all its children."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def freeze(self) -> None:
        """The server stops answering, its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The server goes on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End the server and remove its files."""
        if self._process and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        """To each of its processes: its children lead process groups of their own."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in [server, *server.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
