"""A few SIP messages by hand, over UDP or TLS: enough to see as whom Asterisk takes their sender."""

from __future__ import annotations

import hashlib
import itertools
import re
import socket
import ssl
import time
from dataclasses import dataclass

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """A final response."""

    status: int
    text: str

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}:\s*(.*)$", self.text, re.MULTILINE | re.IGNORECASE)
        return found.group(1).strip() if found else ""


class SipPeer:
    """One sender. `request` waits for the final response; a dialog that came up is ended by `bye`."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.transport = "TLS" if tls else "UDP"
        if tls:
            plain = socket.create_connection(("127.0.0.1", port), timeout=5)
            self._socket: socket.socket = tls.wrap_socket(plain, server_hostname="localhost")
        else:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(5)
        self._target = port
        self._here = "{}:{}".format(*self._socket.getsockname())

    def close(self) -> None:
        self._socket.close()

    def request(
        self,
        method: str,
        to: str,
        sender: str,
        *,
        sdp: str = "",
        account: tuple[str, str] | None = None,
        extra: str = "",
    ) -> Answer:
        """Send it; asked for a password, send it again with that of `account`."""
        call, branch = f"call{next(_numbers)}", f"z9hG4bK{next(_numbers)}"
        cseq = 1
        answer = self._once(method, to, sender, call, cseq, sdp, extra)
        if answer.status in (401, 407) and account:
            proof = _digest(answer.header("WWW-Authenticate"), method, self._uri(method, to), *account)
            cseq = 2
            answer = self._once(method, to, sender, call, cseq, sdp, f"{extra}Authorization: {proof}\r\n")
        if method == "INVITE" and answer.status == 200:
            self._send("ACK", to, sender, call, cseq, "", "", answer.header("To"), branch)
            self._bye = (to, sender, call, answer.header("To"))
        return answer

    def bye(self) -> None:
        to, sender, call, tagged = self._bye
        assert self._once("BYE", to, sender, call, 3, "", "", tagged).status == 200

    def expect(self, method: str) -> str:
        """The next request of this method within 10 s; others are passed over."""
        until = time.monotonic() + 10
        while not (text := self._receive()).startswith(f"{method} "):
            assert time.monotonic() < until, f"no {method} came"
        return text

    def answer(self, request: str, status: str, *headers: str) -> None:
        """Send this status (`200 OK`) for a request that came."""
        copied = re.findall(r"^(?:Via|From|To|Call-ID|CSeq):.*$", request, re.MULTILINE | re.IGNORECASE)
        lines = [line.strip() + (";tag=here" if line.startswith("To:") else "") for line in copied]
        self._socket.sendall("\r\n".join([f"SIP/2.0 {status}", *lines, *headers, "Content-Length: 0", "", ""]).encode())

    def _once(
        self, method: str, to: str, sender: str, call: str, cseq: int, sdp: str, extra: str, tagged: str = ""
    ) -> Answer:
        branch = f"z9hG4bK{next(_numbers)}"
        self._send(method, to, sender, call, cseq, sdp, extra, tagged, branch)
        while True:
            text = self._receive()
            status = re.match(r"SIP/2\.0 (\d+)", text)
            if not status or int(status.group(1)) < 200 or f"CSeq: {cseq} {method}" not in text or call not in text:
                continue
            answer = Answer(int(status.group(1)), text)
            if method == "INVITE" and answer.status >= 300:
                self._send("ACK", to, sender, call, cseq, "", "", answer.header("To"), branch)
            return answer

    def _uri(self, method: str, to: str) -> str:
        return f"sip:127.0.0.1:{self._target}" if method == "REGISTER" else f"sip:{to}@127.0.0.1:{self._target}"

    def _send(
        self, method: str, to: str, sender: str, call: str, cseq: int, sdp: str, extra: str, tagged: str, branch: str
    ) -> None:
        lines = [
            f"{method} {self._uri(method, to)} SIP/2.0",
            f"Via: SIP/2.0/{self.transport} {self._here};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:{sender}@127.0.0.1>;tag={call}",
            f"To: {tagged or f'<sip:{to}@127.0.0.1>'}",
            f"Call-ID: {call}@127.0.0.1",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{sender}@{self._here};transport={self.transport.lower()}>",
            *(["Content-Type: application/sdp"] if sdp else []),
            f"Content-Length: {len(sdp)}",
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n" + extra + "\r\n" + sdp).encode())

    def _receive(self) -> str:
        """One message; over TLS they may come in pieces."""
        data = self._socket.recv(65536)
        while self.transport == "TLS" and not _whole(data):
            data += self._socket.recv(65536)
        return data.decode()


def offer(port: int, profile: str = "RTP/AVP", extra: str = "") -> str:
    """An SDP offer of alaw and keys."""
    return (
        f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} {profile} 8 101\r\n"
        f"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n{extra}"
    )


def _whole(data: bytes) -> bool:
    head, ended, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length:\s*(\d+)", head, re.IGNORECASE)
    return bool(ended) and len(body) >= int(length.group(1) if length else 0)


def _digest(challenge: str, method: str, uri: str, user: str, password: str) -> str:
    """RFC 2617 with qop=auth."""
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret, what = md5(f"{user}:{asked['realm']}:{password}"), md5(f"{method}:{uri}")
    response = md5(f"{secret}:{asked['nonce']}:00000001:here:auth:{what}")
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", uri="{uri}", algorithm=MD5, '
        f'response="{response}", qop=auth, nc=00000001, cnonce="here"'
        + (f', opaque="{asked["opaque"]}"' if "opaque" in asked else "")
    )
