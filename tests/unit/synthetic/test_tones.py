"""Are sounds recognised, and told from each other?"""

from __future__ import annotations

import numpy as np
import pytest

from synthetic.alaw import Pcm, transcoded
from synthetic.tones import (
    AnySound,
    Prompt,
    Silence,
    Tone,
    dominant,
    is_silent,
    level,
    resembles,
    silence,
    strength,
    tone,
)


def speech(seed: int, seconds: float = 2.0) -> Pcm:
    """Something as irregular as speech: noise of changing loudness."""
    noise = np.random.default_rng(seed)
    loudness = np.repeat(noise.uniform(200, 4000, round(seconds * 20)), 400)
    return (noise.standard_normal(len(loudness)) * loudness).clip(-32000, 32000).astype(np.int16)


def test_a_tone_carries_its_own_frequency_and_no_other() -> None:
    heard = transcoded(tone(600, 0.2))
    assert strength(heard, 600) > 0.95
    assert strength(heard, 700) < 0.05


def test_of_two_tones_each_carries_its_share() -> None:
    both = tone(600, 0.5) + tone(900, 0.5)
    assert strength(both, 600) == pytest.approx(0.5, abs=0.05)
    assert strength(both, 900) == pytest.approx(0.5, abs=0.05)


def test_noise_is_no_tone() -> None:
    assert strength(speech(1), 600) < 0.05


def test_the_strongest_frequency_is_found() -> None:
    assert dominant(tone(1230, 0.5) + tone(400, 0.5, peak=2000)) == pytest.approx(1230, abs=2)
    assert dominant(silence(0.5)) is None


def test_a_full_scale_sine_is_3_db_below_full_scale() -> None:
    assert level(tone(1000, 1, peak=32767)) == pytest.approx(-3.01, abs=0.05)


def test_a_laws_own_hiss_is_silence_and_a_whisper_is_not() -> None:
    assert is_silent(transcoded(silence(0.5)))
    assert not is_silent(tone(500, 0.5, peak=200))
    assert is_silent(np.zeros(0, dtype=np.int16))


def test_a_prompt_is_recognised_amid_other_sound() -> None:
    prompt = speech(1)
    heard = transcoded(np.concatenate((silence(0.7), speech(2, 1.0), prompt, silence(0.3))))
    assert resembles(heard, prompt) > 0.99
    assert Prompt(prompt).found_in(heard)


def test_another_prompt_and_half_a_prompt_are_not_it() -> None:
    prompt = speech(1)
    assert resembles(np.concatenate((silence(0.7), speech(3))), prompt) < 0.3
    assert resembles(np.concatenate((silence(2), prompt[:8000], silence(2))), prompt) < 0.8
    assert resembles(prompt[:8000], prompt) == 0.0
    assert resembles(silence(3), prompt) == 0.0


def test_a_faint_click_is_no_prompt() -> None:
    heard = silence(4)
    heard[9000] = 300
    assert resembles(heard, speech(1)) == 0.0


def test_sounds_tell_themselves_from_each_other() -> None:
    heard = {"tone": tone(600, 0.5), "silence": silence(0.5), "speech": speech(1, 0.5)}
    found = {
        name: (Tone(600).found_in(pcm), AnySound().found_in(pcm), Silence().found_in(pcm))
        for name, pcm in heard.items()
    }
    assert found == {"tone": (True, True, False), "silence": (False, False, True), "speech": (False, True, False)}
