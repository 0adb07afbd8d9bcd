"""Which configuration is in force? A file in AL_HOME, once one has been applied; every accepted text is kept in SQL.

AL_CONFIG is what an instance begins with. What `assistline apply` has accepted since stands in AL_HOME/in-force.yaml
and wins: a file that is being edited, or has been broken, is not what the next start reads.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from app.settings import Settings, make_folder


def in_force(settings: Settings) -> Path:
    """The file of the configuration in force."""
    applied = _applied(settings)
    return applied if applied.exists() else settings.config


def put_in_force(settings: Settings, text: str) -> Path:
    """Make this accepted text the one that the next start reads; readers see the old file or the new one."""
    descriptor, part = tempfile.mkstemp(dir=make_folder(settings.home))  # mode 0600 from the start
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, _applied(settings))
    return _applied(settings)


def forget(settings: Settings) -> None:
    """Begin with AL_CONFIG again."""
    _applied(settings).unlink(missing_ok=True)


def _applied(settings: Settings) -> Path:
    return settings.home / "in-force.yaml"
