"""Where are the programs that Assistline runs, and how is each started?

An Asterisk (18 or later) or any other of these programs on the PATH is used as it is. What the machine lacks comes from
a private root, filled once by `app.fetch` and run by its own dynamic loader, so that nothing is installed and no other
program notices. Only the standard library is used, since this runs before the virtual environment exists.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import fetch as archive
from app.errors import RuntimeFault

TREE = Path(__file__).absolute().parent.parent
"""The folder of this checkout."""

LEAST_ASTERISK = 18
LANGUAGES = ("en", "ru")
SERVER_PROGRAMS = ("/usr/local/sbin", "/usr/sbin")  # not on an ordinary user's PATH

# What each program is called in Debian. "sounds" is no program: Asterisk's own phrases and its hold music.
PACKAGES = {
    "asterisk": ("asterisk", "asterisk-modules"),
    "sounds": ("asterisk-core-sounds-en-wav", "asterisk-core-sounds-ru-wav", "asterisk-moh-opsound-wav"),
    "sipp": ("sip-tester",),
    "redis-server": ("redis-server",),
    "espeak-ng": ("espeak-ng",),
    "promtool": ("promtool",),
    "prometheus": ("prometheus",),
}


@dataclass(frozen=True)
class AsteriskDirs:
    """Folders for asterisk.conf: `astmoddir`, `astdatadir`, and the two inside the latter that we use by name."""

    modules: Path
    data: Path
    sounds: Path
    moh: Path


def folder() -> Path:
    """The runtime's folder: AL_RUNTIME, or `.runtime` in the checkout."""
    chosen = os.environ.get("AL_RUNTIME")
    return Path(chosen).absolute() if chosen else TREE / ".runtime"


def program(name: str) -> list[str]:
    """The words that start this program, to be followed by its arguments; `RuntimeFault` if it is nowhere."""
    installed = _installed(name)
    if installed:
        return [str(installed)]
    private = _private(name)
    if private is None:
        raise RuntimeFault(_why_missing(name))
    loader = next(_root().glob("usr/lib*/ld-linux*.so.*"))
    libraries = next(_root().glob("usr/lib/*-linux-gnu*"))
    path = [libraries, *(libraries / extra for extra in ("pulseaudio", "blas", "lapack"))]
    # Told to the loader, not set in the environment: a child of Asterisk must not load these libraries.
    return [str(loader), "--inhibit-cache", "--library-path", ":".join(map(str, path)), "--argv0", name, str(private)]


def environment(name: str) -> dict[str, str]:
    """What this program needs in its environment beside what is there."""
    if name == "espeak-ng" and not _installed(name):
        return {"ESPEAK_DATA_PATH": str(next(_root().glob("usr/*/**/espeak-ng-data/phondata")).parent.parent)}
    return {}


def asterisk_dirs() -> AsteriskDirs:
    """Where Asterisk finds its modules, phrases and music; `RuntimeFault` if there is no Asterisk."""
    installed = _installed("asterisk")
    prefix = installed.parent.parent if installed else _root() / "usr"
    found = next(iter(sorted(prefix.glob("lib*/**/asterisk/modules/pbx_config.so"))), None)
    if found is None:
        if installed is None:
            raise RuntimeFault(_why_missing("asterisk"))
        raise RuntimeFault(f"Asterisk's modules are not under {prefix}: install its modules too.")
    data = folder() / "data"
    return AsteriskDirs(modules=found.parent, data=data, sounds=data / "sounds", moh=data / "moh")


def fetch(say: Callable[[str], None]) -> None:
    """Make every program of PACKAGES startable: fetch what the machine lacks, once. `RuntimeFault` says why not."""
    folder().mkdir(parents=True, exist_ok=True)
    with _alone():
        lacking = [name for name in PACKAGES if not _installed(name)]
        if set(lacking) <= _fetched():
            say(f"programs: all {len(PACKAGES)} are here")
        else:
            say(f"programs: fetching {', '.join(lacking)} into {folder()}")
            (folder() / "stamp.json").unlink(missing_ok=True)
            archive.fetch([package for name in lacking for package in PACKAGES[name]], folder(), say)
            _write_stamp(lacking)
        _link_data()


