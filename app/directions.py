"""Where does the operator of this instance look, and what does one dial? Said in lines, once it runs."""

from __future__ import annotations

from collections.abc import Iterator

from app.settings import Settings, service_address
from config.model import Configuration
from telephony.render import host_port


def directions(settings: Settings, configuration: Configuration, demo: bool) -> Iterator[str]:
    """The lines; what they name is there. ``demo``: all phones but the first agent's are taken by synthetic people."""
    web, home, sip = service_address(settings), settings.home, sip_address(settings)
    yield ""
    yield f"  live board   assistline top   (elsewhere, with AL_HOME={home} AL_HTTP_PORT={settings.http_port})"
    yield f"  figures      {web}/metrics"
    yield f"  live view    {web}/api/v1/live   with the header Authorization: Bearer, and {home}/secrets/http"
    yield f"  home         {home}   (recordings in recordings/, logs in log/)"
    yield f"  to call      {caller(settings, configuration)}"
    for line in configuration.lines.values():
        yield f"                 {line.label:<20}{', '.join(line.numbers)}"
    if agent_id := next((agent.agent_id for agent in configuration.agents.values() if agent.extension), None):
        yield f"  to answer    register a softphone at {sip} as {agent_id}, password in {home}/secrets/agent-{agent_id}"
        yield f"                 then dial *1 to be ready, *3 to go{' (synthetic people answer too)' if demo else ''}"
    yield ""


def hint(settings: Settings, configuration: Configuration) -> str:
    """The one line that stands under the board."""
    number = configuration.lines[configuration.default_line].numbers[-1]
    return f"Ctrl-C ends it · to call {caller(settings, configuration).replace('NUMBER', number)}"


def sip_address(settings: Settings) -> str:
    """Where phones and the carrier reach this instance."""
    return host_port(settings.external_address or settings.sip_bind, settings.sip_port)


def caller(settings: Settings, configuration: Configuration) -> str:
    """How the lines are called: from whatever address the carrier has, which may be this very machine's."""
    if "127.0.0.1" in configuration.trunk.addresses and settings.sip_bind in ("127.0.0.1", "0.0.0.0"):
        return f"sip:NUMBER@127.0.0.1:{settings.sip_port} from a softphone on this machine that has no account"
    return f"sip:NUMBER@{sip_address(settings)} from the carrier's {', '.join(configuration.trunk.addresses)}"
