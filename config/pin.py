"""Is this the clinic's PIN? Only its scrypt hash is ever written down.

`python -m config.pin` asks for a PIN and prints the hash for the configuration.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import re
import secrets
import sys

FORM = re.compile(r"scrypt\$(\d+)\$(\d+)\$(\d+)\$([0-9a-f]{32})\$([0-9a-f]{64})")
COST, BLOCK, LANES = 16384, 8, 1
MOST_MEMORY = 32 << 20
"""Bytes that OpenSSL's scrypt takes at most."""
PIN_FORM = re.compile(r"[0-9]{4,8}")


def hash_pin(pin: str, salt: bytes) -> str:
    """The PIN's hash in the form `scrypt$N$r$p$SALT$HASH`; ``salt`` is 16 random bytes."""
    return f"scrypt${COST}${BLOCK}${LANES}${salt.hex()}${_digest(pin, salt, COST, BLOCK, LANES).hex()}"


def can_be_checked(stored: str) -> bool:
    """Whether ``stored`` is a hash that `pin_matches` can compute at all."""
    match = FORM.fullmatch(stored)
    if not match:
        return False
    cost, block, lanes = map(int, match.groups()[:3])
    power_of_two = cost > 1 and cost & (cost - 1) == 0
    return power_of_two and block > 0 and lanes > 0 and 128 * block * (cost + lanes + 2) <= MOST_MEMORY


def pin_matches(pin: str, stored: str) -> bool:
    """Whether ``stored`` is a hash of this PIN; takes some 50 ms of one core, so call it off the event loop."""
    match = FORM.fullmatch(stored)
    if match is None or not can_be_checked(stored):
        return False
    cost, block, lanes = map(int, match.groups()[:3])
    wanted = _digest(pin, bytes.fromhex(match.group(4)), cost, block, lanes)
    return hmac.compare_digest(wanted, bytes.fromhex(match.group(5)))


def _digest(pin: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=cost, r=block, p=lanes, dklen=32)


def main() -> int:
    """Ask for a PIN without showing it and print its hash."""
    pin = getpass.getpass("PIN (4 to 8 digits): ")
    if not PIN_FORM.fullmatch(pin):
        print("A PIN has 4 to 8 digits.", file=sys.stderr)
        return 1
    print(hash_pin(pin, secrets.token_bytes(16)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
