"""Which ports, folders and addresses does this instance use? All of it comes from the environment, read once.

Two instances run side by side when each has its own `AL_HOME` and ports.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import SettingsFault

TREE = Path(__file__).absolute().parent.parent

Port = Annotated[int, Field(ge=1, le=65535)]

ASYNC_DRIVERS = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


def _own_database(validated: dict[str, Any]) -> str:
    return f"sqlite+aiosqlite:///{validated['home'] / 'assistline.sqlite'}"


class Settings(BaseSettings):
    """One instance's settings; each field is the environment variable `AL_<FIELD>` unless its alias says otherwise."""

    model_config = SettingsConfigDict(env_prefix="AL_", frozen=True, env_ignore_empty=True, populate_by_name=True)

    home: Path = TREE / ".home"
    config: Path = TREE / "config" / "sample" / "assistline.yaml"
    node: str = "node1"
    bind: str = "127.0.0.1"
    http_port: Port = 8080
    sip_port: Port = 5060
    ami_port: Port = 5038
    agi_port: Port = 4573
    rtp_start: Port = 10000
    rtp_end: Port = 10999
    database_url: str = Field(default_factory=_own_database, validation_alias="DATABASE_URL")
    redis_url: Annotated[str | None, Field(validation_alias="REDIS_URL")] = None

    @field_validator("home", "config")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("node")
    @classmethod
    def _node_names_channels(cls, node: str) -> str:
        """It becomes Asterisk's systemname, so it stands in every call id and in file names."""
        if not re.fullmatch(r"[a-z0-9]{1,20}", node):
            raise ValueError("1 to 20 small letters and digits are expected")
        return node

    @field_validator("bind")
    @classmethod
    def _bind_is_an_address(cls, bind: str) -> str:
        return str(ipaddress.ip_address(bind))

    @field_validator("database_url")
    @classmethod
    def _with_async_driver(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        return f"{ASYNC_DRIVERS.get(scheme, scheme)}{separator}{rest}"

    @field_validator("rtp_end")
    @classmethod
    def _range_has_room(cls, end: int, info: ValidationInfo) -> int:
        """A call in progress has two legs, and each takes an even port and the odd one above it."""
        start = info.data.get("rtp_start", end)
        if end < start + 3:
            raise ValueError(f"it must be at least 3 above AL_RTP_START, which is {start}")
        return end

    def environment(self) -> dict[str, str]:
        """The environment in which another process of this instance has the same settings."""
        own = {f"AL_{name.upper()}": str(getattr(self, name)) for name in OWN}
        mirror = {"REDIS_URL": self.redis_url} if self.redis_url else {}
        return {**own, "DATABASE_URL": self.database_url, **mirror}


OWN = tuple(name for name, field in Settings.model_fields.items() if field.validation_alias is None)
"""The settings whose variable is AL_<NAME>."""


def load_settings() -> Settings:
    """The settings of this process's environment; `SettingsFault` names the first variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        field = str(first["loc"][0])
        variable = field if field.isupper() else f"AL_{field.upper()}"
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        raise SettingsFault(f"{variable} cannot be {os.environ.get(variable)!r}: {reason}.") from None


def secret(home: Path, name: str) -> str:
    """The instance's secret of this name (`ami`, `agent-anna`): 32 hexadecimal digits, made when first asked for.

    It stands in `home/secrets/NAME`, mode 0600; two processes that ask at once get the same one.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise SettingsFault(f"a secret cannot be called {name!r}: small letters, digits, - and _ are allowed.")
    folder = home / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        descriptor, part = tempfile.mkstemp(dir=folder)  # mode 0600 from the start
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(16))
        try:
            path.hardlink_to(part)  # unlike a rename, this never replaces what another process has just made
        except FileExistsError:
            pass
        finally:
            os.unlink(part)
    return path.read_text()


def check_ports_free(settings: Settings) -> None:
    """`SettingsFault` names the first port that somebody else listens on (SIP is UDP, the others TCP)."""
    for variable, port, kind in (
        ("AL_HTTP_PORT", settings.http_port, socket.SOCK_STREAM),
        ("AL_SIP_PORT", settings.sip_port, socket.SOCK_DGRAM),
        ("AL_AMI_PORT", settings.ami_port, socket.SOCK_STREAM),
        ("AL_AGI_PORT", settings.agi_port, socket.SOCK_STREAM),
    ):
        family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.bind, port))
            except OSError as fault:
                raise SettingsFault(
                    f"port {port} ({variable}) is taken: stop what uses it, or set {variable} to a free port "
                    f"({fault.strerror})."
                ) from None
