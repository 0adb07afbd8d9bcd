"""How does every phrase that a caller or an agent may hear become a file that Asterisk can play?

Text from `prompts/LANG.yaml`, and from `prompts/numbers/LANG.yaml` for the pieces of numbers and dates, is spoken by
espeak-ng, unless a studio recording `prompts/studio/LANG/ID.wav` stands for it; both become 8 kHz mono 16-bit WAV of
one loudness, as `SOUNDS/LANG/al/ID.wav`. All of it is made before Asterisk starts, since a prompt that is missing there
can hang up a caller.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
import yaml

from app import runtime
from app.errors import AppFault, PromptFault

with warnings.catch_warnings():  # pydub misses ffmpeg, which it needs for formats other than WAV
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

TEXTS = runtime.TREE / "prompts"
MAKING = "1"  # part of each prompt's hash: change it with anything below that changes the sound

RATE = 8000
# espeak-ng's peaks stand up to 21 dB above its mean; ITU-T P.830 speaks at -26 dB, a little more carries over a street.
LOUDNESS_DBFS = -23.0
PEAK_DBFS = -1.0
WORDS_PER_MINUTE = 145
SILENCE_DBFS = -45.0
MARGIN_MS = 80

Speak = Callable[[str, str], bytes]


@dataclass(frozen=True)
class Phrase:
    """What is said under this id to those who hear `lang`: (voice, text) parts, one after the other."""

    lang: str
    id: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PromptReport:
    """How many phrases were made now, and how many were already there."""

    made: int
    kept: int


def load_phrases(texts: Path = TEXTS) -> list[Phrase]:
    """Every phrase of every language in this folder and below; `PromptFault` names a file that cannot be understood."""
    phrases = []
    for file in sorted(texts.rglob("*.yaml")):
        try:
            said = yaml.safe_load(file.read_text(encoding="utf-8"))
            for name, text in said["phrases"].items():
                spoken = [{said["voice"]: text}] if isinstance(text, str) else text
                parts = tuple((str(voice), str(words)) for part in spoken for voice, words in part.items())
                phrases.append(Phrase(file.stem, name, parts))
        except (yaml.YAMLError, AttributeError, KeyError, TypeError) as fault:
            raise PromptFault(f"{file} is not a voice and phrases: {fault}.") from fault
    return phrases


def espeak(voice: str, text: str) -> bytes:
    """The text spoken, as WAV."""
    command = [*runtime.program("espeak-ng"), "-v", voice, "-s", str(WORDS_PER_MINUTE), "--stdin", "--stdout"]
    environment = {**os.environ, **runtime.environment("espeak-ng")}
    spoken = subprocess.run(command, input=text.encode(), env=environment, capture_output=True, check=False)
    if spoken.returncode or not spoken.stdout:
        raise PromptFault(f"espeak-ng has no voice for {voice!r}: {spoken.stderr.decode(errors='replace').strip()}")
    return spoken.stdout


def make_prompts(
    phrases: Iterable[Phrase], sounds: Path, speak: Speak = espeak, studio: Path = TEXTS / "studio"
) -> PromptReport:
    """Make what is not yet there as it should be, atomically file by file; a second call makes nothing."""
    phrases, made, kept = list(phrases), 0, 0
    _check_studio(studio, {(phrase.lang, phrase.id) for phrase in phrases})
    for lang, said in groupby(sorted(phrases, key=lambda phrase: phrase.lang), key=lambda phrase: phrase.lang):
        folder = sounds / lang / "al"
        folder.mkdir(parents=True, exist_ok=True)
        known = _known_hashes(folder)
        wanted = {phrase: _hash(phrase, studio) for phrase in said}
        stale = [p for p, hash_ in wanted.items() if known.get(p.id) != hash_ or not (folder / f"{p.id}.wav").exists()]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for phrase, wav in zip(stale, pool.map(lambda phrase: _sound(phrase, studio, speak), stale), strict=True):
                _replace(folder / f"{phrase.id}.wav", wav)
        _replace(folder / "made.json", json.dumps({**known, **{p.id: hash_ for p, hash_ in wanted.items()}}).encode())
        made += len(stale)
        kept += len(wanted) - len(stale)
    return PromptReport(made, kept)


def _check_studio(studio: Path, known: set[tuple[str, str]]) -> None:
    """A recording that would never be heard, since it is no WAV file or has the name of no phrase, is a fault."""
    files = [file for file in sorted(studio.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    stray = [str(file) for file in files if file.suffix != ".wav" or (file.parent.name, file.stem) not in known]
    if stray:
        raise PromptFault(
            f"no phrase is recorded by {', '.join(stray)}: name it studio/LANGUAGE/ID.wav, or take it out."
        )


def _recording(phrase: Phrase, studio: Path) -> Path | None:
    path = studio / phrase.lang / f"{phrase.id}.wav"
    return path if path.exists() else None


def _hash(phrase: Phrase, studio: Path) -> str:
    """What the sound depends on; the file is made again when it differs."""
    recording = _recording(phrase, studio)
    source = recording.read_bytes() if recording else json.dumps(phrase.parts).encode()
    return hashlib.sha256(MAKING.encode() + source).hexdigest()


def _known_hashes(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / "made.json").read_text()))
    except (OSError, ValueError):
        return {}


def _sound(phrase: Phrase, studio: Path, speak: Speak) -> bytes:
    recording = _recording(phrase, studio)
    if recording:
        whole = _for_the_telephone(_recorded(recording), str(recording))
    else:
        whole = AudioSegment.empty().set_frame_rate(RATE)
        for voice, text in phrase.parts:
            spoken = AudioSegment.from_file(io.BytesIO(speak(voice, text)), format="wav")
            whole += _for_the_telephone(spoken, f"{phrase.id}, as espeak-ng's voice {voice} speaks it,")
    return bytes(whole.export(io.BytesIO(), format="wav").read())


def _recorded(recording: Path) -> AudioSegment:
    """What a studio has recorded, in whatever resolution."""
    try:
        samples, rate = soundfile.read(recording, always_2d=True)
    except soundfile.LibsndfileError as fault:
        reason = str(fault).rpartition(": ")[2].rstrip(".")
        raise PromptFault(
            f"{recording} is no sound that can be read ({reason}): save it as an uncompressed WAV."
        ) from None
    if rate < RATE:
        raise PromptFault(f"{recording} has {rate} samples a second: record with {RATE} at least.")
    audio = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16).tobytes()
    return AudioSegment(data=audio, sample_width=2, frame_rate=rate, channels=samples.shape[1])


def _for_the_telephone(sound: AudioSegment, source: str) -> AudioSegment:
    """8 kHz mono 16-bit, `LOUDNESS_DBFS` on average, `MARGIN_MS` of what was silence left at both ends."""
    if not len(sound) or sound.max_dBFS < SILENCE_DBFS:
        raise PromptFault(f"{source} would be silence: check it.")
    sound = _below_4_khz(sound.set_channels(1).set_sample_width(2)).set_frame_rate(RATE)
    sound = sound.apply_gain(PEAK_DBFS - sound.max_dBFS)
    start = max(0, detect_leading_silence(sound, SILENCE_DBFS) - MARGIN_MS)
    end = max(0, detect_leading_silence(sound.reverse(), SILENCE_DBFS) - MARGIN_MS)
    sound = sound[start : len(sound) - end]
    return sound.apply_gain(min(LOUDNESS_DBFS - sound.dBFS, PEAK_DBFS - sound.max_dBFS))


def _below_4_khz(sound: AudioSegment) -> AudioSegment:
    """Without the frequencies that 8 kHz cannot carry: pydub only interpolates, so they would come back as hiss."""
    taps = np.arange(-64, 65)
    kernel = np.sinc(taps * 2 * 3600 / sound.frame_rate) * np.hamming(taps.size)
    samples = np.convolve(np.array(sound.get_array_of_samples()), kernel / kernel.sum(), mode="same")
    audio = np.clip(samples, -32768, 32767).astype(np.int16).tobytes()
    return AudioSegment(data=audio, sample_width=2, frame_rate=sound.frame_rate, channels=1)


def _replace(path: Path, content: bytes) -> None:
    """Asterisk, which may be playing it, sees the old file or the new one."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def main() -> int:
    """`python -m app.prompts`: make every phrase where Asterisk looks for it, or say why that cannot be."""
    try:
        report = make_prompts(load_phrases(), runtime.asterisk_dirs().sounds)
    except AppFault as fault:
        print(f"prompts: {fault}", file=sys.stderr)
        return 1
    print(f"prompts: {report.made} made, {report.kept} were there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
