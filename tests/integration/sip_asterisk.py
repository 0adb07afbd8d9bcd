"""A real Asterisk with telephones: a trunk known by its address, agents by their passwords, a dialplan of tricks.

The dialplan reports by ringing a phone in the street whose number is the report (`BUSY-17`), so that a test needs no
connection but telephones.
"""

from __future__ import annotations

import socket
from pathlib import Path

from tests.integration.small_asterisk import MODULES, SmallAsterisk

STREET, DESKS = "127.0.0.1", "127.0.0.2"
SIP_MODULES = """\
res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjsip res_pjsip_session res_pjsip_sdp_rtp
res_rtp_asterisk res_pjsip_authenticator_digest res_pjsip_registrar res_pjsip_endpoint_identifier_user
res_pjsip_endpoint_identifier_ip res_pjsip_caller_id res_pjsip_refer res_pjsip_dlg_options res_pjsip_pubsub
chan_pjsip app_echo app_playtones bridge_native_rtp bridge_builtin_features codec_alaw format_pcm
"""
EXTENSIONS = """\
[street]
exten => echo,1,Answer()
 same => n,Echo()
exten => tone,1,Answer()
 same => n,Playtones(425/100000)
 same => n,Wait(60)
exten => early,1,Progress()
 same => n,Playtones(425/100000)
 same => n,Wait(60)
exten => ringing,1,Ringing()
 same => n,Wait(60)
exten => busy,1,Hangup(17)
exten => prompt,1,Answer()
 same => n,Playback({prompt})
 same => n,Wait(60)
exten => music,1,Answer()
 same => n,MusicOnHold()
exten => keys,1,Answer()
 same => n,Read(KEYS)
 same => n,Dial(PJSIP/${{KEYS}}@trunk,5)
exten => _age[n]t.,1,Dial(PJSIP/${{EXTEN}},2)
 same => n,Dial(PJSIP/${{DIALSTATUS}}-${{HANGUPCAUSE}}@trunk,5)
exten => whoami,1,Dial(PJSIP/from-${{CALLERID(num)}}@trunk,5)
[desks]
include => street
exten => *1,1,Answer()
 same => n,Dial(PJSIP/ready-${{CHANNEL(endpoint)}}@trunk,5)
exten => _+X.,1,Dial(PJSIP/${{EXTEN}}@trunk,5)
"""
PJSIP = """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip}
[trunk]
type = endpoint
context = street
disallow = all
allow = alaw
direct_media = no
trust_id_inbound = yes
aors = trunk
[trunk]
type = aor
contact = sip:127.0.0.1:{trunk}
[trunk]
type = identify
endpoint = trunk
match = 127.0.0.1
"""
AGENT = """\
[{name}]
type = endpoint
context = desks
disallow = all
allow = alaw
direct_media = no
callerid = "{name}" <{name}>
auth = {name}
aors = {name}
[{name}]
type = auth
username = {name}
password = secret-{name}
[{name}]
type = aor
max_contacts = 1
remove_existing = yes
qualify_frequency = 1
"""
AGENTS = [f"agent{i}" for i in range(1, 31)]


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SipAsterisk(SmallAsterisk):
    """`sip` is where it takes calls, `trunk_port` where it expects the street."""

    def __init__(self, home: Path, prompt: Path) -> None:
        super().__init__(home, EXTENSIONS.format(prompt=prompt.with_suffix("")))
        self.sip = ("127.0.0.1", free_udp_port())
        self.trunk_port = free_udp_port()
        music = home / "music"
        music.mkdir()
        (music / "music.wav").write_bytes(prompt.read_bytes())
        modules = (MODULES + SIP_MODULES).split()
        files = {
            "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in modules),
            "pjsip.conf": PJSIP.format(sip=self.sip[1], trunk=self.trunk_port)
            + "".join(AGENT.format(name=name) for name in AGENTS),
            "rtp.conf": "[general]\nrtpstart = 31000\nrtpend = 32000\n",
            "musiconhold.conf": f"[default]\nmode = files\ndirectory = {music}\n",
            **dict.fromkeys(("features.conf", "indications.conf", "ccss.conf", "cdr.conf", "cel.conf"), "[general]\n"),
        }
        for name, text in files.items():
            (home / "etc" / name).write_text(text)
