"""Are Asterisk's files made whole or not at all, and can nothing in the configuration mean more than itself?"""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from config.load import Configuration, load
from telephony.errors import RenderUnsafe
from telephony.render import TEMPLATES, Secrets, Site, Tls, members_of, plain, render

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"


@pytest.fixture(scope="module")
def centre() -> Configuration:
    return load(SAMPLE, date(2026, 3, 4))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(
        home=tmp_path / "home",
        node="node1",
        bind="127.0.0.1",
        sip_port=5060,
        ami_port=5038,
        agi_port=4573,
        rtp_start=10000,
        rtp_end=10999,
        modules_dir=tmp_path / "modules",
        data_dir=tmp_path / "data",
        moh_dir=tmp_path / "moh",
        python=Path(sys.executable),
    )


def secrets_of(centre: Configuration) -> Secrets:
    phones = {name: f"{number:032x}" for number, name in enumerate(centre.agents)}
    return Secrets(ami="a" * 32, agi="b" * 32, agents=phones)


def text_of(site: Site, name: str) -> str:
    return (site.etc_dir / name).read_text(encoding="utf-8")


def test_every_template_becomes_a_file_that_only_its_owner_can_read(centre: Configuration, site: Site) -> None:
    made = render(centre, site, secrets_of(centre))
    assert {path.name for path in made} == {path.stem for path in TEMPLATES.glob("*.j2")}
    assert {path.name for path in site.etc_dir.iterdir()} == {path.name for path in made}
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in site.folders:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_file_says_what_it_was_made_from_and_by_whom(centre: Configuration, site: Site) -> None:
    for path in render(centre, site, secrets_of(centre)):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"; rendered by assistline from configuration {centre.version}; do not edit"


def test_the_same_configuration_gives_the_same_files(centre: Configuration, site: Site) -> None:
    first = {path.name: path.read_bytes() for path in render(centre, site, secrets_of(centre))}
    assert {path.name: path.read_bytes() for path in render(centre, site, secrets_of(centre))} == first


@pytest.mark.parametrize(
    "value",
    ["Coverage\nmember => x", "a\rb", "a;b", "[al-in]", "a]b", "${SHELL(id)}", "$[1+1]", 'say "x"', "a\\b", "a|b",
     "a\0b", "a\u2028b", "a\x85b", "${AL_X}${SHELL(id)}", "{EVAL}", None],
)  # fmt: skip
def test_a_value_that_means_something_to_asterisk_is_refused(value: object) -> None:
    with pytest.raises(RenderUnsafe):
        plain(value)


@pytest.mark.parametrize(
    "value", ["Поиск клиники", "+447700900123", "Finding a clinic (24/7)", "${AL_LANG}", "[::1]:5060", 15, 0, ""]
)
def test_what_a_centre_needs_to_say_is_let_through(value: object) -> None:
    assert plain(value) == str(value)


def test_the_choke_stands_before_every_template_and_a_refused_one_replaces_no_file(
    centre: Configuration, site: Site
) -> None:
    render(centre, site, secrets_of(centre))
    before = {path: path.read_bytes() for path in site.etc_dir.iterdir()}
    nina = replace(centre.agents["nina"], name="Nina\nauth = none")
    poisoned = replace(centre, version="other", agents={**centre.agents, "nina": nina})
    with pytest.raises(RenderUnsafe) as refused:
        render(poisoned, site, secrets_of(centre))
    assert "Nina" not in str(refused.value)
    assert {path: path.read_bytes() for path in site.etc_dir.iterdir()} == before


def test_a_secret_of_the_wrong_form_is_refused_and_not_quoted(centre: Configuration, site: Site) -> None:
    with pytest.raises(RenderUnsafe) as refused:
        render(centre, site, replace(secrets_of(centre), ami="hunter2;"))
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(replace(secrets_of(centre), ami="hunter2"))


def test_srtp_without_tls_is_refused_since_its_keys_would_be_readable(centre: Configuration, site: Site) -> None:
    with pytest.raises(RenderUnsafe, match="certificate"):
        render(centre, replace(site, srtp=True), secrets_of(centre))


def test_tls_srtp_and_an_outside_address_stand_in_the_files_only_by_setting(
    centre: Configuration, site: Site, tmp_path: Path
) -> None:
    render(centre, site, secrets_of(centre))
    without = text_of(site, "pjsip.conf") + text_of(site, "modules.conf")
    for word in ("protocol = tls", "media_encryption", "external_media_address", "res_srtp.so"):
        assert word not in without
    tls = Tls(port=5061, certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    outside = replace(site, tls=tls, srtp=True, external_address="192.0.2.10", local_networks=("10.0.0.0/8",))
    render(centre, outside, secrets_of(centre))
    within = text_of(site, "pjsip.conf") + text_of(site, "modules.conf")
    assert f"bind = 127.0.0.1:5061\ncert_file = {tls.certificate}\npriv_key_file = {tls.key}\n" in within
    assert "external_media_address = 192.0.2.10\nlocal_net = 10.0.0.0/8\n" in within
    assert "media_encryption = sdes\n" in within
    assert "require = res_srtp.so\n" in within


def test_a_carrier_that_asks_for_a_password_gets_one_and_another_does_not(centre: Configuration, site: Site) -> None:
    render(centre, site, secrets_of(centre))
    assert "outbound_auth" not in text_of(site, "pjsip.conf")
    asked = replace(centre, trunk=replace(centre.trunk, username="centre"))
    render(asked, site, replace(secrets_of(centre), trunk="c" * 32))
    assert f"username = centre\npassword = {'c' * 32}" in text_of(site, "pjsip.conf")
    with pytest.raises(RenderUnsafe):
        render(asked, site, secrets_of(centre))


def test_the_fallback_rings_those_who_meet_the_queue_and_nobody_else(centre: Configuration, site: Site) -> None:
    assert {agent.agent_id for agent in members_of(centre.queues["kazan"], centre)} == {"leila"}
    assert {agent.grade for agent in members_of(centre.queues["emergency"], centre)} == {"nurse", "doctor", "expert"}
    render(centre, site, secrets_of(centre))
    sections = text_of(site, "queues.conf").split("\n[")
    (kazan,) = [section for section in sections if section.startswith("al-kazan]")]
    assert [line for line in kazan.splitlines() if line.startswith("member")] == [
        "member => Local/leila@al-member/n,0,leila,PJSIP/leila"
    ]


def test_an_off_site_agent_is_paused_in_the_fallback_until_the_service_says_otherwise(
    centre: Configuration, site: Site
) -> None:
    render(centre, site, secrets_of(centre))
    marat = {line for line in text_of(site, "queues.conf").splitlines() if "marat" in line}
    assert marat == {"member => Local/marat@al-member/n,0,marat,,no,0,1"}
    assert "[marat]" not in text_of(site, "pjsip.conf")


def test_emergency_callers_of_a_line_are_told_its_ambulance_number_in_its_languages(
    centre: Configuration, site: Site
) -> None:
    render(centre, site, secrets_of(centre))
    sections = text_of(site, "musiconhold.conf").split("\n[")
    (baku,) = [section for section in sections if section.startswith("emergency-baku]")]
    said = re.findall(r"/sounds/(\w+)/al/(.+)", baku)
    words = [
        "connecting-emergency",
        "ambulance-is",
        *(f"digit-{digit}" for digit in centre.lines["baku"].ambulance or ""),
    ]
    assert said == [(lang, word) for lang in centre.lines["baku"].languages for word in words]
    dialplan = text_of(site, "extensions.conf")
    for line in centre.lines.values():
        assert (f",AL_AMBULANCE=-{line.line_id})" in dialplan) is (line.ambulance is not None)
    assert "AL_MUSIC=emergency${AL_AMBULANCE})" in dialplan


def test_the_ambulance_is_rung_by_the_numbers_of_the_lines_and_by_nothing_that_anybody_dials(
    centre: Configuration, site: Site
) -> None:
    render(centre, site, secrets_of(centre))
    dialplan = text_of(site, "extensions.conf")
    (section,) = [part for part in dialplan.split("\n[") if part.startswith("al-ambulance-of]")]
    lines = re.findall(r"^exten => line-(\w+),1,UserEvent.*\n.*Dial\(PJSIP/(\d+)@trunk", section, re.MULTILINE)
    assert dict(lines) == {line.line_id: line.ambulance for line in centre.lines.values() if line.ambulance}
    assert section.count("Dial(") == len(lines)
    assert dialplan.count("al-ambulance-of,") == 1, "reached by the line of the talk alone"


UNKNOWN_TO_ASTERISKLINT = "E_APP_MISSING: app 'MSet' does not exist"
"""asterisklint 0.4.3 lacks this built-in; tests/integration/test_rendered_files asks Asterisk itself for every one."""


def test_a_caller_is_in_silence_at_no_dial(centre: Configuration, site: Site) -> None:
    """Of those that a caller waits in: an agent's own call rings, and a third party is dialled beside the talk."""
    render(centre, site, secrets_of(centre))
    contexts = dict(re.findall(r"(?ms)^\[([a-z-]+)\][^\n]*\n(.*?)(?=^\[|\Z)", text_of(site, "extensions.conf")))
    [outside] = re.findall(r"Dial\(.*\)", contexts["al-next"])
    assert re.fullmatch(r"Dial\(.*,40,igm\(default\)\)", outside)
    rings = [call for name in contexts for call in re.findall(r"Gosub\(al-dial,.*\)", contexts[name])]
    assert sum("gm(${AL_MUSIC})" in call for call in rings) == len(rings) - 1, "app_queue plays to those it rings for"


def test_asterisklint_finds_nothing_in_the_dialplan(centre: Configuration, site: Site) -> None:
    render(centre, site, secrets_of(centre))
    linter = Path(sys.executable).with_name("asterisklint")
    words = [str(linter), "dialplan-check", str(site.etc_dir / "extensions.conf")]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    told = [line for line in (found.stdout + found.stderr).splitlines() if UNKNOWN_TO_ASTERISKLINT not in line]
    assert told == []
