"""What does `assistline apply` do where no service answers, and which configuration is in force then?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.errors import AppFault
from app.settings import load_settings
from app.versions import in_force
from config.errors import ConfigurationFaults
from config.load import load
from storage.migrations import migrate
from storage.reading import keep_configuration
from storage.schema import open_engine
from tests.builders import NOON, seconds

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"
TEXT = SAMPLE.read_text(encoding="utf-8")
CHANGED = TEXT.replace("label: Emergency\n", "label: In need\n")


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> Callable[..., tuple[int, str, BaseException | None]]:
    """The command line of an instance that does not run, with its exit code, what it said and what it raised."""
    for name, value in {"HOME": tmp_path, "CONFIG": SAMPLE, "HTTP_PORT": unused_tcp_port}.items():
        monkeypatch.setenv(f"AL_{name}", str(value))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def invoke(*words: str) -> tuple[int, str, BaseException | None]:
        result = CliRunner().invoke(cli, words)
        return result.exit_code, result.output, result.exception

    return invoke


def keep(*texts: tuple[str, str]) -> None:
    """Accepted configurations, (version, text), one a minute."""
    settings = load_settings()
    migrate(settings.database_url)

    async def put() -> None:
        engine = open_engine(settings.database_url)
        for minute, (version, text) in enumerate(texts):
            await keep_configuration(engine, version, text, "olena", NOON + seconds(60 * minute))
        await engine.dispose()

    asyncio.run(put())


def test_without_a_service_it_is_in_force_from_the_next_start(
    run: Callable[..., tuple[int, str, object]], tmp_path: Path
) -> None:
    file = tmp_path / "changed.yaml"
    file.write_text(CHANGED, encoding="utf-8")
    version = load(file).version
    code, said, _ = run("apply", str(file))
    assert (code, said) == (0, f"{version} is in force from the next start; no service answers now\n")
    assert load(in_force(load_settings())).version == version
    assert version in (tmp_path / "asterisk/etc/extensions.conf").read_text()


def test_faults_are_told_before_anybody_is_asked(run: Callable[..., tuple[int, str, object]], tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(CHANGED.replace("default_line: hotline", "default_line: hotlin"), encoding="utf-8")
    code, _, faults = run("apply", str(file))
    assert code == 1
    assert isinstance(faults, ConfigurationFaults)
    assert str(file) in str(faults)
    assert in_force(load_settings()) == SAMPLE


def test_versions_are_listed_and_found_by_their_beginning(run: Callable[..., tuple[int, str, object]]) -> None:
    now = load(SAMPLE).version
    keep(("abcd00000000", CHANGED), (now, TEXT), ("abcd11111111", TEXT))
    code, said, _ = run("versions")
    assert code == 0
    assert [(line[0], line[2:14], line.split()[-1]) for line in said.splitlines()] == [
        (" ", "abcd00000000", "olena"),
        ("*", now, "olena"),
        (" ", "abcd11111111", "olena"),
    ]
    code, _, fault = run("apply", "--version", "abcd")
    assert code == 1
    assert isinstance(fault, AppFault)
    assert "2 accepted configurations begin with abcd" in str(fault)
    keep(("bad000000000", CHANGED.replace("default_line: hotline", "default_line: hotlin")))
    code, _, faults = run("apply", "--version", "bad0")
    assert code == 1
    assert str(faults).startswith("version bad0:")
    code, said, _ = run("apply", "--version", "abcd0")
    assert code == 0
    assert in_force(load_settings()).read_text(encoding="utf-8") == CHANGED
