"""How `ami_calls.gz` was made: ten SIP calls through a ten-command AGI session, all that AMI tells of them, unfiltered.

`python -m tests.recorded.record_ami` records it anew. The numbers are of the ranges kept for drama, so nothing in the
file is anybody's. One call is about 41 events and 17 kB.
"""

from __future__ import annotations

import asyncio
import gzip
import tempfile
from pathlib import Path

from app import runtime
from tests.integration.small_asterisk import MANAGER_CONF, SmallAsterisk, free_port

RECORDED = Path(__file__).parent / "ami_calls.gz"
CALLS = 10

SIP_MODULES = """
res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject res_pjsip res_pjsip_pubsub res_pjsip_session
res_pjsip_sdp_rtp res_pjsip_endpoint_identifier_ip res_pjsip_caller_id chan_pjsip res_rtp_asterisk codec_alaw codec_ulaw
"""
PJSIP_CONF = """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{port}
[trunk]
type = endpoint
context = in
disallow = all
allow = alaw,ulaw
[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
"""
EXTENSIONS = """\
[in]
exten => 1542,1,Set(CALLERID(all)="Абонент" <+442079460958>)
 same => n,Answer(0)
 same => n,AGI(agi://127.0.0.1:{port}/menu)
 same => n,Hangup()
"""
COMMANDS = ["GET VARIABLE EXTEN", "SET VARIABLE AL_LANG ru", "NOOP"] * 3 + ["SET VARIABLE AL_QUEUE claims"]


async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\n\n")
    for command in COMMANDS:
        writer.write(f"{command}\n".encode())
        await reader.readline()
    writer.close()


async def record(home: Path) -> bytes:
    agi = await asyncio.start_server(session, "127.0.0.1", 0)
    sip_port = free_port()
    asterisk = SmallAsterisk(
        home,
        EXTENSIONS.format(port=agi.sockets[0].getsockname()[1]),
        SIP_MODULES,
        {"pjsip.conf": PJSIP_CONF.format(port=sip_port), "pjproject.conf": "", "rtp.conf": ""},
    )
    port = asterisk.account.port
    manager = MANAGER_CONF.format(port=port, channelvars="").replace("timestampevents = yes", "")
    everything = "read = system,call,agent,user,cdr,dialplan,agi"
    manager = manager.replace("read = system,call,agent,user,cdr", everything)
    (home / "etc" / "manager.conf").write_text(manager)
    asterisk.start()
    try:
        return await listen(port, sip_port)
    finally:
        asterisk.stop()
        agi.close()


async def listen(port: int, sip_port: int) -> bytes:
    """Everything that one unfiltered AMI connection is told, from its banner on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"Action: Login\r\nUsername: al\r\nSecret: test\r\n\r\n")
    told = await reader.readuntil(b"Status: Fully Booted\r\n\r\n")
    dial = ["-sn", "uac", "-s", "1542", "-m", str(CALLS), "-r", "5", "-d", "3000", "-nostdin", f"127.0.0.1:{sip_port}"]
    sipp = await asyncio.create_subprocess_exec(*runtime.program("sipp"), *dial, stdout=asyncio.subprocess.DEVNULL)
    hung_up = 0
    while hung_up < CALLS:
        message = await reader.readuntil(b"\r\n\r\n")
        told += message
        hung_up += message.startswith(b"Event: Hangup\r\n")
    sipp.terminate()
    await sipp.wait()
    return told


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(record(Path(folder) / "asterisk"))
    RECORDED.write_bytes(gzip.compress(told, mtime=0))
    events = told.count(b"\r\n\r\n") - 2
    print(f"{events / CALLS:.1f} events and {len(told) / CALLS:.0f} bytes a call")


if __name__ == "__main__":
    main()
