"""How do Debian packages come into a folder of ours, without root and without touching the machine's own packages?

A private apt: its own sources (Debian unstable, from the mirror that this machine already uses, signed by the Debian
archive keyring), its own lists and cache, and an empty list of installed packages, so that the whole closure, libc
included, is resolved. What it downloads is unpacked, never installed: no package script runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from app.errors import RuntimeFault

SUITE = "sid"
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{kind}") for kind in ("pgp", "gpg"))
# Archives, the unpacked root and apt's lists at their largest, measured at 0.9 GB with every package asked for.
SPACE_NEEDED = 1_300_000_000

SETTINGS = """\
#clear APT::Update;
#clear DPkg;
APT::Default-Release "";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::Cache "{apt}/cache";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::Etc::SourceList "{apt}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "{apt}/state";
Dir::State::Lists "{apt}/lists";
Dir::State::status "{apt}/status";
"""


def fetch(packages: Iterable[str], folder: Path, say: Callable[[str], None]) -> None:
    """Unpack these packages and all they depend on as `folder/root`, replacing what is there; `RuntimeFault` if not.

    Done in `folder/root.part` and renamed at the end. Archives that were already downloaded are kept until then, so
    that an interrupted fetch goes on where it was.
    """
    _check_machine(folder)
    apt = _private_apt(folder / "apt")
    _apt_get(apt, "update", [], "reading the package list")
    _apt_get(apt, "install", ["--download-only", *packages], "downloading")
    part = folder / "root.part"
    shutil.rmtree(part, ignore_errors=True)
    archives = sorted(apt.glob("cache/archives/*.deb"))
    for done, archive in enumerate(archives, start=1):
        _unpack(archive, part)
        progress("unpacking", 100 * done // len(archives))
    shutil.rmtree(folder / "root", ignore_errors=True)
    part.rename(folder / "root")
    shutil.rmtree(apt)
    say(f"  unpacked {len(archives)} packages")


def _check_machine(folder: Path) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise RuntimeFault(
                f"{tool} is not on this machine, so Asterisk cannot be fetched: install Asterisk 18 or later, sipp, "
                "redis-server, espeak-ng, promtool and prometheus yourself, or use Debian."
            )
    if not any(keyring.exists() for keyring in KEYRINGS):
        raise RuntimeFault(f"{KEYRINGS[-1]} is missing, so packages cannot be trusted: install debian-archive-keyring.")
    free = shutil.disk_usage(folder).free
    if free < SPACE_NEEDED:
        raise RuntimeFault(
            f"{folder} has {free // 1_000_000} MB free and {SPACE_NEEDED // 1_000_000} are needed: "
            "make room, or set AL_RUNTIME to a folder elsewhere."
        )


def _private_apt(apt: Path) -> Path:
    """Lay out apt's folders and settings; nothing here survives a fetch that succeeded."""
    for need in ("cache/archives/partial", "lists/partial", "state"):
        (apt / need).mkdir(parents=True, exist_ok=True)
    keyring = next(keyring for keyring in KEYRINGS if keyring.exists())
    (apt / "sources.list").write_text(f"deb [signed-by={keyring}] {_mirror()} {SUITE} main\n")
    (apt / "status").touch()
    # The machine's settings are read first (a proxy may stand there); its hooks must not run here, nor its pins bind.
    own = "/etc/apt/apt.conf"
    include = f'#include "{own}";\n' if Path(own).exists() else ""
    (apt / "last.conf").write_text(include + SETTINGS.format(apt=apt))
    (apt / "first.conf").write_text(f'Dir::Etc::Main "{apt}/last.conf";\n')
    return apt


def _mirror() -> str:
    """The archive that this machine takes Debian from; its main one, since the security archive has no unstable.

    `apt-get indextargets` would say it in words of its own, but only once the machine has read its package lists.
    """
    command = ["apt-get", "update", "--print-uris"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^'((?!cdrom:)[^']*/debian)/+dists/[a-z]+/InRelease'", told, re.MULTILINE)
    if not found:
        raise RuntimeFault("apt on this machine names no Debian archive: add Debian's main archive to its sources.")
    return str(found[0])


def _apt_get(apt: Path, command: str, arguments: list[str], doing: str) -> None:
    reading, writing = os.pipe()
    with (apt / "stderr").open("w+") as stderr:
        running = subprocess.Popen(
            ["apt-get", command, "-qq", "-o", f"APT::Status-Fd={writing}", *arguments],
            env={
                **os.environ,
                "APT_CONFIG": str(apt / "first.conf"),
                "LC_ALL": "C",
                "DEBIAN_FRONTEND": "noninteractive",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            pass_fds=[writing],
        )
        os.close(writing)
        with os.fdopen(reading) as status:
            for line in status:
                fields = line.split(":")
                if fields[0] == "dlstatus":
                    progress(doing, min(99, int(float(fields[2]))))
        if running.wait():
            stderr.seek(0)
            raise RuntimeFault(_reason(stderr.read()))
    progress(doing, 100)


def _reason(stderr: str) -> str:
    """One sentence from what apt said."""
    errors = [line[3:].strip() for line in stderr.splitlines() if line.startswith("E: ")]
    first = errors[0] if errors else "apt-get gave no reason"
    if "space" in first:
        return f"the disk filled up while fetching ({first}): make room and try again."
    return f"Debian's archive could not be read ({first}): check the network or the proxy, and try again."


def _unpack(archive: Path, into: Path) -> None:
    unpacked = subprocess.run(
        ["dpkg-deb", "--extract", str(archive), str(into)], capture_output=True, text=True, check=False
    )
    if unpacked.returncode:
        raise RuntimeFault(
            f"{archive.name} could not be unpacked ({unpacked.stderr.strip()}): make room and try again."
        )


def progress(doing: str, percent: int) -> None:
    """One line that grows on a terminal; elsewhere a line at the end of each step."""
    if sys.stdout.isatty():
        print(f"\r  {doing}: {percent} %\033[K", end="\n" if percent >= 100 else "", flush=True)
    elif percent >= 100:
        print(f"  {doing}: done", flush=True)
