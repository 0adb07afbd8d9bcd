"""Can digits leak through printing?"""

from __future__ import annotations

from ivr.secret import Secret


def test_a_secret_shows_no_digit_however_it_is_printed() -> None:
    secret = Secret("4711")
    for shown in (repr(secret), str(secret), f"{secret}", "%s" % secret, repr([secret]), f"{secret!r:>40}"):  # noqa: UP031
        assert "4711" not in shown
    assert secret.reveal() == "4711"
    assert secret == Secret("4711") != Secret("4712")
