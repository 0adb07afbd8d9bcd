"""What does a fresh machine need before anything of ours runs, and is it there already?

Three steps, each skipped when nothing it depends on has changed: the virtual environment from the hashed lock, the
programs of `app.runtime`, the prompts. Run by `make setup` with the machine's own Python, so only the standard library
is used here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from app import fetch as archive
from app import runtime
from app.errors import AppFault, EnvironmentFault
from app.runtime import TREE

LOCK = TREE / "requirements.lock"

# A machine's pip may be told to install elsewhere or other versions; where it gets packages from is its own affair.
PIP_MISLEADERS = ("PIP_CONSTRAINT", "PIP_PREFIX", "PIP_REQUIREMENT", "PIP_TARGET", "PIP_USER")


def make_environment(folder: Path) -> None:
    """The locked packages and the `assistline` command in `folder`; `EnvironmentFault` says why not."""
    stamp = folder / "stamp"
    wanted = _fingerprint(folder)
    if stamp.exists() and stamp.read_text() == wanted:
        _say("environment: is here")
        return
    version = ".".join(map(str, sys.version_info[:3]))
    _say(f"environment: installing the locked packages for Python {version} into {folder}")
    _bare_environment(folder)
    python = str(folder / "bin" / "python")
    _pip(python, "--require-hashes", "--requirement", str(LOCK), packages=LOCK.read_text().count("=="))
    # "compat" puts the tree on the path; the default maps the folders of this moment, and misses one added later
    ours = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable", str(TREE)]
    _pip(python, *ours, packages=1)
    stamp.write_text(wanted)


def _fingerprint(folder: Path) -> str:
    """What an environment depends on: the lock, our own entry points, the Python, and the place that scripts name."""
    parts = (LOCK.read_bytes(), (TREE / "pyproject.toml").read_bytes(), sys.version.encode(), str(folder).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _bare_environment(folder: Path) -> None:
    """An environment with pip in it. Debian's Python may lack ensurepip; pip then comes as Debian's own wheel."""
    has_pip = find_spec("ensurepip") is not None
    options = ["--clear", *([] if has_pip else ["--without-pip"])]
    command = [sys.executable, "-m", "venv", *options, str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        said = (made.stderr or made.stdout).strip().splitlines()
        raise EnvironmentFault(
            f"{sys.executable} could not make an environment: {said[-1] if said else 'no reason given'}"
        )
    if not has_pip:
        place = folder / "debian"
        place.mkdir()
        archive.fetch(["python3-pip-whl"], place, _say)
        wheel = next(place.glob("root/usr/share/python-wheels/pip-*.whl"))
        command = [str(folder / "bin" / "python"), f"{wheel}/pip", "install", "--quiet", "--no-index", str(wheel)]
        subprocess.run(command, env=_pip_environment(), check=True)
        shutil.rmtree(place)


def _pip(python: str, *arguments: str, packages: int) -> None:
    """Install, showing how many of the packages pip has come to; its last error becomes the fault."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    with subprocess.Popen(
        [*command, *arguments],
        env=_pip_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as pip:
        assert pip.stdout is not None
        reached = 0
        errors = []
        for line in pip.stdout:
            reached += line.startswith(("Collecting ", "Obtaining "))
            errors += [line.strip()] if line.startswith("ERROR: ") else []
            archive.progress("installing", min(99, 100 * reached // packages))
    if pip.returncode:
        reason = errors[0].removeprefix("ERROR: ") if errors else f"pip ended with {pip.returncode}"
        raise EnvironmentFault(
            f"the locked packages could not be installed ({reason}): check the network and pip's index."
        )
    archive.progress("installing", 100)


def _pip_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in PIP_MISLEADERS}


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """`python3 -m app.install`: all three steps, or one sentence about what stands in the way."""
    environment = TREE / ".venv"
    try:
        make_environment(environment)
        runtime.fetch(_say)
    except AppFault as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the next call goes on from here", file=sys.stderr)
        return 130
    return subprocess.run([environment / "bin" / "python", "-m", "app.prompts"], cwd=TREE, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
