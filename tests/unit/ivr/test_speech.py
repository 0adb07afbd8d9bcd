"""Are numbers, minutes, times and days said as people say them? Tables, and two libraries that know languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from babel import Locale
from num2words import num2words

from app.prompts import load_phrases
from ivr import speech
from ivr.errors import Unspeakable
from tests.unit.ivr.spoken import TABLES

TEXTS = {(phrase.lang, phrase.id): " ".join(text for _, text in phrase.parts) for phrase in load_phrases()}
ROWS = [(lang, *row.split(": ")) for lang, table in TABLES.items() for row in table.strip().splitlines()]
VALUES = [*range(1200), *range(1200, speech.LARGEST, 613), speech.LARGEST]


def words(lang: str, pieces: speech.Pieces) -> str:
    return " ".join(TEXTS[lang, piece] for piece in pieces)


@pytest.mark.parametrize(("lang", "count", "said"), ROWS)
def test_minutes_and_numbers_are_said_with_gender_and_plural(lang: str, count: str, said: str) -> None:
    minutes, _, alone = said.partition(" / ")
    assert words(lang, speech.minutes(lang, int(count))) == minutes
    assert words(lang, speech.number(lang, int(count))) == (alone or minutes.rpartition(" ")[0])


def test_each_language_has_a_table_of_forty_values_at_least() -> None:
    assert TABLES.keys() == speech.GRAMMARS.keys()
    assert min(len(table.strip().splitlines()) for table in TABLES.values()) >= 40


@pytest.mark.parametrize("lang", speech.GRAMMARS)
def test_numbers_are_those_of_num2words(lang: str) -> None:
    for value in VALUES:
        if lang == "az" and value >= 11_000 and value // 1000 % 10 == 1:
            continue  # num2words 0.5.14 leaves "bir" out before "min" in 11 000 too
        expected = num2words(value, lang=lang).replace("-", " ").replace(",", "")
        assert words(lang, speech.number(lang, value)) == expected


@pytest.mark.parametrize("lang", speech.GRAMMARS)
def test_plural_forms_are_those_of_the_cldr(lang: str) -> None:
    locale = Locale(lang)
    assert {speech.plural(lang, value) for value in VALUES} == set(speech.GRAMMARS[lang].plurals)
    for value in VALUES:
        assert speech.plural(lang, value) == locale.plural_form(value)


@pytest.mark.parametrize("lang", speech.GRAMMARS)
def test_months_and_days_of_the_week_are_those_of_the_cldr(lang: str) -> None:
    locale = Locale(lang)
    for month in range(1, 13):
        said = TEXTS[lang, f"month-{month}"].removeprefix("of ")
        assert said.lower() == locale.months["format"]["wide"][month].lower()
    for weekday in range(7):
        said = TEXTS[lang, f"weekday-{weekday + 1}"]
        assert said.lower() == locale.days["format"]["wide"][weekday].lower().replace("’", "'").replace("ʼ", "'")


@pytest.mark.parametrize(
    ("on", "ru", "uk", "az", "en"),
    [
        (
            date(2026, 11, 22),
            "воскресенье двадцать второе ноября",
            "неділя двадцять друге листопада",
            "bazar iyirmi iki noyabr",
            "Sunday the twenty-second of November",
        ),
        (
            date(2027, 1, 1),
            "пятница первое января",
            "п'ятниця перше січня",
            "cümə bir yanvar",
            "Friday the first of January",
        ),
        (
            date(2027, 5, 31),
            "понедельник тридцать первое мая",
            "понеділок тридцять перше травня",
            "bazar ertəsi otuz bir may",
            "Monday the thirty-first of May",
        ),
        (
            date(2028, 2, 29),
            "вторник двадцать девятое февраля",
            "вівторок двадцять дев'яте лютого",
            "çərşənbə axşamı iyirmi doqquz fevral",
            "Tuesday the twenty-ninth of February",
        ),
    ],
)
def test_a_day_is_said_in_words(on: date, ru: str, uk: str, az: str, en: str) -> None:
    assert [words(lang, speech.day(lang, on)) for lang in ("ru", "uk", "az", "en")] == [ru, uk, az, en]


def test_the_next_opening_is_a_day_and_a_time_of_day() -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert {lang: words(lang, speech.opening(lang, at)) for lang in speech.GRAMMARS} == {
        "ru": "Начало работы: понедельник двадцать третье ноября девять часов тридцать минут",
        "uk": "Початок роботи: понеділок двадцять третє листопада дев'ята година тридцять хвилин",
        "az": "Növbəti iş vaxtı: bazar ertəsi iyirmi üç noyabr saat doqquz otuz dəqiqə",
        "en": "We open again on Monday the twenty-third of November nine thirty a.m.",
    }


@pytest.mark.parametrize(
    ("at", "ru", "uk", "az", "en"),
    [
        (time(0, 0), "ноль часов", "нуль годин", "saat sıfır", "midnight"),
        (
            time(0, 5),
            "ноль часов пять минут",
            "нуль годин п'ять хвилин",
            "saat sıfır beş dəqiqə",
            "twelve oh five a.m.",
        ),
        (time(1, 1), "один час одна минута", "перша година одна хвилина", "saat bir bir dəqiqə", "one oh one a.m."),
        (time(9, 0), "девять часов", "дев'ята година", "saat doqquz", "nine a.m."),
        (time(12, 0), "двенадцать часов", "дванадцята година", "saat on iki", "twelve noon"),
        (
            time(12, 22),
            "двенадцать часов двадцать две минуты",
            "дванадцята година двадцять дві хвилини",
            "saat on iki iyirmi iki dəqiqə",
            "twelve twenty two p.m.",
        ),
        (time(18, 0), "восемнадцать часов", "вісімнадцята година", "saat on səkkiz", "six p.m."),
        (
            time(22, 30),
            "двадцать два часа тридцать минут",
            "двадцять друга година тридцять хвилин",
            "saat iyirmi iki otuz dəqiqə",
            "ten thirty p.m.",
        ),
        (
            time(23, 59),
            "двадцать три часа пятьдесят девять минут",
            "двадцять третя година п'ятдесят дев'ять хвилин",
            "saat iyirmi üç əlli doqquz dəqiqə",
            "eleven fifty nine p.m.",
        ),
    ],
)
def test_a_time_of_day_is_said_in_words(at: time, ru: str, uk: str, az: str, en: str) -> None:
    assert [words(lang, speech.time_of_day(lang, at)) for lang in ("ru", "uk", "az", "en")] == [ru, uk, az, en]


@pytest.mark.parametrize(
    ("position", "ru", "az"),
    [(1, "Ваш звонок следующий.", "Növbəti zəng sizinkidir."),
     (2, "Ваш номер в очереди два", "Növbədə sizin yeriniz iki"),
     (21, "Ваш номер в очереди двадцать один", "Növbədə sizin yeriniz iyirmi bir")],
)  # fmt: skip
def test_a_place_in_the_queue_is_a_number_and_the_first_is_the_next(position: int, ru: str, az: str) -> None:
    assert words("ru", speech.place("ru", position)) == ru
    assert words("az", speech.place("az", position)) == az


def test_a_wait_is_said_in_minutes_up_to_an_hour() -> None:
    assert words("ru", speech.wait("ru", 1)) == "Примерное время ожидания одна минута"
    assert words("en", speech.wait("en", 60)) == "The expected wait is about sixty minutes"
    assert words("uk", speech.wait("uk", 61)) == "Очікування може тривати більше години."


@pytest.mark.parametrize(("lang", "value"), [("ru", -1), ("ru", speech.LARGEST + 1), ("de", 1)])
def test_what_has_no_words_is_refused(lang: str, value: int) -> None:
    with pytest.raises(Unspeakable):
        speech.number(lang, value)
