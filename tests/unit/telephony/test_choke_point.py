"""Nothing leaves for Asterisk that could be read as more than the one action that was meant."""

from __future__ import annotations

import asyncio
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.connection import MAX_HEADERS, MAX_LINE, Headers, Request, checked
from telephony.errors import AmiUnsafe


def wire(headers: Headers) -> str:
    """What would be sent."""

    async def make() -> str:
        return str(Request(headers))

    return asyncio.run(make())


@pytest.mark.parametrize(
    "headers",
    [
        {"Action": "Ping", "Value": "a\r\nAction: Hangup"},
        {"Action": "Ping", "Value": "a\n"},
        {"Action": "Ping", "Value": "a\r"},
        {"Action": "Ping", "Value": "a\0b"},
        {"Action": "Ping\r\nChannel: x"},
        {"Action": "Ping", "Variable": ["AL_X=1", "AL_Y=2\r\n"]},
        {"Action": "Ping", "Va\r\nlue": "0501234567"},
        {"Action": "Ping", "Va:lue": "0501234567"},
        {"Action": "Ping", "": "0501234567"},
        {"Action": "Ping", "Value": "\ud800"},
        {"Action": "Ping", "Value": "x" * MAX_LINE},
        {"Action": "Ping", "Value": "й" * (MAX_LINE // 2)},
        {"Action": "Ping", "Variable": ["AL_X=1"] * MAX_HEADERS},
        {"Action": "Ping", "ActionID": "mine"},
        {"Action": "Ping", "actionid": "mine"},
        {"Channel": "x"},
        {"Action": ""},
    ],
)
def test_is_refused_without_telling_the_value(headers: Headers) -> None:
    with pytest.raises(AmiUnsafe) as refused:
        checked(headers)
    for value in headers.values():
        assert not value or str(value) not in str(refused.value)


def test_the_longest_line_that_asterisk_takes_is_sent() -> None:
    value = "x" * (MAX_LINE - len("Value: "))
    assert f"Value: {value}\r\n" in wire({"Action": "Setvar", "Value": value})


def test_lists_become_one_line_each() -> None:
    text = wire({"Action": "Originate", "Variable": ["AL_X=1", "AL_Y=щ"]})
    assert "Variable: AL_X=1\r\nVariable: AL_Y=щ\r\n" in text and text.endswith("\r\n\r\n")


NASTY = st.text(st.one_of(st.sampled_from("\r\n\0: "), st.characters()), max_size=40)


@given(st.dictionaries(NASTY, NASTY, max_size=5))
@settings(max_examples=5_000 if os.environ.get("AL_LONG") else 200, deadline=None)
def test_what_is_sent_reads_back_as_exactly_what_was_meant(headers: dict[str, str]) -> None:
    headers["Action"] = headers.get("Action", "Ping")
    _sent_is_meant_or_refused(headers)


def test_fuzzed_actions_are_sent_as_meant_or_refused() -> None:
    rng = random.Random(20260723)
    count = 100_000 if os.environ.get("AL_LONG") else 2_000
    pieces = [
        "\r\n",
        "\r",
        "\n",
        "\0",
        "\r\n\r\nAction: Originate\r\n",
        "AL_X",
        ": ",
        "=",
        "я",
        "x" * 300,
        "\ud800",
        "1",
    ]
    sent = [
        _sent_is_meant_or_refused(
            {"Action": "Setvar", rng.choice(["Value", "Channel", "x\r"]): "".join(rng.choices(pieces, k=4))}
        )
        for _ in range(count)
    ]
    assert any(sent) and not all(sent)


def _sent_is_meant_or_refused(headers: dict[str, str]) -> bool:
    """Whether it was sent."""
    try:
        meant = checked(headers)
    except AmiUnsafe:
        return False
    lines = _serialized(meant).split("\r\n")
    assert lines[-2:] == ["", ""] and all(lines[:-2])
    assert sorted(line.split(": ", 1) for line in lines[:-2]) == sorted(
        [name, value] for name, value in headers.items()
    )
    return True


def _serialized(headers: Headers) -> str:
    """panoramisk's text of an action, without the id that it adds."""
    text = wire(headers)
    return "\r\n".join(line for line in text.split("\r\n") if not line.startswith("ActionID: "))
