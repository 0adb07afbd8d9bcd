"""The environment is made once, from the lock alone, and a failure says why in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app import install
from app.errors import EnvironmentFault


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The environments that were begun; nothing is really made or installed in them."""
    begun: list[Path] = []

    def begin(folder: Path) -> None:
        begun.append(folder)
        folder.mkdir(exist_ok=True)

    monkeypatch.setattr(install, "_bare_environment", begin)
    monkeypatch.setattr(install, "_pip", lambda *arguments, packages: None)
    return begun


def test_an_environment_is_made_once(bare: list[Path], tmp_path: Path) -> None:
    install.make_environment(tmp_path / "venv")
    install.make_environment(tmp_path / "venv")
    assert bare == [tmp_path / "venv"]


def test_a_new_lock_makes_it_anew(bare: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install.make_environment(tmp_path / "venv")
    (tmp_path / "lock").write_text("aiohttp==3.14.6\n")
    monkeypatch.setattr(install, "LOCK", tmp_path / "lock")
    install.make_environment(tmp_path / "venv")
    assert len(bare) == 2


def test_an_installation_that_broke_off_is_begun_again(
    bare: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(*arguments: str, packages: int) -> None:
        raise EnvironmentFault("the network went away")

    with monkeypatch.context() as patched:
        patched.setattr(install, "_pip", breaks_off)
        with pytest.raises(EnvironmentFault):
            install.make_environment(tmp_path / "venv")
    install.make_environment(tmp_path / "venv")
    assert len(bare) == 2


def test_what_pip_could_not_install_is_named() -> None:
    with pytest.raises(EnvironmentFault, match=r"Could not find a version .* no-such-package-of-ours.*check"):
        install._pip(sys.executable, "--no-index", "--dry-run", "no-such-package-of-ours", packages=1)


def test_a_machines_pip_is_not_led_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.test/simple")
    environment = install._pip_environment()
    assert "PIP_USER" not in environment
    assert environment["PIP_INDEX_URL"] == "https://index.test/simple"


def test_the_lock_names_no_place_to_fetch_from_and_pins_every_package() -> None:
    lines = install.LOCK.read_text().splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    pinned = [line for line in lines if line and not line.startswith(("#", " "))]
    assert all("==" in line and line.endswith("\\") for line in pinned)
