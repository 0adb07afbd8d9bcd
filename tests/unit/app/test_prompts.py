"""Every phrase becomes a file that Asterisk can play, of one loudness, once."""

from __future__ import annotations

import io
import math
import re
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from app.errors import PromptFault
from app.prompts import LOUDNESS_DBFS, Phrase, load_phrases, make_prompts
from config.load import load
from ivr.menu import OPENS, OPERATOR_KEY, ChoiceNode, LanguageNode, Menu
from ivr.speech import GRAMMARS, pieces

SAMPLE = load(Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml")
KEYS = {
    "ru": ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"],
    "uk": ["нуль", "один", "два", "три", "чотири", "п'ять", "шість", "сім", "вісім", "дев'ять"],
    "az": ["sıfırı", "biri", "ikini", "üçü", "dördü", "beşi", "altını", "yeddini", "səkkizi", "doqquzu"],
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
}
"""The keys from 0 on, as one is told to press them."""

HELLO = Phrase("en", "hello", (("en", "hello"),))
BYE = Phrase("ru", "bye", (("ru", "пока"),))


def a_tone(hertz: float, level: float = 0.5, seconds: float = 0.5, rate: int = 22050) -> bytes:
    time = np.arange(int(seconds * rate)) / rate
    samples = (level * 32767 * np.sin(2 * math.pi * hertz * time)).astype(np.int16)
    written = io.BytesIO()
    with wave.open(written, "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", ""))
        wav.writeframes(samples.tobytes())
    return written.getvalue()


class Voice:
    """Speaks each text as a tone, and remembers what it was asked."""

    def __init__(self, **tones: bytes) -> None:
        self.tones = tones
        self.said: list[tuple[str, str]] = []

    def __call__(self, voice: str, text: str) -> bytes:
        self.said.append((voice, text))
        return self.tones.get(text, a_tone(1000))


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 1, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(float)


def loudness(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768))


def test_each_phrase_lies_where_asterisk_looks_for_its_language(tmp_path: Path) -> None:
    report = make_prompts([HELLO, BYE], tmp_path, Voice(), tmp_path / "no studio")
    assert (report.made, report.kept) == (2, 0)
    assert samples_of(tmp_path / "en/al/hello.wav").size
    assert samples_of(tmp_path / "ru/al/bye.wav").size


def test_a_second_call_speaks_nothing(tmp_path: Path) -> None:
    make_prompts([HELLO, BYE], tmp_path, Voice(), tmp_path / "no studio")
    voice = Voice()
    assert make_prompts([HELLO, BYE], tmp_path, voice, tmp_path / "no studio").kept == 2
    assert voice.said == []


def test_a_changed_text_and_a_lost_file_are_spoken_again(tmp_path: Path) -> None:
    make_prompts([HELLO, BYE], tmp_path, Voice(), tmp_path / "no studio")
    (tmp_path / "ru/al/bye.wav").unlink()
    voice = Voice()
    make_prompts([Phrase("en", "hello", (("en", "good day"),)), BYE], tmp_path, voice, tmp_path / "no studio")
    assert sorted(voice.said) == [("en", "good day"), ("ru", "пока")]


def test_quiet_and_loud_voices_come_out_equally_loud(tmp_path: Path) -> None:
    voice = Voice(hello=a_tone(1000, level=0.05), пока=a_tone(1000, level=0.99))
    make_prompts([HELLO, BYE], tmp_path, voice, tmp_path / "no studio")
    for file in ("en/al/hello.wav", "ru/al/bye.wav"):
        assert loudness(samples_of(tmp_path / file)) == pytest.approx(LOUDNESS_DBFS, abs=0.5)


