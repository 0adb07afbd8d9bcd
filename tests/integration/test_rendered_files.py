"""Does a real Asterisk run the rendered files without a complaint, and let nobody do more than they should?

Longer than 300 lines, since every question is put to one running Asterisk.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.settings import TREE
from telephony.framing import AmiMessage
from telephony.render import Tls
from telephony.translate import CONTEXTS
from tests.integration.raw_ami import RawAmi
from tests.integration.raw_sip import SipPeer, offer
from tests.integration.rendered_asterisk import RTP_PORTS, RenderedAsterisk, free_port, running

STRANGER = "+442079460777"


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RenderedAsterisk]:
    with running(tmp_path_factory.mktemp("rendered")) as started:
        yield started


@pytest.fixture
def ami(asterisk: RenderedAsterisk) -> Iterator[RawAmi]:
    with RawAmi(asterisk.account) as account:
        yield account


@pytest.fixture
def peer(asterisk: RenderedAsterisk) -> Iterator[SipPeer]:
    asterisk.until_silent()
    sender = SipPeer(asterisk.site.sip_port)
    yield sender
    sender.close()


# --- Everything that was configured is there --------------------------------------------------------------------


def test_it_starts_without_one_warning_or_error(asterisk: RenderedAsterisk) -> None:
    assert asterisk.complaints == []
    assert asterisk.said.read_text() == ""


def test_every_agent_with_an_extension_and_the_trunk_is_an_endpoint(asterisk: RenderedAsterisk) -> None:
    shown = set(re.findall(r"^ Endpoint:\s+(\w+)[/ ]", asterisk.ask("pjsip show endpoints"), re.MULTILINE))
    assert shown == {"trunk"} | {agent.agent_id for agent in asterisk.centre.agents.values() if agent.extension}


def test_every_queue_is_there_with_its_weight_and_those_who_may_serve_it(asterisk: RenderedAsterisk) -> None:
    for queue in asterisk.centre.queues.values():
        shown = asterisk.ask(f"queue show al-{queue.queue_id}")
        assert f"W:{queue.weight}," in shown
        assert f"within {queue.target_seconds:g}s" in shown
    kazan = asterisk.ask("queue show al-kazan")
    assert re.findall(r"Local/(\w+)@al-member/n", kazan) == ["leila"]
    assert "paused" in next(line for line in asterisk.ask("queue show al-doctors").splitlines() if "marat" in line)


def test_every_context_that_the_service_redirects_to_is_there(asterisk: RenderedAsterisk) -> None:
    shown = asterisk.ask("dialplan show")
    for context in (*CONTEXTS, "al-in", "al-line", "al-agi", "al-member"):
        assert f"[ Context '{context}' " in shown


def test_every_application_and_function_of_the_dialplan_is_loaded(asterisk: RenderedAsterisk) -> None:
    """A missing one would be found only by the caller who gets there."""
    dialplan = (asterisk.site.etc_dir / "extensions.conf").read_text()
    code = "\n".join(line for line in dialplan.splitlines() if not line.lstrip().startswith(";"))
    steps = re.findall(r"^(?:exten => [^,]+,[^,]+|\s*same => n(?:\(\w+\))?),(\w+)", code, re.MULTILINE)
    inner = re.findall(r"ExecIf\(.*?\?(\w+)\(", code)
    applications = {name.lower() for name in re.findall(r"^\s*(\w+):", asterisk.ask("core show applications"), re.M)}
    assert {name.lower() for name in steps + inner} - applications == set()
    functions = set(re.findall(r"^(\w+)\s", asterisk.ask("core show functions"), re.MULTILINE))
    written = set(re.findall(r"(?:\$\{|Set\(_{0,2})([A-Z_]+)\(", code))
    assert written - functions == set()


def test_the_music_of_those_who_wait_is_there(asterisk: RenderedAsterisk) -> None:
    assert "File:" in asterisk.ask("moh show files")


def test_what_the_command_makes_is_for_its_owner_only_even_in_an_open_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "AL_HOME": str(tmp_path), "PYTHONPATH": str(TREE)}
    subprocess.run([sys.executable, "-m", "app.cli", "render"], env=environment, umask=0o022, check=True)
    assert list(tmp_path.rglob("extensions.conf"))
    assert not [path for path in tmp_path.rglob("*") if path.stat().st_mode & 0o077]


# --- What the service's account may do, and what not --------------------------------------------------------------

ALLOWED = [
    {"Action": "Setvar", "Variable": "AL_ALIVE", "Value": "1"},
    {"Action": "Getvar", "Variable": "AL_ALIVE"},
    {"Action": "QueuePause", "Interface": "Local/anna@al-member/n", "Paused": "true", "Reason": "break"},
    {"Action": "QueueLog", "Queue": "al-coverage", "Event": "PAUSE", "Interface": "anna"},
    {"Action": "UserEvent", "UserEvent": "Something"},
    {"Action": "CoreShowChannels"},
    {"Action": "DeviceStateList"},
    {"Action": "Status"},
    {"Action": "ShowDialPlan", "Context": "al-wait"},
    {"Action": "Originate", "Channel": "Local/s@al-accept", "Application": "Wait", "Data": "0.1", "Async": "true"},
    {"Action": "Ping"},
]  # fmt: skip
ABSENT_CHANNEL = [
    {"Action": "Redirect", "Channel": "PJSIP/anna-1", "Context": "al-wait", "Exten": "s", "Priority": "1"},
    {"Action": "Setvar", "Channel": "PJSIP/anna-1", "Variable": "AL_SEEN", "Value": "1"},
    {"Action": "Hangup", "Channel": "PJSIP/anna-1"},
    {"Action": "StopMixMonitor", "Channel": "PJSIP/anna-1"},
]
DENIED = [
    {"Action": "Command", "Command": "core show version"},
    {"Action": "Reload"},
    {"Action": "ModuleLoad", "LoadType": "reload"},
    {"Action": "GetConfig", "Filename": "pjsip.conf"},
    {"Action": "UpdateConfig", "SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    {"Action": "MixMonitor", "Channel": "PJSIP/anna-1", "File": "x.wav", "Command": "id"},
    {"Action": "Originate", "Channel": "Local/s@al-accept", "Application": "System", "Data": "id"},
    {"Action": "Originate", "Channel": "Local/s@al-accept", "Application": "AGI", "Data": "/bin/id"},
    {"Action": "Getvar", "Variable": "SHELL(id)"},
    {"Action": "Setvar", "Variable": "SHELL(id)", "Value": "1"},
    {"Action": "PJSIPShowEndpoints"},
    {"Action": "Filter", "Operation": "Add", "Filter": "Event: .*"},
]


def named(action: dict[str, str]) -> str:
    return "-".join([action["Action"], *(action[key] for key in ("Application", "Variable") if key in action)])


@pytest.mark.parametrize("action", ALLOWED, ids=named)
def test_the_account_may_do_what_the_service_does(ami: RawAmi, action: dict[str, str]) -> None:
    assert ami.ask(action).get("Response") == "Success"


@pytest.mark.parametrize("action", ABSENT_CHANNEL, ids=named)
def test_the_account_may_act_on_channels(ami: RawAmi, action: dict[str, str]) -> None:
    assert re.search("(?i)no such channel|does not exist", ami.ask(action).get("Message"))


@pytest.mark.parametrize("action", DENIED, ids=named)
def test_the_account_may_do_nothing_else(ami: RawAmi, action: dict[str, str]) -> None:
    answer = ami.ask(action)
    assert answer.get("Response") == "Error"
    assert re.search("(?i)denied|forbidden|not set", answer.get("Message"))


def test_another_secret_is_refused(asterisk: RenderedAsterisk) -> None:
    with pytest.raises(PermissionError):
        RawAmi(asterisk.account, secret="f" * 32)


def events_of_a_call(asterisk: RenderedAsterisk, ami: RawAmi, variable: str) -> list[AmiMessage]:
    """All that one short call with this channel variable brings, up to a mark sent after it was gone."""
    call = {"Action": "Originate", "Channel": "Local/s@al-accept/n", "Application": "Wait", "Data": "0.1"}
    ami.ask({**call, "Variable": variable})
    asterisk.until_silent()
    ami.ask({"Action": "UserEvent", "UserEvent": "Mark"})
    return ami.until(lambda event: event.get("UserEvent") == "Mark")


def test_of_all_that_happens_only_what_the_service_understands_is_sent(asterisk: RenderedAsterisk, ami: RawAmi) -> None:
    quiet = events_of_a_call(asterisk, ami, "AL_CALL_ID=node1-1.1")
    assert {event.event for event in quiet} == {"FullyBooted", "UserEvent"}, "a leg without AL_STATE is no caller"
    callers = events_of_a_call(asterisk, ami, "AL_STATE=waiting")
    assert {event.event for event in callers} == {"UserEvent", "Hangup"}
    for event in callers:
        if event.event == "Hangup":
            assert event.variables()["AL_STATE"] == "waiting"
            assert float(event.get("Timestamp")) > 1.7e9


# --- Who is who -----------------------------------------------------------------------------------------------------


def register(peer: SipPeer, agent: str, password: str) -> int:
    return peer.request("REGISTER", agent, agent, account=(agent, password), extra="Expires: 60\r\n").status


def test_a_phone_registers_with_its_own_password_only(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    assert register(peer, "boris", "pwanna") == 401
    assert "Contact:  boris/" not in asterisk.ask("pjsip show contacts")
    assert register(peer, "boris", "pwboris") == 200
    assert "boris/sip:boris@127.0.0.1" in asterisk.ask("pjsip show contacts")


def test_the_newest_registration_is_the_agents_only_phone(asterisk: RenderedAsterisk) -> None:
    for _ in range(2):
        phone = SipPeer(asterisk.site.sip_port)
        assert register(phone, "clara", "pwclara") == 200
        phone.close()
    assert len(re.findall("Contact:  clara/", asterisk.ask("pjsip show contacts"))) == 1


def test_a_phone_that_falls_silent_is_known_as_gone(asterisk: RenderedAsterisk, ami: RawAmi) -> None:
    """Registered is not there: the phone is asked every two seconds, and the service hears of both."""

    def told(status: str) -> Callable[[AmiMessage], bool]:
        return lambda event: event.get("EndpointName") == "denis" and event.get("ContactStatus") == status

    phone = SipPeer(asterisk.site.sip_port)
    assert register(phone, "denis", "pwdenis") == 200
    phone.answer(phone.expect("OPTIONS"), "200 OK")
    before_there = ami.until(told("Reachable"))  # whether the device or the contact is told first varies
    phone.close()
    before_gone = before_there + ami.until(told("Unreachable"))
    assert ("PJSIP/denis", "NOT_INUSE") in {(event.get("Device"), event.get("State")) for event in before_gone}
    assert {event.event for event in before_gone} <= {"FullyBooted", "ContactStatus", "DeviceStateChange"}


def channels(asterisk: RenderedAsterisk) -> str:
    return asterisk.ask("core show channels concise")


def test_a_call_from_the_trunks_address_comes_in_as_a_callers(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    assert peer.request("INVITE", "112", STRANGER, sdp=offer(free_port(socket.SOCK_DGRAM))).status == 200
    assert "PJSIP/trunk-" in channels(asterisk)
    peer.bye()


def test_a_phone_at_the_trunks_address_is_asked_for_its_password(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    """Otherwise whoever shares the carrier's address could call without an account, and an agent would be a caller."""
    assert peer.request("INVITE", "811", "anna", sdp=offer(4000)).status == 401
    assert peer.request("INVITE", "811", "anna", sdp=offer(4000), account=("anna", "wrong")).status == 401
    assert peer.request("INVITE", "*1", "anna", sdp=offer(4000), account=("anna", "pwanna")).status == 200
    assert "PJSIP/anna-" in channels(asterisk)
    peer.bye()


