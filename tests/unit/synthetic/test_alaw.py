"""Does A-law keep what was said, as G.711 demands, and a WAV file all of it?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synthetic.alaw import decode, encode, read_wav, transcoded, write_wav
from synthetic.tones import tone


@pytest.mark.parametrize(
    ("byte", "sample"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504), (0x00, -5504)],
)
def test_levels_are_those_of_g711(byte: int, sample: int) -> None:
    assert decode(bytes([byte]))[0] == sample


def test_every_code_survives_a_round_trip() -> None:
    codes = bytes(range(256))
    assert encode(decode(codes)) == codes


def test_the_error_is_at_most_half_a_step_of_its_segment() -> None:
    samples = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
    error = np.abs(transcoded(samples).astype(int) - samples.astype(int))
    assert (error <= np.maximum(8, np.abs(samples.astype(int)) / 31)).all()


def test_silence_is_the_byte_that_says_so() -> None:
    assert encode(np.zeros(3, dtype=np.int16)) == b"\xd5\xd5\xd5"


def test_a_wav_comes_back_as_written_with_its_channels_as_columns(tmp_path: Path) -> None:
    both = np.column_stack((tone(400, 0.1), tone(900, 0.1)))
    write_wav(tmp_path / "both.wav", both)
    assert (read_wav(tmp_path / "both.wav") == both).all()


def test_a_wav_of_another_rate_is_refused(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(400, 0.1))
    header = bytearray((tmp_path / "a.wav").read_bytes())
    header[24:28] = (16000).to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(header)
    with pytest.raises(ValueError, match="8000 Hz"):
        read_wav(tmp_path / "a.wav")
