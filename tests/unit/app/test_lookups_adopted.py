"""Whom do the menus ask when the configuration names a table, nobody, or a database that is not there?"""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from agi_scripts.errors import NotAsked
from app.errors import SettingsFault
from app.lookups import MenuSources
from app.settings import Settings
from config.sources import CsvSource, RestSource, Sources, SqlSource
from ivr.dialogue import CallerRecord
from ivr.secret import Secret
from tests.builders import a_profile
from tests.unit.agi_scripts.menu_calls import a_configuration

NUMBER = Secret("+447700900111")


async def test_the_sources_of_a_new_configuration_are_asked_from_then_on(tmp_path: Path) -> None:
    for name, region in (("old", "kazan"), ("new", "baku")):
        (tmp_path / f"{name}.csv").write_text(f"number,region\n{NUMBER.reveal()},{region}\n")
    sources = MenuSources(Settings(home=tmp_path, config=tmp_path / "assistline.yaml"))
    assert sources.find_caller is None
    for name, region in (("old", "kazan"), ("new", "baku")):
        await sources.adopt(a_configuration(lookups=Sources(callers=CsvSource(file=f"{name}.csv"))))
        assert sources.find_caller is not None
        assert await sources.find_caller("", Secret(""), NUMBER) == CallerRecord(region=region)
    await sources.adopt(a_configuration())
    assert sources.find_caller is None
    await sources.close()


async def test_a_source_that_cannot_be_made_leaves_those_of_before_and_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "callers.csv").write_text(f"number,region\n{NUMBER.reveal()},kazan\n")
    sources = MenuSources(Settings(home=tmp_path, config=tmp_path / "assistline.yaml"))
    await sources.adopt(a_configuration(lookups=Sources(callers=CsvSource(file="callers.csv"))))
    asked = a_configuration(lookups=Sources(callers=RestSource(url="https://records.example")))
    (tmp_path / "secrets").write_text("in the way of the folder")
    for _again in range(2):
        with pytest.raises(SettingsFault):
            await sources.adopt(asked)
        assert sources.find_caller is not None
        assert await sources.find_caller("", Secret(""), NUMBER) == CallerRecord(region="kazan")
    (tmp_path / "secrets").unlink()
    before = sources.find_caller
    await sources.adopt(asked)
    assert sources.find_caller not in (None, before)
    await sources.close()


async def test_a_table_may_name_whom_the_next_configuration_has(tmp_path: Path) -> None:
    (tmp_path / "callers.csv").write_text(f"number,doctor\n{NUMBER.reveal()},leila\n")
    tables = Sources(callers=CsvSource(file="callers.csv"))
    sources = MenuSources(Settings(home=tmp_path, config=tmp_path / "assistline.yaml"))
    await sources.adopt(a_configuration(lookups=tables))
    assert sources.find_caller is not None
    with pytest.raises(NotAsked):
        await sources.find_caller("", Secret(""), NUMBER)
    await sources.adopt(a_configuration("2", lookups=tables, agents={"leila": a_profile("leila")}))
    assert await sources.find_caller("", Secret(""), NUMBER) == CallerRecord(doctor="leila")
    await sources.close()


@pytest.mark.parametrize("url", [None, "nonsense", "mysql://u:secret@host/db", "postgresql://host:port/db"])
async def test_a_database_without_an_address_is_said_so_and_its_lookups_fail(tmp_path: Path, url: str | None) -> None:
    sources = MenuSources(Settings(home=tmp_path, lookup_database_url=url))
    with structlog.testing.capture_logs() as logged:
        await sources.adopt(a_configuration(lookups=Sources(callers=SqlSource(queries={"number": "select :value"}))))
    assert [line["action"] for line in logged] == ["lookup.no_database"] and "secret" not in str(logged)
    assert sources.find_caller is None
    await sources.close()
