"""Is what SIPp reports understood, and does its scenario keep the rules that SIPp only keeps silently?"""

from __future__ import annotations

from xml.etree import ElementTree

from synthetic.sipp import SCENARIO, Report

ANSWERED = (
    "Call-ID: abc\r\nHappened: answered\r\n\r\nSIP/2.0 200 OK\r\nTo: <sip:1@x>;tag=9\r\nCSeq: 2 INVITE\r\n"
    "Contact: <sip:127.0.0.1:5060>\r\n\r\nv=0\r\nm=audio 4000 RTP/AVP 8\r\n"
)


def test_a_report_carries_the_message_that_brought_it() -> None:
    report = Report.parse(ANSWERED)
    assert (report.call_id, report.happened) == ("abc", "answered")
    assert (report.message.status, report.message.method) == (200, "INVITE")
    assert report.message.headers["to"] == "<sip:1@x>;tag=9"
    assert "m=audio 4000" in report.message.body


def test_a_request_has_a_method_and_no_status() -> None:
    message = Report.parse("Call-ID: abc\r\nHappened: ended\r\n\r\nBYE sip:1@x SIP/2.0\r\nCSeq: 3 BYE\r\n\r\n").message
    assert (message.status, message.method) == (0, "BYE")


def test_sipps_own_abort_is_a_report_too() -> None:
    assert Report.parse("\ncall-id: abc\r\ninternal-cmd: abort_call\r\n\r\n").happened == "aborted"


def test_in_the_scenario_an_answer_is_awaited_only_below_the_request_that_brings_it() -> None:
    """SIPp ignores a response whose recv stands above its send: the call would hang."""
    sent: set[str] = set()
    awaited = {"401": {"INVITE"}, "487": {"CANCEL"}, "202": {"REFER"}}
    for element in ElementTree.parse(SCENARIO).getroot():
        if element.tag == "send" and element.text:
            sent.add(element.text.split()[0])
        elif element.tag == "recv" and (code := element.get("response")):
            assert awaited.get(code, {"INVITE"}) <= sent or "REGISTER" in sent


def test_in_the_scenario_every_state_is_left_by_a_label_that_exists() -> None:
    root = ElementTree.parse(SCENARIO).getroot()
    labels = {element.get("id") for element in root.iter("label")}
    assert {element.get("next") for element in root.iter() if element.get("next")} <= labels
