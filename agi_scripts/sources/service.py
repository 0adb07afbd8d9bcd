"""What does the insurer's service say of a caller? Asked by POST, since numbers in a URL end up in logs.

``{"field": "policy", "value": "…"}`` brings a record, ``{"about": "claim", "region": "…", "fields": {…}}`` an answer:
a JSON object with the names of `agi_scripts.sources.records`, or 404 for nobody and nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp

from agi_scripts.errors import BadAnswer
from agi_scripts.sources.kept import ASK_SECONDS, Kept
from agi_scripts.sources.records import answer_of, asked_for, record_of
from config.sources import RestSource
from ivr.dialogue import CallerRecord
from ivr.secret import Secret

MOST_BYTES = 16_384
"""A record has some hundred."""

Question = tuple[tuple[str, str | tuple[tuple[str, str], ...]], ...]
Told = Mapping[str, object] | None


class Service:
    """One source behind ``source.url``, shown this token. To be made and closed in a running event loop."""

    def __init__(self, source: RestSource, token: str) -> None:
        self._url = source.url
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=ASK_SECONDS),
            trust_env=False,
        )
        self._kept: Kept[Question, Told] = Kept(self._told, source.keep_seconds)

    async def find_caller(self, field: str, typed: Secret, number: Secret) -> CallerRecord | None:
        """The port FindsCallers."""
        asked = asked_for(field, typed, number)
        if asked is None:
            return None
        name, value = asked
        told = await self._kept.get((("field", name), ("value", value)))
        return record_of(told) if told is not None else None

    async def find_answer(self, about: str, region: str, typed: Mapping[str, Secret]) -> tuple[str, Secret] | None:
        """The port FindsAnswers."""
        fields = tuple(sorted((field, digits.reveal()) for field, digits in typed.items()))
        told = await self._kept.get((("about", about), ("region", region), ("fields", fields)))
        return answer_of(told) if told is not None else None

    async def close(self) -> None:
        """Ask no more."""
        await self._kept.close()
        await self._session.close()

    async def _told(self, question: Question) -> Told:
        body = {name: dict(value) if isinstance(value, tuple) else value for name, value in question}
        async with self._session.post(self._url, json=body, allow_redirects=False) as response:
            if response.status == HTTPStatus.NOT_FOUND:
                return None
            if response.status != HTTPStatus.OK:
                raise BadAnswer(f"the service answers {response.status}")
            told = bytearray()
            async for chunk in response.content.iter_chunked(4096):
                told += chunk
                if len(told) > MOST_BYTES:
                    raise BadAnswer("the service answers too much")
        try:
            found = json.loads(told)
        except (ValueError, RecursionError):
            raise BadAnswer("the service answers something that is not JSON") from None
        if not isinstance(found, dict):
            raise BadAnswer("the service answers something that is no object")
        return found
