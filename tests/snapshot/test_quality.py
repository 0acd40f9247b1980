"""Quality by registry and okrug adds up to the batches, and each reader sees their part of it."""

import shutil
from dataclasses import replace
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest

from auyl import access, intake, ledger
from auyl.intake.withdraw import restore, withdraw
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.snapshot.quality import by_okrug, measure_quality, unmeasured
from tests.snapshot.conftest import PERIOD

SIX = {"population", "social_assistance", "livestock", "ambulance", "employment", "budget_okrug"}


@pytest.fixture
def measured(published: BuildResult, installation: Settings) -> Settings:
    assert unmeasured(installation) == [PERIOD]
    measure_quality(PERIOD, installation)
    return installation


def ask(settings: Settings, query: str, *values: object, dsn: str | None = None) -> list[dict[str, object]]:
    factory = psycopg2.extras.RealDictCursor
    with psycopg2.connect(dsn or settings.dsn, cursor_factory=factory) as con, con.cursor() as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]


def test_every_account_is_that_of_the_batches(measured: Settings) -> None:
    rows = {r["registry"]: r for r in ask(measured, "select * from serving.quality where level = 'registry'")}
    assert set(rows) >= SIX
    for registry, row in rows.items():
        batches = ledger.current_batches(measured, registry, PERIOD, registry == "ambulance")
        for name in ("rows_in", "staged", "quarantined", "duplicates", "warned"):
            counted = "rejected" if name == "quarantined" else name
            assert row[name] == sum(getattr(batch, counted) for batch in batches), (registry, name)


def test_okrugs_and_the_unplaced_add_up_to_the_registry(measured: Settings) -> None:
    rows = ask(
        measured,
        "select registry, level = 'registry' as whole, sum(rows_in) as rows_in, sum(warned) as warned "
        "from serving.quality group by 1, 2 order by 1, 2",
    )
    for parts, whole in zip(rows[::2], rows[1::2], strict=True):
        assert (parts["rows_in"], parts["warned"]) == (whole["rows_in"], whole["warned"])


def test_most_rows_are_placed_and_valid(measured: Settings) -> None:
    (row,) = ask(measured, "select * from serving.quality where level = 'registry' and registry = 'population'")
    assert 98 < row["validity_pct"] < 100 and 90 < row["completeness_pct"] <= 100 and 0 < row["duplicates_pct"] < 1
    shown = by_okrug(measured, "population", PERIOD)
    rural = ask(measured, "select kato from serving.territory where is_rural_akimat and oblast_kato = '190000000'")
    assert {row["kato"] for row in shown} > {row["kato"] for row in rural}, "every okrug, and the rows without one"
    assert shown[0]["validity_pct"] <= shown[-1]["validity_pct"]


def test_rejected_rows_are_placed_without_running_stage_sql_again(measured: Settings) -> None:
    of_quality = "select * from serving.quality order by registry, level, kato"
    before = [{k: v for k, v in row.items() if k != "measured_at"} for row in ask(measured, of_quality)]
    without = replace(measured, include=measured.home / "include")
    shutil.copytree(measured.include, without.include, ignore=shutil.ignore_patterns("stage"))
    assert not (without.include / "sql" / "stage").exists()
    measure_quality(PERIOD, without)
    assert [{k: v for k, v in row.items() if k != "measured_at"} for row in ask(measured, of_quality)] == before


def test_measured_once_it_waits_for_the_next_batch(measured: Settings, oblast: Path) -> None:
    assert unmeasured(measured) == []
    (batch,) = ledger.current_batches(measured, "social_assistance", PERIOD)
    stricter = replace(measured, expectations=measured.home / "expectations")
    shutil.copytree(measured.expectations, stricter.expectations)
    with (stricter.expectations / "social_assistance.json").open("a") as suite:
        suite.write("\n")
    assert intake.load(batch.delivery_id, stricter).status == "accepted"
    assert unmeasured(measured) == [PERIOD]
    measure_quality(PERIOD, measured)
    assert unmeasured(measured) == []
    withdraw(measured, batch.batch_id, "another month", "aigerim")
    assert unmeasured(measured) == [PERIOD]
    restore(measured, batch.batch_id, "it was right", "aigerim")


def test_an_owner_reads_their_registry_a_district_its_okrugs_and_an_akim_nothing(measured: Settings) -> None:
    password = access.make_password()
    names = {who: f"{who}_{measured.dsn.rsplit('/', 1)[1][-12:]}".lower() for who in ("owner", "district", "akim")}
    (okrug,) = ask(
        measured, "select kato from serving.quality where registry = 'population' and kato is not null limit 1"
    )
    kato = str(okrug["kato"])
    with psycopg2.connect(measured.dsn) as con:
        for name in names.values():
            access.create_login(con, name, password)
        access.give_registry(con, names["owner"], "livestock", given_by="test", reason="letter 1")
        access.grant(con, names["district"], "district_staff", kato[:4], granted_by="test", reason="order 1")
        access.grant(con, names["akim"], "akim", kato[:6], granted_by="test", reason="order 2")

    def seen(who: str) -> list[dict[str, object]]:
        address = measured.dsn.split("@", 1)[1]
        return ask(
            measured,
            "select registry, level, kato from serving.quality_trend",
            dsn=f"postgresql://{names[who]}:{password}@{address}",
        )

    assert {row["registry"] for row in seen("owner")} == {"livestock"}
    assert {row["level"] for row in seen("owner")} >= {"registry", "okrug"}
    district = seen("district")
    assert district and {str(row["kato"])[:4] for row in district} == {kato[:4]}
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        seen("akim")
    with psycopg2.connect(measured.dsn) as con:
        assert access.take_registry(con, names["owner"], reason="left") == 1
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        seen("owner")
