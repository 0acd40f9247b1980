"""The sets of a synthetic oblast: all of its ground truth is found, clean extracts agree, and months may come in any
order. Who reads what is tested with logins of their own."""

import itertools
import re
from pathlib import Path
from typing import Any

import pandas
import psycopg2
import psycopg2.extras
import pytest
from typer.testing import CliRunner

from auyl import access, pipeline
from auyl.cli import app
from auyl.intake import land_files, load
from auyl.linkage.contradictions.compute import compute, define, gather, outdated
from auyl.linkage.contradictions.workbooks import export, summary
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.store import duck
from auyl.store.duck import literal
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from lab import synthetic
from tests.conftest import fresh_database, fresh_installation
from tests.snapshot.conftest import know_territory

MONTHS = ("2026-09", "2026-10")
PEOPLE = 12_000
# Only faults that make registries disagree, more of them than is usual.
DIRT = {
    "*": 0, "attached_elsewhere": 0.03, "dead_still_listed": 0.9, "heads_disagree": 0.2, "removed_on_paper": 0.3,
    "holder_dead": 0.6, "payee_closed": 0.5, "birth_date_disagrees": 0.1, "swapped_day_month": 0.05,
}  # fmt: skip
# The synthetic oblast itself has persons who are two things at once, and dumps that no akimat knows; a share of each.
INVENTED = {
    "poor_aid_beside_loan": 5, "loan_to_closed": 3, "jobseeker_sole_trader": 5, "jobseeker_in_post": 20,
    "dump_not_reported": 120, "water_done_not_there": 40,
}  # fmt: skip


def oblast(folder: Path, dirt: Any) -> Path:
    for month in MONTHS:
        synthetic.make(folder, month, PEOPLE, dirt=dirt)
    return folder


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return oblast(tmp_path_factory.mktemp("spoiled"), DIRT)