def _root() -> Path:
    return folder() / "root"


def _installed(name: str) -> Path | None:
    """The machine's own copy, if it will do."""
    if name == "sounds":
        data = _system_data()
        return data if data and all(_language(data, lang) for lang in LANGUAGES) and any(data.glob("moh/*")) else None
    found = shutil.which(name, path=_search_path())
    if found is None or (name == "asterisk" and _asterisk_version(found) < LEAST_ASTERISK):
        return None
    return Path(found)


def _search_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVER_PROGRAMS])


def _why_missing(name: str) -> str:
    """A sentence for the operator: it is not there, or it is an Asterisk that will not do."""
    old = shutil.which(name, path=_search_path()) if name == "asterisk" else None
    if old:
        version = _asterisk_version(old) or "of no version"
        return f"{old} is Asterisk {version}, and {LEAST_ASTERISK} is the least: run `make setup` to fetch a newer one."
    return f"{name} is not on this machine: run `make setup` to fetch it."


@functools.cache
def _asterisk_version(binary: str) -> int:
    """Its major version; 0 when it does not say (a development build, a broken install)."""
    try:
        said = subprocess.run([binary, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"Asterisk (?:certified[-/])?(\d+)\.", said)
    return int(match.group(1)) if match else 0


def _private(name: str) -> Path | None:
    if name not in _fetched():
        return None
    return next(path for path in (_root() / "usr/sbin" / name, _root() / "usr/bin" / name) if path.exists())


def _fetched() -> set[str]:
    """Names whose packages were wholly unpacked into this very folder (a moved one is fetched again)."""
    try:
        stamp = json.loads((folder() / "stamp.json").read_text())
    except (OSError, ValueError):
        return set()
    if stamp["folder"] != str(folder()):
        return set()
    return {name for name, packages in stamp["packages"].items() if packages == list(PACKAGES.get(name, ()))}


def _write_stamp(names: list[str]) -> None:
    """The fetch's last act: without it everything is fetched again."""
    part = folder() / "stamp.part"
    part.write_text(json.dumps({"folder": str(folder()), "packages": {name: PACKAGES[name] for name in names}}))
    part.replace(folder() / "stamp.json")


def _system_data() -> Path | None:
    installed = _installed("asterisk")
    if installed is None:
        return None
    places = (installed.parent.parent / "share/asterisk", Path("/var/lib/asterisk"))
    return next((place for place in places if (place / "sounds").is_dir()), None)


def _language(data: Path, lang: str) -> Path | None:
    """The folder of Asterisk's own phrases in a language, whose name differs from build to build."""
    found = [path for path in sorted(data.glob(f"sounds/{lang}*")) if path.is_dir() and any(path.glob("*"))]
    return found[0] if found else None


def _link_data() -> None:
    """Make the data folder out of links, so that prompts of ours can lie beside phrases that we must not write to.

    Unpacked or installed, Asterisk's `sounds/en` is a link to /etc/alternatives, which may not exist, and a missing
    prompt hangs up the caller: here each language is a folder of its own.
    """
    data = folder() / "data"
    sources = [source for source in (_system_data(), _root() / "usr/share/asterisk") if source and source.is_dir()]
    for source in reversed(sources):
        for entry in source.iterdir():
            if entry.name != "sounds":
                _link(data / entry.name, entry)
        for lang in LANGUAGES:
            phrases = _language(source, lang)
            for entry in phrases.iterdir() if phrases else ():
                _link(data / "sounds" / lang / entry.name, entry)
    # The one phrase of Asterisk's own that callers hear, for languages of which it has none.
    _link(data / "sounds" / "beep.wav", data / "sounds" / "en" / "beep.wav")


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


@contextmanager
def _alone() -> Iterator[None]:
    """One fetch at a time in this folder; a second one waits for the first and finds its work done."""
    with (folder() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """`python -m app.runtime`: fetch what is missing, or say in one sentence why that cannot be."""
    try:
        fetch(lambda line: print(line, flush=True))
    except RuntimeFault as fault:
        print(f"programs: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
