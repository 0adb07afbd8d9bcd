"""Settings come from the environment, and a value that cannot be used is named in one sentence."""

from __future__ import annotations

import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.errors import SettingsFault
from app.settings import Settings, check_ports_free, load_settings, secret


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"AL_{field.upper()}", raising=False)
        monkeypatch.delenv(field.upper(), raising=False)


def test_without_a_database_url_the_history_lies_in_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AL_HOME", str(tmp_path))
    assert load_settings().database_url == f"sqlite+aiosqlite:///{tmp_path}/assistline.sqlite"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://al@db/al", "postgresql+asyncpg://al@db/al"),
        ("sqlite:////var/lib/al.sqlite", "sqlite+aiosqlite:////var/lib/al.sqlite"),
        ("postgresql+asyncpg://al@db/al", "postgresql+asyncpg://al@db/al"),
    ],
)
def test_a_database_url_gets_its_async_driver(monkeypatch: pytest.MonkeyPatch, given: str, used: str) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    assert load_settings().database_url == used


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    monkeypatch.setenv("AL_SIP_PORT", "")
    assert (load_settings().redis_url, load_settings().sip_port) == (None, 5060)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("AL_SIP_PORT", "99999", "less than or equal to 65535"),
        ("AL_HTTP_PORT", "eight", "a valid integer"),
        ("AL_NODE", "Node 1", "small letters and digits"),
        ("AL_BIND", "somewhere", "IPv4 or IPv6"),
        ("AL_BIND", "0.0.0.0", "AL_SIP_BIND"),
        ("AL_EXTERNAL_ADDRESS", "pbx.example", "IPv4 or IPv6"),
        ("AL_LOCAL_NETWORKS", "10.0.0.0/8,10.0.0.1/8", "host bits"),
        ("AL_TLS_CERTIFICATE", "/nowhere/cert.pem", "may read"),
        ("AL_SRTP", "1", "AL_TLS_KEY"),
        ("AL_RTP_END", "10000", "above AL_RTP_START, which is 10000"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsFault, match=rf"^{variable} cannot be '{value}': .*{reason}"):
        load_settings()


def test_tls_is_set_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AL_TLS_PORT", "5061")
    with pytest.raises(SettingsFault, match=r"^AL_TLS_KEY must be set: .* go together"):
        load_settings()


def test_another_process_of_this_instance_has_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = tmp_path / "both.pem"
    pem.touch()
    given = Settings(
        home=tmp_path,
        redis_url="redis://127.0.0.1:6379/0",
        sip_bind="0.0.0.0",
        external_address="192.0.2.10",
        local_networks=("10.0.0.0/8", "192.168.0.0/16"),
        tls_port=5061,
        tls_certificate=pem,
        tls_key=pem,
        srtp=True,
    )
    for settings in (given, Settings(home=tmp_path)):
        with monkeypatch.context() as other:
            for variable, value in settings.environment().items():
                other.setenv(variable, value)
            assert load_settings() == settings


@pytest.mark.parametrize(
    ("variable", "field", "kind"),
    [("AL_SIP_PORT", "sip_port", socket.SOCK_DGRAM), ("AL_AGI_PORT", "agi_port", socket.SOCK_STREAM)],
)
def test_a_taken_port_is_named_with_its_variable(variable: str, field: str, kind: socket.SocketKind) -> None:
    ports = dict(zip(("http_port", "sip_port", "ami_port", "agi_port"), _free_ports(4), strict=True))
    check_ports_free(Settings(**ports))
    with socket.socket(socket.AF_INET, kind) as taker:
        taker.bind(("127.0.0.1", ports[field]))
        if kind == socket.SOCK_STREAM:
            taker.listen()
        with pytest.raises(SettingsFault, match=rf"^port {ports[field]} \({variable}\) is taken: "):
            check_ports_free(Settings(**ports))


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = secret(tmp_path, "ami")
    assert len(first) == 32
    assert secret(tmp_path, "ami") == first != secret(tmp_path, "http")
    assert stat.S_IMODE((tmp_path / "secrets" / "ami").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == ["ami", "http"]


def test_those_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            assert len(set(pool.map(secret, [tmp_path] * 8, [f"s{number}"] * 8))) == 1


def test_a_secret_cannot_be_called_like_a_path(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="cannot be called"):
        secret(tmp_path, "../passwd")


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago, all different, for TCP and UDP alike."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports
