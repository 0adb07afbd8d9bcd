"""How does the command line ask the running service for something? Over HTTP on loopback, with the instance's token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from app.errors import AppFault
from app.settings import Settings, secret, service_address

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Our own service is never behind a proxy."""


class NobodyAnswers(AppFault):
    """No service answers at this instance's address."""


def post(settings: Settings, path: str, body: Mapping[str, str], seconds: float = 5.0) -> Any:
    """What the service answers, None if nothing; AppFault with its reason when it refuses, NobodyAnswers."""
    request = urllib.request.Request(
        service_address(settings) + path,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {secret(settings.home, 'http')}"},
    )
    try:
        with DIRECT.open(request, timeout=seconds) as answer:
            told = answer.read()
            return json.loads(told) if told else None
    except urllib.error.HTTPError as refused:
        problem = json.loads(refused.read() or b"{}")
        raise AppFault(problem.get("detail") or problem.get("title") or f"refused: {refused.code}") from None
    except OSError:
        where = service_address(settings)
        raise NobodyAnswers(f"no service answers at {where}; is AL_HOME the service's own?") from None