def test_what_8_khz_cannot_carry_does_not_come_back_as_another_tone(tmp_path: Path) -> None:
    tones = (np.frombuffer(a_tone(h, level=0.4)[44:], np.int16) for h in (1000, 6000))
    both = io.BytesIO()
    with wave.open(both, "wb") as wav:
        wav.setparams((1, 2, 22050, 0, "NONE", ""))
        wav.writeframes(sum(tones).astype(np.int16).tobytes())
    make_prompts([HELLO], tmp_path, Voice(hello=both.getvalue()), tmp_path / "no studio")
    heard = samples_of(tmp_path / "en/al/hello.wav")
    power = np.abs(np.fft.rfft(heard * np.hanning(heard.size))) ** 2
    hertz = np.fft.rfftfreq(heard.size, 1 / 8000)
    tone, folded = power[np.abs(hertz - 1000) < 50].sum(), power[np.abs(hertz - 2000) < 50].sum()
    assert folded < tone / 10_000


def test_a_phrase_in_two_languages_is_spoken_by_both_voices_in_turn(tmp_path: Path) -> None:
    voice = Voice(один=a_tone(500), two=a_tone(1500))
    make_prompts([Phrase("ru", "choose", (("ru", "один"), ("en", "two")))], tmp_path, voice, tmp_path / "no studio")
    heard = samples_of(tmp_path / "ru/al/choose.wav")
    halves = (heard[: heard.size // 2], heard[heard.size // 2 :])
    peaks = [np.fft.rfftfreq(half.size, 1 / 8000)[np.abs(np.fft.rfft(half)).argmax()] for half in halves]
    assert peaks == pytest.approx([500, 1500], abs=5)


def test_a_studio_recording_wins_and_a_new_one_replaces_it(tmp_path: Path) -> None:
    recording = tmp_path / "studio/en/hello.wav"
    recording.parent.mkdir(parents=True)
    voice = Voice()
    for hertz in (300, 700):
        recording.write_bytes(a_tone(hertz, rate=44100))
        make_prompts([HELLO], tmp_path / "sounds", voice, tmp_path / "studio")
        heard = samples_of(tmp_path / "sounds/en/al/hello.wav")
        peak = np.fft.rfftfreq(heard.size, 1 / 8000)[np.abs(np.fft.rfft(heard)).argmax()]
        assert peak == pytest.approx(hertz, abs=5)
    assert voice.said == []


@pytest.mark.parametrize(("form", "channels"), [("PCM_24", 2), ("FLOAT", 1), ("ULAW", 1)])
def test_a_recording_may_have_any_form_of_a_studio(tmp_path: Path, form: str, channels: int) -> None:
    recording = tmp_path / "studio/en/hello.wav"
    recording.parent.mkdir(parents=True)
    tone = 0.3 * np.sin(2 * math.pi * 600 * np.arange(24000) / 48000)
    soundfile.write(recording, np.tile(tone[:, None], (1, channels)), 48000, form)
    make_prompts([HELLO], tmp_path / "sounds", Voice(), tmp_path / "studio")
    heard = samples_of(tmp_path / "sounds/en/al/hello.wav")
    peak = np.fft.rfftfreq(heard.size, 1 / 8000)[np.abs(np.fft.rfft(heard)).argmax()]
    assert peak == pytest.approx(600, abs=5)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("en/helo.wav", a_tone(300), r"no phrase is recorded by .*en/helo\.wav"),
        ("en/hello.mp3", b"ID3", r"no phrase is recorded by .*en/hello\.mp3"),
        ("hello.wav", a_tone(300), r"no phrase is recorded by .*hello\.wav"),
        ("en/hello.wav", b"words", r"en/hello\.wav is no sound that can be read"),
        ("en/hello.wav", a_tone(300)[:44], r"en/hello\.wav would be silence"),
        ("en/hello.wav", a_tone(300, level=0.0), r"en/hello\.wav would be silence"),
        ("en/hello.wav", a_tone(300, rate=4000), r"en/hello\.wav has 4000 samples a second"),
    ],
)
def test_a_recording_that_cannot_be_heard_is_told_by_its_name(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    recording = tmp_path / "studio" / name
    recording.parent.mkdir(parents=True)
    recording.write_bytes(content)
    with pytest.raises(PromptFault, match=reason):
        make_prompts([HELLO], tmp_path / "sounds", Voice(), tmp_path / "studio")


def test_silence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptFault, match="hello, as espeak-ng's voice en speaks it, would be silence"):
        make_prompts([HELLO], tmp_path, Voice(hello=a_tone(1000, level=0.0)), tmp_path / "no studio")


