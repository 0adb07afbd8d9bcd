"""Which files does an Asterisk need to run this configuration? The templates of asterisk_conf, filled in.

Every value passes one choke, `plain`: what could end a line, open a section, begin a comment or be evaluated by the
dialplan is refused, wherever it came from.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

import asterisk_conf
from config.model import Configuration
from routing.agent import AgentProfile, can_serve
from routing.waiting import Queue
from telephony.errors import RenderUnsafe
from telephony.framing import PLACE

TEMPLATES = Path(str(asterisk_conf.__file__)).parent
CHANNEL_VARIABLES = ("AL_CALL_ID", "AL_STATE", "AL_AGENT", "AL_PLACE")
"""What every AMI event about a channel carries of it. Asterisk looks each of them up at every step of a call, and when
one is set, so what seldom changes stands in one, AL_PLACE."""

DISABLED_EVENTS = (
    *("BridgeCreate", "BridgeDestroy", "BridgeEnter", "BridgeLeave", "DialBegin", "DialEnd", "DialState"),
    *("HangupHandlerPop", "HangupHandlerPush", "HangupHandlerRun", "HangupRequest", "SoftHangupRequest"),
    *("MusicOnHoldStart", "MusicOnHoldStop", "NewAccountCode", "NewCallerid", "NewConnectedLine", "Newchannel"),
    *("Newexten", "Newstate", "VarSet"),
)
"""What happens often in a call and nobody reads: Asterisk need not wake the connection only to filter it out."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029;\[\]{}$\"\\`|]")
_MEANT = re.compile(r"\$\{AL_[A-Z_]+\}|\[[0-9a-f:.]+\](?=:\d)")
"""A channel variable of ours, and an IPv6 address before its port: the templates themselves write these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """SIP over TLS: its port, and the PEM files of the certificate and its key."""

    port: int
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the files say of this instance and its machine; handed in by app.

    ``home`` is the instance's own folder (everything Asterisk writes lies under it); ``bind`` is where our programs
    meet, ``sip_bind`` where phones and the carrier come in, who are told ``external_address`` instead unless they are
    in ``local_networks``; ``modules_dir``, ``data_dir`` and ``moh_dir`` belong to the Asterisk found on this machine;
    ``python`` runs agi_scripts.failsafe. ``srtp`` encrypts the agents' sound and wants ``tls``, or its keys would be
    readable. ``rtp_timeout``: seconds without sound after which a caller is taken for gone; 0 = never.
    """

    home: Path
    node: str
    bind: str
    sip_bind: str = "127.0.0.1"
    sip_port: int
    ami_port: int
    agi_port: int
    rtp_start: int
    rtp_end: int
    modules_dir: Path
    data_dir: Path
    moh_dir: Path
    python: Path
    tls: Tls | None = None
    srtp: bool = False
    external_address: str | None = None
    local_networks: tuple[str, ...] = ()
    qualify_seconds: int = 2
    rtp_timeout: int = 60

    @property
    def etc_dir(self) -> Path:
        return self.home / "asterisk" / "etc"

    @property
    def var_dir(self) -> Path:
        return self.home / "asterisk" / "var"

    @property
    def spool_dir(self) -> Path:
        return self.home / "asterisk" / "spool"

    @property
    def run_dir(self) -> Path:
        return self.home / "asterisk" / "run"

    @property
    def log_dir(self) -> Path:
        return self.home / "asterisk" / "log"

    @property
    def recording_dir(self) -> Path:
        """Where each leg is written while it talks; the recordings' pipeline takes it from there."""
        return self.home / "legs"

    @property
    def failsafe_spool(self) -> Path:
        """Where calls that the service did not see are kept until it is back."""
        return self.home / "spool" / "failsafe.jsonl"

    @property
    def folders(self) -> tuple[Path, ...]:
        """What Asterisk expects to be there when it starts."""
        own = (self.etc_dir, self.var_dir, self.spool_dir, self.run_dir, self.log_dir)
        return (*own, self.recording_dir, self.failsafe_spool.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords of this instance: of the AMI account, of each agent's phone, and for the carrier if it asks for one.

    ``agi`` is the token by which our menu sessions know this dialplan.
    """

    ami: str = field(repr=False)
    agi: str = field(repr=False)
    agents: Mapping[str, str] = field(repr=False)
    trunk: str | None = field(default=None, repr=False)


def render(configuration: Configuration, site: Site, secrets: Secrets) -> list[Path]:
    """Write every file into the site's ``etc_dir``, and make the folders Asterisk writes to.

    All files are filled in before the first is replaced, each atomically, mode 0600; raises RenderUnsafe.
    """
    if site.srtp and site.tls is None:
        raise RenderUnsafe("SRTP without TLS would send its keys in clear: give a certificate, or switch SRTP off")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    values = {
        "configuration": configuration,
        "callers_at_most": callers_at_most(configuration, site),
        "settings": site,
        "secrets": secrets,
        "channelvars": CHANNEL_VARIABLES,
        "disabled_events": DISABLED_EVENTS,
        "place": "/".join(f"${{{name}}}" for name in PLACE[1:]),
        "members_of": lambda queue: members_of(queue, configuration),
        "host_port": host_port,
        "music": sorted({piece.with_suffix("") for piece in site.moh_dir.glob("*.*")}),
    }
    names = environment.list_templates(extensions=["j2"])
    texts = {name.removesuffix(".j2"): environment.get_template(name).render(values) for name in names}
    for made in site.folders:
        made.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [_replace(site.etc_dir / name, text) for name, text in texts.items()]


def plain(value: object) -> str:
    """The value as text; RenderUnsafe for anything that would mean more than itself in one of Asterisk's files.

    The message does not quote it: it may be a secret.
    """
    if value is None:
        raise RenderUnsafe("a template asks for a value that is not there")
    text = str(value)
    if found := _FORBIDDEN.search(_MEANT.sub("", text)):
        raise RenderUnsafe(f"a value holds {found.group()!r}, which means something in Asterisk's files")
    return text


def members_of(queue: Queue, configuration: Configuration) -> list[AgentProfile]:
    """Who may take calls of this queue in the fallback: all that the queue itself asks for, whatever the language."""
    return [agent for agent in configuration.agents.values() if can_serve(agent, queue.needs)]


def callers_at_most(configuration: Configuration, site: Site) -> int:
    """How many callers are taken in before all but emergency lines refuse more.

    Each leg needs an RTP port and the odd one above it. Whoever can be rung keeps one, and a tenth is kept for callers
    of emergency lines; a small range is halved.
    """
    legs = (site.rtp_end - site.rtp_start + 1) // 2
    rung = len(configuration.agents) + len(configuration.queues)
    return max(legs // 2, legs - legs // 10 - rung)


def host_port(host: str, port: int) -> str:
    """``host:port``, with the brackets of an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _replace(path: Path, text: str) -> Path:
    """Asterisk, which may be reading it, sees the old file or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
    return path
