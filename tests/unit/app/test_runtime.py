"""A program of the machine is used if it will do; else the private one, by its own loader; else a clear word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app import fetch as archive
from app import runtime
from app.errors import RuntimeFault


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any of the programs: `bin` is its PATH, `runtime` its runtime folder."""
    monkeypatch.setattr(runtime, "SERVER_PROGRAMS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "usr" / "bin"))
    monkeypatch.setenv("AL_RUNTIME", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    return tmp_path


def a_program(path: Path, says: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def an_unpacked_archive(folder: Path, packages: list[str]) -> None:
    """What a fetch leaves behind, in small."""
    libraries = folder / "root/usr/lib/x86_64-linux-gnu"
    for name in ("asterisk", "sipp", "redis-server", "prometheus", "espeak-ng", "promtool"):
        a_program(folder / "root/usr/bin" / name)
    a_program(folder / "root/usr/lib64/ld-linux-x86-64.so.2")
    a_program(libraries / "asterisk/modules/pbx_config.so")
    a_program(libraries / "espeak-ng-data/phondata")
    for lang in ("en_US_f_Allison", "ru_RU_f_IvrvoiceRU"):
        a_program(folder / "root/usr/share/asterisk/sounds" / lang / "beep.wav")
    a_program(folder / "root/usr/share/asterisk/moh/music.wav")
    (folder / "root/usr/share/asterisk/sounds/en").symlink_to("/etc/alternatives/no-such-link")


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The package lists that the archive was asked for, each answered at once."""
    asked: list[list[str]] = []

    def fetch(packages: list[str], folder: Path, say: Callable[[str], None]) -> None:
        asked.append(packages)
        an_unpacked_archive(folder, packages)

    monkeypatch.setattr(archive, "fetch", fetch)
    return asked


def test_a_program_that_is_nowhere_is_named_with_what_to_do(machine: Path) -> None:
    with pytest.raises(RuntimeFault, match="sipp is not on this machine: run `make setup`"):
        runtime.program("sipp")


def test_an_asterisk_that_is_too_old_is_named_with_its_version(machine: Path) -> None:
    own = a_program(machine / "usr/bin/asterisk", "Asterisk 16.28.0~dfsg")
    for asked in (lambda: runtime.program("asterisk"), runtime.asterisk_dirs):
        with pytest.raises(RuntimeFault, match=rf"^{own} is Asterisk 16, and 18 is the least: run `make setup`"):
            asked()


def test_a_program_of_the_machine_is_preferred(machine: Path, fetches: list[list[str]]) -> None:
    runtime.fetch(lambda _: None)
    own = a_program(machine / "usr/bin/sipp")
    assert runtime.program("sipp") == [str(own)]


@pytest.mark.parametrize(
    ("says", "used"),
    [
        ("Asterisk 18.0.0", True),
        ("Asterisk certified/20.7-cert1", True),
        ("Asterisk 22.10.1+dfsg+~cs6.17", True),
        ("Asterisk 16.28.0~dfsg", False),
        ("Asterisk GIT-master-1234", False),
        ("command not understood", False),
    ],
)
def test_an_asterisk_of_the_machine_is_used_from_18_on(
    machine: Path, fetches: list[list[str]], says: str, used: bool
) -> None:
    own = a_program(machine / "usr/bin/asterisk", says)
    runtime.fetch(lambda _: None)
    assert (runtime.program("asterisk") == [str(own)]) is used
    assert ("asterisk" in fetches[0]) is not used


def test_the_private_program_is_started_by_its_own_loader(machine: Path, fetches: list[list[str]]) -> None:
    runtime.fetch(lambda _: None)
    loader, *options, binary = runtime.program("redis-server")
    root = machine / "runtime/root/usr"
    assert (loader, binary) == (str(root / "lib64/ld-linux-x86-64.so.2"), str(root / "bin/redis-server"))
    assert options[options.index("--library-path") + 1].startswith(str(root / "lib/x86_64-linux-gnu"))
    assert runtime.environment("espeak-ng") == {"ESPEAK_DATA_PATH": str(root / "lib/x86_64-linux-gnu")}
    assert runtime.environment("asterisk") == {}


def test_asterisks_phrases_and_music_are_reached_without_dangling_links(
    machine: Path, fetches: list[list[str]]
) -> None:
    runtime.fetch(lambda _: None)
    dirs = runtime.asterisk_dirs()
    assert (dirs.modules / "pbx_config.so").exists()
    assert (dirs.sounds / "en/beep.wav").exists() and (dirs.sounds / "ru/beep.wav").exists()
    assert (dirs.moh / "music.wav").exists()
    (dirs.sounds / "en/al").mkdir()
    assert not (machine / "runtime/root/usr/share/asterisk/sounds/en_US_f_Allison/al").exists()


def test_a_second_fetch_asks_for_nothing(machine: Path, fetches: list[list[str]]) -> None:
    runtime.fetch(lambda _: None)
    runtime.fetch(lambda _: None)
    assert len(fetches) == 1


def test_a_fetch_that_broke_off_is_done_again(
    machine: Path, fetches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(packages: list[str], folder: Path, say: Callable[[str], None]) -> None:
        an_unpacked_archive(folder, packages)
        raise RuntimeFault("the network went away")

    with monkeypatch.context() as patched:
        patched.setattr(archive, "fetch", breaks_off)
        with pytest.raises(RuntimeFault, match="went away"):
            runtime.fetch(lambda _: None)
    with pytest.raises(RuntimeFault, match="run `make setup`"):
        runtime.program("asterisk")


def test_a_moved_runtime_is_fetched_again(
    machine: Path, fetches: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.fetch(lambda _: None)
    (machine / "runtime").rename(machine / "elsewhere")
    monkeypatch.setenv("AL_RUNTIME", str(machine / "elsewhere"))
    with pytest.raises(RuntimeFault):
        runtime.program("sipp")


def test_only_what_is_lacking_is_fetched(machine: Path, fetches: list[list[str]]) -> None:
    for name in ("prometheus", "promtool"):
        a_program(machine / "usr/bin" / name)
    runtime.fetch(lambda _: None)
    assert {"prometheus", "promtool"} & set(fetches[0]) == set()
    assert set(json.loads((machine / "runtime/stamp.json").read_text())["packages"]) == {
        *runtime.PACKAGES.keys() - {"prometheus", "promtool"}
    }


def test_without_apt_it_says_what_to_install(machine: Path) -> None:
    with pytest.raises(RuntimeFault, match=r"apt-get is not on this machine.*Asterisk 18 or later"):
        archive.fetch(["sip-tester"], machine / "runtime", lambda _: None)


def test_without_room_it_says_how_much_is_needed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(machine / "usr/bin/apt-get")
    a_program(machine / "usr/bin/dpkg-deb")
    monkeypatch.setattr(archive, "KEYRINGS", (machine / "usr/bin/dpkg-deb",))
    monkeypatch.setattr(archive, "SPACE_NEEDED", 10**18)
    with pytest.raises(RuntimeFault, match=r"MB free and \d+ are needed: make room, or set AL_RUNTIME"):
        archive.fetch(["sip-tester"], machine / "runtime", lambda _: None)


def test_without_the_archive_keyring_nothing_is_trusted(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(machine / "usr/bin/apt-get")
    a_program(machine / "usr/bin/dpkg-deb")
    monkeypatch.setattr(archive, "KEYRINGS", (machine / "no-keyring",))
    with pytest.raises(RuntimeFault, match="install debian-archive-keyring"):
        archive.fetch(["sip-tester"], machine / "runtime", lambda _: None)


@pytest.mark.parametrize(
    "others",
    [
        "https://m.test/debian-security/dists/trixie-security/InRelease",
        "https://m.test/debian/dists/trixie-updates/InRelease",
        "https://tools.test/apt/dists/trixie/InRelease",
        "cdrom:[Debian]/debian/dists/trixie/InRelease",
    ],
)
def test_the_mirror_is_the_machines_main_debian_archive(machine: Path, others: str) -> None:
    apt_get = a_program(machine / "usr/bin/apt-get")
    lines = [f"echo \"'{uri}' name 0\"" for uri in (others, "https://m.test/pub/debian/dists/trixie/InRelease")]
    apt_get.write_text("\n".join(["#!/bin/sh", *lines]))
    assert archive._mirror() == "https://m.test/pub/debian"


def test_a_failed_download_is_told_in_apts_words(machine: Path) -> None:
    apt_get = a_program(machine / "usr/bin/apt-get")
    apt_get.write_text(
        "#!/bin/sh\n[ $2 = --print-uris ] && echo \"'https://m.test/debian/dists/trixie/InRelease' n 0\" && exit\n"
        "echo 'E: Temporary failure resolving m.test' >&2\nexit 100\n"
    )
    a_program(machine / "usr/bin/dpkg-deb")
    with pytest.raises(RuntimeFault, match=r"could not be read \(Temporary failure resolving m.test\): check"):
        archive.fetch(["sip-tester"], machine / "runtime", lambda _: None)