def test_a_file_that_is_not_phrases_is_named(tmp_path: Path) -> None:
    (tmp_path / "ru.yaml").write_text("phrases: [1, 2]\n")
    with pytest.raises(PromptFault, match=r"ru\.yaml is not a voice and phrases"):
        load_phrases(tmp_path)


def test_every_language_says_the_same_things_and_has_the_pieces_that_its_numbers_need() -> None:
    by_lang: dict[str, set[str]] = {}
    for phrase in load_phrases():
        assert all(text.strip() for _, text in phrase.parts), phrase
        by_lang.setdefault(phrase.lang, set()).add(phrase.id)
    assert by_lang.keys() == GRAMMARS.keys()
    everywhere = set.intersection(*by_lang.values())
    for lang, ids in by_lang.items():
        assert pieces(lang) - ids == set(), lang
        assert ids - pieces(lang) - everywhere == set(), lang


def test_a_phrase_is_spoken_by_the_voice_of_its_language() -> None:
    letters = {"ru": "[а-яё]", "uk": "[а-яєіїґ]", "az": "[a-zəıöüğşç]", "en": "[a-z]"}
    for phrase in load_phrases():
        for voice, text in phrase.parts:
            assert re.search(letters[voice], text.lower()), phrase
            assert not re.search("[ыэъё]", text.lower()) or voice == "ru", phrase
            assert voice == phrase.lang or phrase.id.startswith("choose-language"), phrase


def test_what_the_dialplan_and_the_sample_name_has_a_text() -> None:
    tree = Path(__file__).parents[3]
    dialplan = (tree / "asterisk_conf/extensions.conf.j2").read_text(encoding="utf-8")
    named = set(re.findall(r"al/([a-z][a-z0-9-]*[a-z0-9])(?=[&,)])", dialplan))
    sample = yaml.safe_load((tree / "config/sample/assistline.yaml").read_text(encoding="utf-8"))
    nodes = [node for menu in sample["menus"].values() for node in menu["nodes"].values()]
    named |= {prompt for node in nodes for prompt in node.get("prompts", []) if prompt != OPENS}
    named |= {line[role] for line in sample["lines"].values() for role in ("greeting", "whisper") if role in line}
    assert {"all-agents-busy", "menu-hotline", "whisper-region"} < named
    assert named - {phrase.id for phrase in load_phrases()} == set()


@pytest.mark.parametrize(
    ("name", "menu", "node"),
    [
        (f"{menu.menu_id}.{name}", menu, node)
        for menu in SAMPLE.menus.values()
        for name, node in menu.nodes.items()
        if isinstance(node, ChoiceNode | LanguageNode)
    ],
)
@pytest.mark.parametrize("lang", KEYS)
def test_a_menu_names_each_of_its_keys_and_no_other(
    lang: str, name: str, menu: Menu, node: ChoiceNode | LanguageNode
) -> None:
    """Who understands one language of a choice of languages alone is told in it where help is."""
    spoken = [part for one in load_phrases() if one.lang == lang and one.id in node.prompts for part in one.parts]
    named = [
        [str(KEYS[voice].index(word)) for word in re.findall(r"[\w']+", text.lower()) if word in KEYS[voice]]
        for voice, text in spoken
    ]
    keys = {key for part in named for key in part}
    assert set(node.options) <= keys <= {*node.options, OPERATOR_KEY, menu.emergency_key}, name
    if isinstance(node, LanguageNode):
        assert all(menu.emergency_key in part for part in named)
