"""Which ports, folders and addresses does this instance use? All of it comes from the environment, read once.

Two instances run side by side when each has its own `AL_HOME` and ports.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import secrets
import socket
import tempfile
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingsFault
from app.runtime import TREE

Port = Annotated[int, Field(ge=1, le=65535)]

ASYNC_DRIVERS = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}


def _own_database(validated: dict[str, Any]) -> str:
    return f"sqlite+aiosqlite:///{validated['home'] / 'assistline.sqlite'}"


class Settings(BaseSettings):
    """One instance's settings; each field is the environment variable `AL_<FIELD>` unless its alias says otherwise.

    `bind` is where our own programs meet (HTTP, FastAGI, AMI), which never leave the machine; phones and the carrier
    come in at `sip_bind`. `lookup_database_url` is the insurer's own database, which menus may ask about callers.
    """

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
    sip_bind: str = "127.0.0.1"
    external_address: str | None = None
    local_networks: Annotated[tuple[str, ...], NoDecode] = ()
    tls_port: Port | None = None
    tls_certificate: Path | None = None
    tls_key: Annotated[Path | None, Field(validate_default=True)] = None
    srtp: bool = False
    database_url: str = Field(default_factory=_own_database, validation_alias="DATABASE_URL")
    lookup_database_url: str | None = Field(default=None, repr=False)
    redis_url: Annotated[str | None, Field(validation_alias="REDIS_URL")] = None

    @field_validator("home", "config", "tls_certificate", "tls_key")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @field_validator("node")
    @classmethod
    def _node_names_channels(cls, node: str) -> str:
        """It becomes Asterisk's systemname, so it stands in every call id and in file names."""
        if not re.fullmatch(r"[a-z0-9]{1,20}", node):
            raise ValueError("1 to 20 small letters and digits are expected")
        return node

    @field_validator("bind")
    @classmethod
    def _bind_is_loopback(cls, bind: str) -> str:
        address = ipaddress.ip_address(bind)
        if not (address.version == 4 and address.is_loopback):
            raise ValueError("an address of this machine's own, 127.x.x.x, is expected; phones come in at AL_SIP_BIND")
        return str(address)

    @field_validator("sip_bind", "external_address")
    @classmethod
    def _is_an_address(cls, address: str | None) -> str | None:
        return address and str(ipaddress.ip_address(address))

    @field_validator("local_networks", mode="before")
    @classmethod
    def _networks(cls, given: str | tuple[str, ...]) -> tuple[str, ...]:
        """As text: networks with a comma between them, `10.0.0.0/8,192.168.0.0/16`."""
        names = given.split(",") if isinstance(given, str) else given
        return tuple(str(ipaddress.ip_network(name.strip())) for name in names)

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _can_be_read(cls, path: Path | None) -> Path | None:
        if path and not os.access(path, os.R_OK):
            raise ValueError("it is not a file that we may read")
        return path

    @field_validator("tls_key")
    @classmethod
    def _tls_is_whole(cls, key: Path | None, info: ValidationInfo) -> Path | None:
        parts = (info.data.get("tls_port"), info.data.get("tls_certificate"), key)
        if any(parts) and not all(parts):
            raise ValueError("AL_TLS_PORT, AL_TLS_CERTIFICATE and AL_TLS_KEY go together")
        return key

    @field_validator("srtp")
    @classmethod
    def _srtp_hides_its_keys(cls, srtp: bool, info: ValidationInfo) -> bool:
        if srtp and not info.data.get("tls_key"):
            raise ValueError("its keys would be sent in clear: set AL_TLS_PORT, AL_TLS_CERTIFICATE and AL_TLS_KEY too")
        return srtp

    @field_validator("database_url", "lookup_database_url")
    @classmethod
    def _with_async_driver(cls, url: str | None) -> str | None:
        if url is None:
            return None
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
        own = {f"AL_{name.upper()}": _as_text(getattr(self, name)) for name in OWN}
        mirror = {"REDIS_URL": self.redis_url} if self.redis_url else {}
        return {**own, "DATABASE_URL": self.database_url, **mirror}


OWN = tuple(name for name, field in Settings.model_fields.items() if field.validation_alias is None)
"""The settings whose variable is AL_<NAME>."""


def _as_text(value: object) -> str:
    """As a variable of the environment, where an empty one counts as unset."""
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def load_settings() -> Settings:
    """The settings of this process's environment; `SettingsFault` names the first variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        field = str(first["loc"][0])
        variable = field if field.isupper() else f"AL_{field.upper()}"
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        given = os.environ.get(variable)
        wrong = f"{variable} cannot be {given!r}" if given else f"{variable} must be set"
        raise SettingsFault(f"{wrong}: {reason}.") from None


def service_address(settings: Settings) -> str:
    """Where this instance's service answers over HTTP."""
    return f"http://{settings.bind}:{settings.http_port}"


def secret(home: Path, name: str) -> str:
    """The instance's secret of this name (`ami`, `agent-anna`): 32 hexadecimal digits, made when first asked for.

    It stands in `home/secrets/NAME`, mode 0600; two processes that ask at once get the same one.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise SettingsFault(f"a secret cannot be called {name!r}: small letters, digits, - and _ are allowed.")
    folder = make_folder(home / "secrets")
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


def make_folder(folder: Path) -> Path:
    """A folder of the instance's own, which nobody else may look into; `SettingsFault` if it cannot be made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingsFault(f"{folder} cannot be made ({fault.strerror}): set AL_HOME to a folder of yours.") from None
    return folder


def check_ports_free(settings: Settings) -> None:
    """`SettingsFault` names the first port that somebody else listens on (SIP is UDP, the others TCP)."""
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    tls = [("AL_TLS_PORT", settings.sip_bind, settings.tls_port, stream)] if settings.tls_port else []
    for variable, address, port, kind in (
        ("AL_HTTP_PORT", settings.bind, settings.http_port, stream),
        ("AL_SIP_PORT", settings.sip_bind, settings.sip_port, datagram),
        ("AL_AMI_PORT", settings.bind, settings.ami_port, stream),
        ("AL_AGI_PORT", settings.bind, settings.agi_port, stream),
        *tls,
    ):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == stream:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as fault:
                if fault.errno == errno.EADDRNOTAVAIL:
                    bind = "AL_BIND" if address == settings.bind else "AL_SIP_BIND"
                    raise SettingsFault(
                        f"{address} is no address of this machine: set {bind} to one of its own."
                    ) from None
                raise SettingsFault(
                    f"port {port} ({variable}) is taken: stop what uses it, or set {variable} to a free port "
                    f"({fault.strerror})."
                ) from None
