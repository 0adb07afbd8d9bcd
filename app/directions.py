"""Where does the operator of this instance look, and what does one dial? Said in lines, once it runs."""

from __future__ import annotations

from collections.abc import Iterator

from app.settings import Settings, service_address
from config.model import Configuration


def directions(settings: Settings, configuration: Configuration, demo: bool) -> Iterator[str]:
    """The lines; what they name is there. ``demo``: all phones but the first agent's are taken by synthetic people."""
    web, home, sip = service_address(settings), settings.home, sip_address(settings)
    yield ""
    yield f"  live board   assistline top   (elsewhere, with AL_HOME={home} AL_HTTP_PORT={settings.http_port})"
    yield f"  figures      {web}/metrics"
    yield f"  live view    {web}/api/v1/live   with the header Authorization: Bearer, and {home}/secrets/http"
    yield f"  home         {home}   (recordings in recordings/, logs in log/)"
    yield f"  to call      {caller(configuration)}sip:NUMBER@{sip}"
    for line in configuration.lines.values():
        yield f"                 {line.numbers[0]:<16}{line.label}"
    if agent_id := next((agent.agent_id for agent in configuration.agents.values() if agent.extension), None):
        yield f"  to answer    register a softphone at {sip} as {agent_id}, password in {home}/secrets/agent-{agent_id}"
        yield f"                 then dial *1 to be ready, *3 to go{' (synthetic people answer too)' if demo else ''}"
    yield ""


def hint(settings: Settings, configuration: Configuration) -> str:
    """The one line that stands under the board."""
    line = configuration.lines[configuration.default_line]
    return f"Ctrl-C ends it · call sip:{line.numbers[-1]}@{sip_address(settings)} · home: {settings.home}"


def sip_address(settings: Settings) -> str:
    """Where phones and callers reach this instance."""
    host = settings.external_address or settings.sip_bind
    return f"[{host}]:{settings.sip_port}" if ":" in host else f"{host}:{settings.sip_port}"


def caller(configuration: Configuration) -> str:
    """Who may call the lines: whoever has an address of the carrier's."""
    if "127.0.0.1" in configuration.trunk.addresses:
        return "from any softphone on this machine, without an account: "
    return f"through the carrier ({', '.join(configuration.trunk.addresses)}): "