@pytest.fixture(scope="module")
def taken(dsn: str, spoiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Both months of the spoiled oblast, taken in and not yet compared."""
    settings = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("taken")), spoiled)
    for month in MONTHS:
        assert all(batch.accepted for batch in pipeline.take_in(settings, month, spoiled))
    return settings


@pytest.fixture(scope="module")
def kept(taken: Settings) -> Settings:
    for month in MONTHS:
        assert compute(month, taken).status == "computed"
    return taken


def ask(settings: Settings, query: str, *values: object, dsn: str | None = None) -> list[dict[str, Any]]:
    factory = psycopg2.extras.RealDictCursor
    with psycopg2.connect(dsn or settings.dsn, cursor_factory=factory) as con, con.cursor() as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]


def subjects(settings: Settings, type_id: str, period: str = MONTHS[1]) -> set[str]:
    query = "select subject_key from serving.contradiction where type_id = %s and period = %s"
    return {row["subject_key"] for row in ask(settings, query, type_id, period)}


BIRTH = "'birth_date_disagrees', 'swapped_day_month'"
# The register's own birth dates are spoiled too.
OF_POPULATION = (
    f" union select person_key(t.id) from truth_population as t where t.kind in ({BIRTH}) "
    "and person_key(t.id) in (select person_key from asked)"
)
# Subjects that the truth owes to a type. Views: truth (of the registry), stage_ and placed_ of all registries.
OWED = {
    "dead_attached": (
        "clinic_attachment", "select person_key(became) from truth where kind = 'dead_still_listed'"
    ),
    "dead_disabled": ("disability", "select person_key(became) from truth where kind = 'dead_still_listed'"),
    "dead_land_holder": (
        "land",
        r"select regexp_replace(regexp_replace(id, '[-:]', '', 'g'), '^(..)(...)(...)(.+)$', '\1-\2-\3-\4') "
        "from truth where kind = 'holder_dead'",
    ),
    "heads_disagree": ("household_book", "select id || ' cattle' from truth where kind = 'heads_disagree'"),
    # A clinic of the same okrug is no contradiction of homes.
    "attached_elsewhere": (
        "clinic_attachment",
        "select person_key(t.id) from truth as t inner join placed_business_register as a on t.was = a.bin "
        "inner join placed_business_register as b on t.became = b.bin where t.kind = 'attached_elsewhere' "
        "and coalesce(a.okrug_kato, a.settlement_kato) <> coalesce(b.okrug_kato, b.settlement_kato)",
    ),
    "birth_date_assistance": (
        "social_assistance", f"select person_key(id) from truth where kind in ({BIRTH})" + OF_POPULATION
    ),
    "birth_date_disability": (
        # Both draw the wrong day from the same number: spoiled in the same way, they agree.
        "disability",
        f"select person_key(id) from (select id, kind from (from truth union all from truth_population) "
        f"where kind in ({BIRTH}) group by id, kind having count(*) = 1) "
        "where person_key(id) in (select person_key from asked)",
    ),
    "birth_date_employment": (
        "employment",
        f"select s.person_key from truth as t inner join stage_employment as s on t.id = s.jobseeker_id "
        f"where t.kind in ({BIRTH})" + OF_POPULATION,
    ),
    "subsidy_to_closed": (
        "subsidies",
        "select s.document_number from truth as t inner join stage_subsidies as s on s.document_number = "
        "regexp_replace(t.id, '[0-9]+$', '') || lpad(regexp_extract(t.id, '([0-9]+)$', 1), 6, '0') "
        "where t.kind = 'payee_closed' and s.status not in ('refused', 'withdrawn')",
    ),
    # The invented numbers tell which picture shows the site, also where the akimat does not name it.
    "dump_removed_on_paper": (
        "waste_sites",
        "select t.id from truth as t inner join stage_waste_sites as s on s.site_id = "
        "'KZS' || lpad((right(t.id, 5)::bigint * 37 + 100000)::varchar, 8, '0') and s.status = 'open' "
        "where t.kind = 'removed_on_paper'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("type_id", OWED)
def test_found_are_those_that_the_truth_owes_and_no_other(kept: Settings, spoiled: Path, type_id: str) -> None:
    registry, query = OWED[type_id]
    lake = Lake(kept.lake)
    con = duck.connect(kept, lake)
    try:
        set_person_key(con, kept)
        define(con, kept, lake, gather(kept, lake, MONTHS[1]))
        truth = spoiled / "truth" / MONTHS[1] / f"{registry}.parquet"
        for view, file in (("truth", truth), ("truth_population", truth.with_stem("population"))):
            con.execute(f"create temp view {view} as select * from read_parquet({literal(str(file))})")
        of_persons = registry if registry in ("social_assistance", "disability", "employment") else "population"
        con.execute(f"create temp view asked as select person_key from stage_{of_persons}")
        owed = {str(subject) for (subject,) in con.execute(query).fetchall()}
    finally:
        con.close()
    assert owed
    assert subjects(kept, type_id) == owed


def test_all_other_types_are_as_in_the_clean_oblast(kept: Settings) -> None:
    rows = ask(kept, "select type_id, count(*) as n from serving.contradiction group by type_id")
    assert {row["type_id"] for row in rows} <= set(OWED) | set(INVENTED)


def test_clean_extracts_agree(dsn: str, kept: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a database of its own: the sets of the spoiled oblast are still asked for."""
    with fresh_database(dsn) as own:
        folder = tmp_path_factory.mktemp("clean")
        synthetic.make(folder, MONTHS[1], PEOPLE, dirt=0)
        settings = know_territory(fresh_installation(own, tmp_path_factory.mktemp("agreed")), folder)
        assert all(batch.accepted for batch in pipeline.take_in(settings, MONTHS[1], folder))
        result = compute(MONTHS[1], settings)
    assert result.blind == ()
    assert {name: n for name, n in result.counts.items() if n > INVENTED.get(name, 0)} == {}


def test_the_same_inputs_change_nothing(kept: Settings) -> None:
    before = ask(kept, "select *, xmin::text from serving.contradiction_set order by period")
    assert outdated(kept) == []
    result = compute(MONTHS[1], kept)
    assert result.status == "unchanged" and sum(result.counts.values()) == before[1]["contradictions"] > 0
    assert ask(kept, "select *, xmin::text from serving.contradiction_set order by period") == before


def test_the_lake_holds_the_same_set(kept: Settings) -> None:
    (row,) = ask(kept, "select * from serving.contradiction_set where period = %s", MONTHS[1])
    lake = Lake(kept.lake)
    con = duck.connect(kept, lake)
    names = "type_id, subject_kind, subject_key, left_value, right_value, people, tenge, affected"
    held = con.execute(
        f"select {names} from read_parquet({literal(lake.address(row['lake_path']))}) order by 1, 2, 3"
    ).fetchall()
    con.close()
    query = f'select {names} from serving.contradiction where period = %s order by 1, 2, subject_key collate "C"'
    assert held == [tuple(r.values()) for r in ask(kept, query, MONTHS[1])]


def test_values_name_nobody(kept: Settings, spoiled: Path) -> None:
    """No value is an ИИН of the oblast; columns of names do not reach stage."""
    con = duck.connect(kept)
    persons = spoiled / "truth" / MONTHS[1] / "persons.parquet"
    numbers = {row[0] for row in con.execute(f"select iin from read_parquet({literal(str(persons))})").fetchall()}
    con.close()
    words = {
        word
        for row in ask(kept, "select subject_key, left_value, right_value from serving.contradiction")
        for value in row.values()
        for word in re.findall(r"\d{12}", value or "")
    }
    assert len(numbers) > PEOPLE / 2 and not words & numbers


def test_one_opens_and_one_closes(kept: Settings) -> None:
    first, second = (subjects(kept, "dump_removed_on_paper", month) | subjects(kept, "heads_disagree", month)
                     for month in MONTHS)  # fmt: skip
    history = ask(kept, "select * from serving.contradiction_history where type_id in "
                  "('dump_removed_on_paper', 'heads_disagree')")  # fmt: skip
    spans = {row["subject_key"]: (row["opened_period"], row["closed_period"]) for row in history}
    assert {k for k, span in spans.items() if span == (MONTHS[0], MONTHS[1])} == first - second
    assert {k for k, span in spans.items() if span == (MONTHS[1], None)} == second - first
    assert {k for k, span in spans.items() if span == (MONTHS[0], None)} == first & second
    every = ask(kept, "select opened_period, closed_period from serving.contradiction_history")
    assert {(MONTHS[0], MONTHS[1]), (MONTHS[1], None), (MONTHS[0], None)} <= {tuple(r.values()) for r in every}
    rows = {row["type"]: row for row in summary(kept, MONTHS[1])}
    assert sum(row["opened"] for row in rows.values()) == sum(r["opened_period"] == MONTHS[1] for r in every)
    assert sum(row["closed"] for row in rows.values()) == sum(r["closed_period"] == MONTHS[1] for r in every)


def test_the_order_of_months_does_not_matter(kept: Settings) -> None:
    def all_of_it() -> list[dict[str, Any]]:
        return ask(kept, "select * from serving.contradiction order by period, type_id, subject_key") + ask(
            kept, "select * from serving.contradiction_history order by type_id, subject_key, opened_period"
        )

    expected = all_of_it()
    for order in itertools.permutations(MONTHS):
        ask(kept, "delete from serving.contradiction_set returning 1")
        assert outdated(kept) == list(MONTHS)
        for month in order:
            compute(month, kept)
        assert all_of_it() == expected


SETS = {  # period: subjects, null where the type could not be judged
    "2026-01": {"a", "b"}, "2026-02": {"a"}, "2026-03": None, "2026-04": {"a", "b", "c"}, "2026-05": set(),
    "2026-06": None,
}  # fmt: skip
SPANS = {
    ("a", "2026-01", "2026-04", "2026-05"),
    ("b", "2026-01", "2026-01", "2026-02"),
    ("b", "2026-04", "2026-04", "2026-05"),
    ("c", "2026-04", "2026-04", "2026-05"),
}


def test_a_period_that_could_not_judge_neither_opens_nor_closes(kept: Settings) -> None:
    with psycopg2.connect(kept.dsn) as con, con.cursor() as cursor:
        for order in (sorted(SETS), sorted(SETS, reverse=True), sorted(SETS, key=lambda p: int(p[-1]) * 5 % 7)):
            for period in order:
                cursor.execute("insert into serving.contradiction_set values (%s, 'd', 'e', 'p', 0)", (period,))
                for subject in sorted(SETS[period] or ()):
                    cursor.execute(
                        "insert into serving.contradiction "
                        "(period, type_id, owner_registry, subject_kind, subject_key) "
                        "values (%s, 'invented', 'land', 'plot', %s)",
                        (period, subject),
                    )
                if SETS[period] is not None:
                    cursor.execute("insert into serving.contradiction_judged values (%s, 'invented')", (period,))
            cursor.execute(
                "select subject_key, opened_period, last_period, closed_period from serving.contradiction_history "
                "where type_id = 'invented'"
            )
            assert set(cursor.fetchall()) == SPANS
            con.rollback()


def test_a_type_whose_registry_did_not_come_is_not_judged(dsn: str, spoiled: Path, tmp_path: Path) -> None:
    with fresh_database(dsn) as own:
        settings = know_territory(fresh_installation(own, tmp_path), spoiled)
        for registry in ("population", "clinic_attachment"):
            files = sorted((spoiled / MONTHS[1] / registry).iterdir())
            assert load(land_files(registry, MONTHS[1], files, settings), settings).accepted
        result = compute(MONTHS[1], settings)
        assert set(result.counts) == {"dead_attached"} and "attached_elsewhere" in result.blind
        # The same month with one more registry is another set.
        files = sorted((spoiled / MONTHS[1] / "business_register").iterdir())
        load(land_files("business_register", MONTHS[1], files, settings), settings)
        assert outdated(settings) == [MONTHS[1]]
        assert {"attached_elsewhere", "dead_attached"} <= set(compute(MONTHS[1], settings).counts)


def test_an_owner_reads_what_must_be_corrected_there_and_an_akim_nothing(kept: Settings) -> None:
    password = access.make_password()
    names = {who: f"{who}_{kept.dsn.rsplit('/', 1)[1][-12:]}".lower() for who in ("owner", "akim", "engineer")}
    okrugs = ask(kept, "select okrug_kato from serving.contradiction where okrug_kato is not null limit 1")
    # Accounts know the territory that a snapshot was published with.
    assert build(MONTHS[1], kept).status == "published"
    with psycopg2.connect(kept.dsn) as con:
        for name in names.values():
            access.create_login(con, name, password)
        access.give_registry(con, names["owner"], "clinic_attachment", given_by="test", reason="letter 1")
        access.grant(con, names["akim"], "akim", okrugs[0]["okrug_kato"][:6], granted_by="test", reason="order 2")
        con.cursor().execute(f"revoke auyl_reader from {names['engineer']}")
        con.cursor().execute(f"grant auyl_engineer to {names['engineer']}")

    def seen(who: str, query: str) -> list[dict[str, Any]]:
        address = kept.dsn.split("@", 1)[1]
        return ask(kept, query, dsn=f"postgresql://{names[who]}:{password}@{address}")

    total = "select owner_registry, type_id, count(*) as n from serving.contradiction group by 1, 2 order by 2"
    every = ask(kept, total)
    assert len({row["owner_registry"] for row in every}) > 5
    own = [row for row in every if row["owner_registry"] == "clinic_attachment"]
    assert own and seen("owner", total) == own
    spans = seen("owner", "select distinct owner_registry from serving.contradiction_history")
    assert [row["owner_registry"] for row in spans] == ["clinic_attachment"]
    for table in ("contradiction", "contradiction_history"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            seen("akim", f"select * from serving.{table}")
    assert seen("engineer", total) == every
    for who in ("owner", "akim"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            seen(who, "select * from serving.contradiction_source")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            seen(who, "delete from serving.contradiction returning 1")


def test_exported_by_owner_with_the_lines_of_both_files(kept: Settings, spoiled: Path, tmp_path: Path) -> None:
    files = export(kept, MONTHS[1], tmp_path / "out")
    owners = ask(kept, "select distinct owner_registry as o from serving.contradiction where period = %s", MONTHS[1])
    assert {f.name for f in files} == {f"contradictions_{row['o']}_{MONTHS[1]}.xlsx" for row in owners}
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    (mine,) = (f for f in files if "clinic_attachment" in f.name)
    table = pandas.read_excel(mine, engine="calamine").to_dict("records")
    assert {row["Противоречие"] for row in table} == {
        "Умерший прикреплён к поликлинике", "Прикреплён к поликлинике другого округа"
    }  # fmt: skip
    lines = (spoiled / MONTHS[1] / "clinic_attachment" / f"clinic_attachment_{MONTHS[1]}.csv").read_text().splitlines()
    con = duck.connect(kept)
    set_person_key(con, kept)
    for row in table:
        iin = lines[row["Строка 2 / Жол 2"] - 1].split("|")[0]
        ((key,),) = con.execute("select person_key(?)::varchar", [iin]).fetchall()
        assert key == row["Ключ / Кілт"]
        assert row["Файл 1"].startswith("population") and row["Строка 1 / Жол 1"] > 0
        assert row["Причина"] and row["Себебі"] and row["Причина"] != row["Себебі"]
    con.close()


def test_the_command_prints_counts_and_exports(kept: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (("AUYL_DSN", kept.dsn), ("AUYL_HOME", str(kept.home)), ("AUYL_LAKE", kept.lake)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AUYL_HASH_KEY_FILE", str(kept.hash_key_file))
    arguments = ["contradictions", "--period", MONTHS[1], "--registry", "household_book"]
    shown = CliRunner().invoke(app, [*arguments, "--export", str(tmp_path / "x")])
    assert shown.exit_code == 0, shown.output
    assert "heads_disagree" in shown.output and "dead_attached" not in shown.output
    assert [f.name for f in (tmp_path / "x").iterdir()] == [f"contradictions_household_book_{MONTHS[1]}.xlsx"]
    unknown = CliRunner().invoke(app, ["contradictions", "--period", MONTHS[1], "--type", "no_such"])
    assert unknown.exit_code == 1 and "no_such" in unknown.output