def test_a_caller_cannot_pass_for_an_agent_by_the_name_they_send(peer: SipPeer) -> None:
    assert peer.request("INVITE", "112", "leila", sdp=offer(4000)).status == 401
    stolen = 'Authorization: Digest username="leila", realm="asterisk", nonce="1/1", uri="sip:112", response="0"\r\n'
    assert peer.request("INVITE", "112", STRANGER, sdp=offer(4000), extra=stolen).status == 401


def test_an_internal_number_dialled_from_outside_does_not_reach_a_phone(
    asterisk: RenderedAsterisk, peer: SipPeer
) -> None:
    assert peer.request("INVITE", "101", STRANGER, sdp=offer(free_port(socket.SOCK_DGRAM))).status == 200
    (channel,) = [line for line in channels(asterisk).splitlines() if line.startswith("PJSIP/trunk-")]
    assert "al-phones" not in channel
    peer.bye()


def test_a_callers_number_goes_on_as_32_digits_at_most(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    sent = "(" + "5" * 60 + "a,b"
    assert peer.request("INVITE", "112", sent, sdp=offer(free_port(socket.SOCK_DGRAM))).status == 200
    assert re.findall("5{9,}", channels(asterisk)) == ["5" * 32]
    peer.bye()


def test_a_flood_of_callers_leaves_room_for_an_emergency(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    """Before, the last ports for sound went to the hotline, and 112 was answered by 488."""
    crowd = [SipPeer(asterisk.site.sip_port) for _ in range(RTP_PORTS // 4 + 1)]
    taken = [one.request("INVITE", "1542", STRANGER, sdp=offer(4000)).status for one in crowd]
    assert taken == [200] * (len(crowd) - 1) + [503]
    assert peer.request("INVITE", "112", STRANGER, sdp=offer(4000)).status == 200
    peer.bye()
    for one in crowd[:-1]:
        one.bye()
    for one in crowd:
        one.close()


def test_anything_but_alaw_is_refused(peer: SipPeer) -> None:
    opus = offer(4000).replace("8 101", "96 101").replace("rtpmap:8 PCMA/8000", "rtpmap:96 opus/48000/2")
    assert peer.request("INVITE", "112", STRANGER, sdp=opus).status == 488


def test_an_emergency_caller_rings_a_nurse_though_no_service_runs(asterisk: RenderedAsterisk, peer: SipPeer) -> None:
    trainee, nurse = SipPeer(asterisk.site.sip_port), SipPeer(asterisk.site.sip_port)
    for phone, name in ((trainee, "denis"), (nurse, "elena")):
        assert register(phone, name, f"pw{name}") == 200
        phone.answer(phone.expect("OPTIONS"), "200 OK")
    assert peer.request("INVITE", "112", STRANGER, sdp=offer(free_port(socket.SOCK_DGRAM))).status == 200
    rung = nurse.expect("INVITE")
    nurse.answer(rung, "180 Ringing")
    assert re.search(r"^From: \"Emergency", rung, re.MULTILINE), "the agent sees whose help is asked for"
    peer.bye()
    nurse.expect("CANCEL")
    trainee.close()
    nurse.close()


@pytest.mark.parametrize("where", ["PJSIP%2F%2B447700900666%40trunk", "Local%2Fs%40al-accept"])
def test_a_phone_that_forwards_its_calls_is_busy_and_sends_nobody_anywhere(
    asterisk: RenderedAsterisk, peer: SipPeer, where: str
) -> None:
    """An answer of 302 would dial whatever it names: any number through the trunk, at the house's expense."""
    nurse = SipPeer(asterisk.site.sip_port)
    assert register(nurse, "elena", "pwelena") == 200
    nurse.answer(nurse.expect("OPTIONS"), "200 OK")
    assert peer.request("INVITE", "112", STRANGER, sdp=offer(free_port(socket.SOCK_DGRAM))).status == 200
    nurse.answer(nurse.expect("INVITE"), "302 Moved Temporarily", f"Contact: <sip:{where}@127.0.0.1>")
    nurse.expect("INVITE")
    assert set(re.findall(r"PJSIP/\w+|al-accept", channels(asterisk))) <= {"PJSIP/trunk", "PJSIP/elena"}
    assert channels(asterisk).count("PJSIP/trunk-") == 1
    peer.bye()
    nurse.close()


# --- TLS and SRTP ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of this test and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("SIP OVER TLS WAS NOT TESTED: install openssl, which makes the test's certificate")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    words += ["-addext", "subjectAltName=DNS:localhost", "-out", str(made), "-keyout", str(key)]
    subprocess.run(words, capture_output=True, check=True)
    return made, key


@pytest.fixture(scope="module")
def secure(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RenderedAsterisk]:
    made, key = certificate
    with running(
        tmp_path_factory.mktemp("secure"), tls=Tls(port=free_port(), certificate=made, key=key), srtp=True
    ) as up:
        yield up


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_it_starts_with_tls_and_srtp_without_one_warning_or_error(secure: RenderedAsterisk) -> None:
    assert secure.complaints == []


def test_a_phone_registers_over_tls_with_the_configured_certificate(
    secure: RenderedAsterisk, trusting: ssl.SSLContext
) -> None:
    assert secure.site.tls
    phone = SipPeer(secure.site.tls.port, trusting)
    assert register(phone, "anna", "pwanna") == 200
    phone.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(secure: RenderedAsterisk, trusting: ssl.SSLContext) -> None:
    assert secure.site.tls
    trusting.minimum_version = ssl.TLSVersion.TLSv1
    trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(OSError):
        SipPeer(secure.site.tls.port, trusting)


def test_with_srtp_an_agents_phone_must_encrypt_and_is_answered_encrypted(
    secure: RenderedAsterisk, trusting: ssl.SSLContext
) -> None:
    assert secure.site.tls
    phone = SipPeer(secure.site.tls.port, trusting)
    account = ("anna", "pwanna")
    assert phone.request("INVITE", "*1", "anna", sdp=offer(4000), account=account).status == 488
    crypto = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\r\n"
    answer = phone.request("INVITE", "*1", "anna", sdp=offer(4000, "RTP/SAVP", crypto), account=account)
    assert answer.status == 200
    assert "RTP/SAVP" in answer.text
    assert "a=crypto:1 AES_CM_128_HMAC_SHA1_80" in answer.text
    phone.bye()
    phone.close()
