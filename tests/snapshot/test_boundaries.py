"""A period in other boundaries is measured again from its rows; what cannot be determined is counted and flagged.

The editions and the rows are invented and few, so that every answer is known: okrugs of one district, of which one was
divided, one merged into its neighbour, one renamed, one recoded, and a village that moved.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from auyl import ledger
from auyl.cli import app
from auyl.errors import TerritoryMissing
from auyl.settings import REPOSITORY, Settings
from auyl.snapshot.boundaries import BoundariesUnknown, show_in
from auyl.snapshot.core import core_tables
from auyl.store.binding import adopt
from auyl.store.lake import Lake
from auyl.store.postgres import engine
from auyl.territory import editions as territory
from tests.conftest import fresh_installation
from tests.territory.editions import kato_file, write_changes

PERIOD, DIGEST = "2021-10", "ab" * 32
OLD, NEW = "OLD", "TODAY"
WHOLE = [
    ("190000000", "oblast", "Алматинская область", "Алматы облысы", "190000000"),
    ("194000000", "district", "Енбекшиказахский район", "Еңбекшіқазақ ауданы", "194000000"),
]
# code, level, names, what it became
BEFORE = [
    *WHOLE,
    # divided: с.Южное became an okrug of its own with с.Дальнее of the neighbour
    ("194031000", "sub_district", "Большой с.о.", "Үлкен а.о.", "194031000"),
    ("194031100", "settlement", "с.Северное", "Солтүстік а.", "194031100"),
    ("194031200", "settlement", "с.Южное", "Оңтүстік а.", "194041100"),
    ("194033000", "sub_district", "Соседний с.о.", "Көрші а.о.", "194033000"),
    ("194033100", "settlement", "с.Ближнее", "Жақын а.", "194033100"),
    ("194033200", "settlement", "с.Дальнее", "Алыс а.", "194041200"),
    # merged whole into the next, which was renamed
    ("194035000", "sub_district", "Малый с.о.", "Кіші а.о.", "194037000"),
    ("194035100", "settlement", "с.Малое", "Кіші а.", "194037200"),
    ("194037000", "sub_district", "Октябрьский с.о.", "Октябрь а.о.", "194037000"),
    ("194037100", "settlement", "с.Октябрь", "Октябрь а.", "194037100"),
    # one is no more, nobody tells where its people went; the other has a village later that nobody tells of
    ("194045000", "sub_district", "Безвестный с.о.", "Белгісіз а.о.", None),
    ("194045100", "settlement", "с.Безвестное", "Белгісіз а.", None),
    ("194047000", "sub_district", "Тихий с.о.", "Тыныш а.о.", "194047000"),
    ("194047100", "settlement", "с.Тихое", "Тыныш а.", "194047100"),
    # took a village of the neighbouring oblast in
    ("194039000", "sub_district", "Крайний с.о.", "Шет а.о.", "194039000"),
    ("194039100", "settlement", "с.Край", "Шет а.", "194039100"),
    ("310000000", "oblast", "Жамбылская область", "Жамбыл облысы", "310000000"),
    ("314000000", "district", "Жамбылский район", "Жамбыл ауданы", "314000000"),
    ("314033000", "sub_district", "Пограничный с.о.", "Шекара а.о.", None),
    ("314033100", "settlement", "с.Граница", "Шекара а.", "194039200"),
    ("314035000", "sub_district", "Чужой с.о.", "Бөтен а.о.", "314035000"),
    # a district divided in two: each okrug went whole
    ("196600000", "district", "Уйгурский район", "Ұйғыр ауданы", "196600000"),
    ("196631000", "sub_district", "Шонжинский с.о.", "Шонжы а.о.", "196631000"),
    ("196631100", "settlement", "с.Шонжы", "Шонжы а.", "196631100"),
    ("196633000", "sub_district", "Аватский с.о.", "Ават а.о.", "196731000"),
    ("196633100", "settlement", "с.Ават", "Ават а.", "196731100"),
    # went to the new oblast with its district
    ("193200000", "district", "Аксуский район", "Ақсу ауданы", "333200000"),
    ("193230000", "sub_district", "Арасанский с.о.", "Арасан а.о.", "333230000"),
    ("193230100", "settlement", "с.Арасан", "Арасан а.", "333230100"),
]
AFTER = [
    *WHOLE,
    ("194031000", "sub_district", "Большой с.о.", "Үлкен а.о."),
    ("194031100", "settlement", "с.Северное", "Солтүстік а."),
    ("194033000", "sub_district", "Соседний с.о.", "Көрші а.о."),
    ("194033100", "settlement", "с.Ближнее", "Жақын а."),
    ("194037000", "sub_district", "Бәйдібек би с.о.", "Бәйдібек би а.о."),
    ("194037100", "settlement", "с.Бәйдібек би", "Бәйдібек би а."),
    ("194037200", "settlement", "с.Малое", "Кіші а."),
    ("194039000", "sub_district", "Крайний с.о.", "Шет а.о."),
    ("194039100", "settlement", "с.Край", "Шет а."),
    ("194039200", "settlement", "с.Граница", "Шекара а."),
    ("194041000", "sub_district", "Новый с.о.", "Жаңа а.о."),
    ("194041100", "settlement", "с.Южное", "Оңтүстік а."),
    ("194041200", "settlement", "с.Дальнее", "Алыс а."),
    ("194047000", "sub_district", "Тихий с.о.", "Тыныш а.о."),
    ("194047100", "settlement", "с.Тихое", "Тыныш а."),
    ("194047200", "settlement", "с.Позднее", "Кейінгі а."),
    ("196600000", "district", "Уйгурский район", "Ұйғыр ауданы"),
    ("196631000", "sub_district", "Шонжинский с.о.", "Шонжы а.о."),
    ("196631100", "settlement", "с.Шонжы", "Шонжы а."),
    ("196700000", "district", "Аватский район", "Ават ауданы"),
    ("196731000", "sub_district", "Аватский с.о.", "Ават а.о."),
    ("196731100", "settlement", "с.Ават", "Ават а."),
    ("330000000", "oblast", "область Жетісу", "Жетісу облысы"),
    ("333200000", "district", "Аксуский район", "Ақсу ауданы"),
    ("333230000", "sub_district", "Арасанский с.о.", "Арасан а.о."),
    ("333230100", "settlement", "с.Арасан", "Арасан а."),
    ("314000000", "district", "Жамбылский район", "Жамбыл ауданы"),
    ("310000000", "oblast", "Жамбылская область", "Жамбыл облысы"),
    ("314031000", "sub_district", "Асинский с.о.", "Аса а.о."),
    ("314035000", "sub_district", "Чужой с.о.", "Бөтен а.о."),
]
# settlement, okrug, persons, children among them
PEOPLE = [
    ("194031100", "194031000", 100, 10),
    ("194031200", "194031000", 40, 20),
    ("194033100", "194033000", 70, 7),
    ("194033200", "194033000", 30, 3),
    ("194035100", "194035000", 20, 0),
    ("194037100", "194037000", 60, 30),
    ("194039100", "194039000", 10, 1),
    ("194045100", "194045000", 6, 0),
    ("194047100", "194047000", 9, 1),
    ("193230100", "193230000", 50, 5),
    ("196631100", "196631000", 12, 2),
    ("196633100", "196633000", 18, 3),
    # known by okrug only
    (None, "194031000", 8, 0),
    (None, "194035000", 5, 1),
    (None, "196633000", 3, 0),
]
# of the district that was divided, known by nothing else
DISTRICT_ONLY, IN_DISTRICT, REJECTED = 4, "196600000", 6
# without Арасан, which lies in another oblast today
EVERYONE = sum(n for _, okrug, n, _ in PEOPLE if okrug != "193230000") + DISTRICT_ONLY
BUDGETS = {
    "194031000": 900,
    "194033000": 500,
    "194035000": 100,
    "194037000": 300,
    "194039000": 50,
    "194045000": 30,
    "194047000": 60,
    "196631000": 70,
    "196633000": 80,
    "193230000": 200,
}


@pytest.fixture(scope="module")
def installation(dsn, con, tmp_path_factory) -> Settings:
    """Two editions and a current revision of a period of the old one, with its core tables."""
    folder = tmp_path_factory.mktemp("boundaries")
    settings = replace(fresh_installation(dsn, folder), kato_edition=NEW)
    lake = Lake(settings.lake)
    reference = lake.address("reference/territory")
    for edition, rows in ((OLD, BEFORE), (NEW, AFTER), ("SAME", BEFORE)):
        territory.load(kato_file(folder, edition, rows), reference, con, edition=edition)
    write_changes(con, lake, NEW, OLD, BEFORE)
    _core(con, lake.prepare(f"core/{PERIOD}/{DIGEST[:16]}"))
    _publish(settings)
    adopt(settings, "made by hand", "a test", allow_lost=True)
    return settings


def _core(con, folder: str) -> None:
    con.execute("create or replace temp table people (settlement text, okrug text, n integer, children integer)")
    con.executemany("insert into people values (?, ?, ?, ?)", PEOPLE)
    con.execute("create or replace temp table budgets (okrug text, thousand_kzt double)")
    con.executemany("insert into budgets values (?, ?)", list(BUDGETS.items()))
    place = "settlement as settlement_kato, okrug as okrug_kato, left(okrug, 4) || '00000' as district_kato"
    rows = {
        "person": f"select {place}, true as is_alive, 'f' as sex, if(i < children, 5, 40) as age_years, "
        "false as registered_12_months from people, range(n) as r(i) "
        f"union all select null, null, '{IN_DISTRICT}', true, 'f', 40, false from range({DISTRICT_ONLY})",
        "budget_line": "select 'income' as line, thousand_kzt as executed_thousand_kzt, "
        "thousand_kzt as plan_period_thousand_kzt, thousand_kzt as own_income_thousand_kzt, "
        "null::text as settlement_kato, okrug as okrug_kato, "
        "left(okrug, 4) || '00000' as district_kato from budgets",
    }
    for table in core_tables(REPOSITORY / "include"):
        query = rows.get(table, "select null::text as settlement_kato, null::text as okrug_kato, "
                                "null::text as district_kato where false")  # fmt: skip
        con.execute(f"copy ({query}) to '{folder}/{table}.parquet' (format parquet)")
    # Rows that were rejected and say с.Дальнее.
    con.execute(
        f"copy (select 'population' as registry, '194033200' as settlement_kato, '194033000' as okrug_kato, "
        f"'194000000' as district_kato, {REJECTED} as rows) to '{folder}/rejected.parquet' (format parquet)"
    )


def _publish(settings: Settings) -> None:
    """The current revision as the ledger has it: of the population and the budgets, nothing else came."""
    at = datetime(2021, 11, 1, tzinfo=UTC)
    account = dict.fromkeys(("rows_in", "staged", "quarantined", "duplicates", "warned"), 0)
    account |= dict.fromkeys(("rules_digest", "raw_path", "stage_path", "quarantine_path"), "-") | {"notes": {}}
    with engine(settings.dsn).begin() as db:
        revision = {"p": PERIOD, "d": DIGEST, "e": OLD}
        db.execute(text("insert into serving.snapshot values (:p, 1, :e, :d, :d)"), revision)
        db.execute(text("insert into serving.current_snapshot values (:p, 1, :e)"), revision)
    for registry in ("population", "budget_okrug"):
        came = ledger.add_delivery(settings, registry, PERIOD, registry, [("f", "-", 1)], at, None, "-", "-")
        batch_id = ledger.add_batch(settings, {"delivery_id": came.delivery_id, **account}, [], [], [])
        with engine(settings.dsn).begin() as db:
            db.execute(
                text("insert into serving.snapshot_source values (:p, 1, :r, :b, :at, :p, 0, 0)"),
                {"p": PERIOD, "r": registry, "b": batch_id, "at": at},
            )


def values_of(settings: Settings, kato: str, boundaries: str = "today") -> dict[str, tuple]:
    shown = show_in(settings, kato, boundaries, PERIOD)
    return {i["indicator_id"]: (i["value"] if i["value"] is None else float(i["value"]), i["flag"])
            for i in shown["indicators"]}  # fmt: skip


RESIDENTS, INCOME = "population.residents", "budget.income"


def test_a_settlement_that_moved_counts_where_it_lies(installation):
    assert values_of(installation, "194041000")[RESIDENTS] == (40 + 30, "partly_known")
    assert values_of(installation, "194031000")[RESIDENTS] == (100, "partly_known")
    # the neighbour gave a village away, and no row of it was known by okrug only
    assert values_of(installation, "194033000")[RESIDENTS] == (70, "at_least")


def test_a_ratio_is_measured_again_and_not_added_up(installation):
    shown = show_in(installation, "194037000", "today", PERIOD)
    share = next(i for i in shown["indicators"] if i["indicator_id"] == "population.children_share")
    assert (share["numerator"], share["denominator"]) == (31, 85)
    assert float(share["value"]) == pytest.approx(100 * 31 / 85, abs=0.06)


def test_rows_known_by_okrug_only_move_with_an_okrug_that_moved_as_a_whole(installation):
    found = values_of(installation, "194037000")
    # the merged okrug's five persons without a settlement too, and both budgets
    assert found[RESIDENTS] == (60 + 20 + 5, "at_least")
    assert found[INCOME] == (400, "ok")
    assert show_in(installation, "194037000", "today", PERIOD)["name"] == "Бәйдібек би с.о."


def test_rows_of_a_divided_okrug_are_counted_openly_and_lower_coverage(installation):
    shown = show_in(installation, "194041000", "today", PERIOD)
    assert shown["unattributed"] == [
        {"table": "person", "registry": "population", "rows": 14, "maybe_here": 8},
        {"table": "budget_line", "registry": "budget_okrug", "rows": 3, "maybe_here": 2},
    ]
    residents = next(i for i in shown["indicators"] if i["indicator_id"] == RESIDENTS)
    # 358 persons and the rejected rows lie in the district of today; who is of no district may be of any
    known, everyone = 358 + REJECTED, EVERYONE + REJECTED
    share = 70 / (70 + REJECTED) * (known - 14) / known * (1 - DISTRICT_ONLY / everyone)
    assert float(residents["coverage_pct"]) == pytest.approx(100 * share, abs=0.051)
    assert (residents["rows_near"], residents["rows_elsewhere"]) == (REJECTED + 14, DISTRICT_ONLY)
    assert values_of(installation, "194041000")[INCOME] == (None, "unknown")
    # its registry never came, whatever is known of the residents
    assert values_of(installation, "194041000")["social.asp_share"] == (None, "missing")


def test_okrugs_of_a_divided_district_take_the_rows_known_by_them_only(installation):
    assert values_of(installation, "196631000")[RESIDENTS] == (12, "at_least")
    assert values_of(installation, "196731000")[RESIDENTS] == (18 + 3, "at_least")
    shown = show_in(installation, "196731000", "today", PERIOD)
    (residents,) = (i for i in shown["indicators"] if i["indicator_id"] == RESIDENTS)
    # who is known by the district only has none of today's
    share = 1 - DISTRICT_ONLY / (EVERYONE + REJECTED)
    assert float(residents["coverage_pct"]) == pytest.approx(100 * share, abs=0.051)


def test_an_okrug_that_moved_to_another_oblast_is_measured_there_from_its_old_rows(installation):
    assert values_of(installation, "333230000")[RESIDENTS] == (50, "at_least")
    assert values_of(installation, "333230000")[INCOME] == (200, "ok")


def test_rows_of_unknown_places_may_belong_to_an_okrug_with_a_settlement_of_unknown_origin(installation):
    assert values_of(installation, "194047000")[RESIDENTS] == (9, "partly_known")
    assert show_in(installation, "194047000", "today", PERIOD)["unattributed"][0]["maybe_here"] == 6
    with pytest.raises(BoundariesUnknown, match=r"194045000 Безвестный с\.о\. .* what became of it is unknown"):
        show_in(installation, "194045000", "today", PERIOD)


def test_places_from_another_oblast_are_counted_because_their_rows_never_arrived(installation):
    assert values_of(installation, "194039000")[RESIDENTS] == (10, "partly_known")
    assert show_in(installation, "194039000", "today", PERIOD)["outside"] == 2
    with pytest.raises(BoundariesUnknown, match="its ground lay in another oblast than 190000000"):
        show_in(installation, "314035000", "today", PERIOD)


def test_the_same_boundaries_under_another_name_tell_each_okrug_as_it_was(installation):
    for kato, budget in BUDGETS.items():
        found = values_of(installation, kato, "SAME")
        flag = "at_least" if kato == "194033000" or kato[:4] == IN_DISTRICT[:4] else "ok"
        assert found[RESIDENTS] == (sum(n for _, okrug, n, _ in PEOPLE if okrug == kato), flag)
        assert found[INCOME] == (budget, "ok")


def test_unknown_boundaries_are_refused_in_words(installation):
    with pytest.raises(BoundariesUnknown, match=r"194035000 Малый с\.о\. .*TODAY: it lies in 194037000"):
        show_in(installation, "194035000", "today", PERIOD)
    with pytest.raises(BoundariesUnknown, match="neither edition TODAY nor that of the period, OLD, has the code 123"):
        show_in(installation, "123", "today", PERIOD)
    with pytest.raises(BoundariesUnknown, match="no rural okrug"):
        show_in(installation, "194000000", "today", PERIOD)
    with pytest.raises(BoundariesUnknown, match="is not known in edition OLD"):
        show_in(installation, "314031000", "today", PERIOD)
    with pytest.raises(TerritoryMissing, match="edition 2019 is not loaded; there are OLD, SAME, TODAY"):
        show_in(installation, "194031000", "2019", PERIOD)
    with pytest.raises(KeyError, match="nothing is published for 1999-01"):
        show_in(installation, "194031000", "today", "1999-01")


@pytest.mark.parametrize(
    ("without", "reason"),
    [("", "no core table"), ("exclude (own_income_thousand_kzt)", "lack what this version measures")],
)
def test_a_revision_whose_core_tables_are_gone_or_older_is_not_measured_again(
    installation: Settings, tmp_path: Path, without: str, reason: str
) -> None:
    table = Path(Lake(installation.lake).address(f"core/{PERIOD}/{DIGEST[:16]}/budget_line.parquet"))
    kept = table.rename(tmp_path / table.name)
    try:
        if without:
            duckdb.sql(f"copy (select * {without} from '{kept}') to '{table}'")
        with pytest.raises(BoundariesUnknown, match=reason):
            show_in(installation, "194031000", "today", PERIOD)
    finally:
        kept.replace(table)


def test_the_command_prints_the_boundaries_and_the_rows_without_an_okrug(installation, monkeypatch):
    for name, value in {
        "AUYL_DSN": installation.dsn, "AUYL_LAKE": installation.lake, "AUYL_HOME": str(installation.home),
        "AUYL_HASH_KEY_FILE": str(installation.hash_key_file), "AUYL_KATO_EDITION": NEW,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    asked = ["snapshot", "show", "--okrug", "194031000", "--boundaries", "today"]
    table = CliRunner().invoke(app, asked).output
    assert "in the boundaries of TODAY; published in those of OLD" in table
    assert "the code was Большой с.о. then, which lies in: 194031000 Большой с.о., 194041000 Новый с.о." in table
    assert "without an okrug, population: 14 rows" in table and "partly_known" in table
    shown = json.loads(CliRunner().invoke(app, [*asked, "--format", "json"]).output)
    assert shown["unattributed"][0]["maybe_here"] == 8 and shown["edition"] == NEW
    refused = CliRunner().invoke(app, [*asked[:3], "194035000", *asked[4:]])
    assert refused.exit_code == 1 and "it lies in 194037000" in refused.output
