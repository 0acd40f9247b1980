"""What was made of an extract goes with it: sets of entities, contradictions, decisions on links; so do old months."""

import os
import shutil
import signal
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest

from auyl import intake, ledger
from auyl.checks.lake import check_lake
from auyl.errors import AuylError, ContractInvalid, RowsErased
from auyl.intake import retention
from auyl.intake.erase import erase, erase_past_term
from auyl.intake.withdraw import withdraw
from auyl.linkage.contradictions import compute
from auyl.linkage.entities import build as entities
from auyl.linkage.persons.link import link
from auyl.linkage.persons.review import decide
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.snapshot.quality import measure_quality, unmeasured
from auyl.snapshot.release import release
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.extracts import PERIOD, person, population_xml, social_csv, social_row
from tests.intake.kills import FORKS
from tests.intake.small import loosened
from tests.intake.written import content_of
from tests.test_cli import Auyl

OLD = "2024-10"
KINDS = ("person",)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
WHO = "aigerim"


def take_in(settings: Settings, period: str, amount: str = "45 000,00") -> tuple[intake.BatchResult, ...]:
    """A month of persons and of payments, one of them without a valid number but with its person's names."""
    people = [person(n, surname=f"ОМАРОВ{n}", patronymic="СЕРИКОВИЧ") for n in range(1, 12)]
    rows = [social_row(n, **{"СУММА, ТЕНГЕ": amount}) for n in range(1, 9)]
    rows += [
        social_row(
            9, ИИН="123456789012", ФАМИЛИЯ=f"ОМАРОВ{9 if period == OLD else 10}", ИМЯ="АЙБЕК", ОТЧЕСТВО="СЕРИКОВИЧ"
        )
    ]
    month = f"{period[5:]}.{period[:4]}".encode()
    files = {
        "population": population_xml(people, period, made=f"{period}-28T02:00:00+05:00"),
        "social_assistance": social_csv(rows).replace(b"10.2026", month),
    }
    results = []
    for registry, content in files.items():
        file = settings.home / f"{registry}.{'xml' if registry == 'population' else 'csv'}"
        file.write_bytes(content)
        results.append(intake.load(intake.land_files(registry, period, [file], settings), settings))
    assert all(result.accepted for result in results), results
    return tuple(results)


def make_sets(settings: Settings, period: str) -> None:
    result = build(period, settings, allow_missing=True)
    if result.status == "refused":
        result = release(settings, period, "a test", WHO)
    assert result.status in ("published", "unchanged"), result
    entities.build(period, settings, KINDS)
    compute.compute(period, settings)
    measure_quality(period, settings)


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with closing(psycopg2.connect(settings.dsn)) as con, con, con.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def sets_with(settings: Settings, delivery_id: int) -> list[str]:
    """Entity sets with a claim from a delivery, chosen or not."""
    lake, name = Lake(settings.lake), ledger.delivery(settings, delivery_id).digest[:16]

    def has(path: str) -> bool:
        claims = f"from '{lake.address(path)}' as t where contains(t::varchar, '{name}')"
        return duckdb.sql(f"select count(*) {claims}").fetchall() != [(0,)]

    return [path for path in lake.files("entity") if has(path)]


def decided_record(settings: Settings, period: str) -> str:
    """Decide on the record without a number of a month."""
    path = Lake(settings.lake).address(link(settings, period).path or "")
    ((record, found),) = duckdb.sql(f"select record_key::varchar, person_key::varchar from '{path}'").fetchall()
    someone = found or duckdb.sql("select uuid()::varchar").fetchall()[0][0]
    decide(settings, record, someone, False, "not this one")
    return str(record)


def test_sets_contradictions_and_decisions_go_with_the_extract_they_rest_on(settings: Settings) -> None:
    settings = loosened(settings)
    _, wrong = take_in(settings, PERIOD)
    make_sets(settings, PERIOD)
    decided_record(settings, PERIOD)
    make_sets(settings, PERIOD)
    assert sets_with(settings, wrong.delivery_id) != []
    rows = [social_row(n) for n in range(1, 9)]
    file = settings.home / "right.csv"
    file.write_bytes(social_csv(rows))
    right = intake.load(intake.land_files("social_assistance", PERIOD, [file], settings), settings)
    withdraw(settings, int(wrong.batch_id or 0), "of another owner", WHO)
    make_sets(settings, PERIOD)
    assert sets_with(settings, wrong.delivery_id) != [] and ask(settings, "select 1 from ledger.link_decision") != []
    # two processes at once are one erasure
    given = (settings, wrong.delivery_id, "of another owner", WHO)
    both = [FORKS.Process(target=erase, args=given) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    assert [one.delivery_id for one in ledger.erasures(settings)] == [wrong.delivery_id]
    assert ask(settings, "select count(*) from ledger.erasure") == [(1,)]
    assert ask(settings, "select count(*) from access.audit where action = 'erase_delivery'") == [(1,)]
    (done,) = erase(settings, wrong.delivery_id, "again", WHO)
    assert (done.is_new, done.files) == (False, 0)
    assert ask(settings, "select count(*) from ledger.erasure") == [(1,)]
    assert sets_with(settings, wrong.delivery_id) == [] and sets_with(settings, right.delivery_id) != []
    assert ask(settings, "select 1 from ledger.link_decision") == []
    audited = "select object, purpose, principal from access.audit where action = 'erase_decisions'"
    assert ask(settings, audited) == [("1 decisions on links", "of another owner", WHO)]
    assert check_lake(settings).faults == []
    assert all(one.period == PERIOD for one in ledger.entity_sets(settings)) and ledger.entity_sets(settings) != []
    make_sets(settings, PERIOD)
    assert entities.outdated(settings) == [] or "person" in KINDS  # other kinds were never made
    assert ask(settings, "select period from serving.contradiction_set") == [(PERIOD,)]


def terms(settings: Settings, content: str) -> Settings:
    include = settings.home / "include"
    if not include.exists():
        shutil.copytree(settings.include, include)
    (include / retention.FILE).write_text(content, "utf-8")
    return replace(settings, include=include)


def erase_and_die(settings: Settings) -> None:
    remove, left = Lake.remove_file, [5]

    def dying(lake: Lake, path: str) -> None:
        remove(lake, path)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    Lake.remove_file = dying  # type: ignore[method-assign]
    list(erase_past_term(settings, "yearly", WHO, now=NOW))


def test_a_month_past_the_term_of_what_counts_is_erased_and_stays_published(dsn: str, tmp_path: Path) -> None:
    settings = terms(loosened(fresh_installation(dsn, tmp_path)), "counting: {months: 24, norm: order 7}")
    old, new = take_in(settings, OLD), take_in(settings, PERIOD, "46 000,00")
    for period in (OLD, PERIOD):
        make_sets(settings, period)
        decided_record(settings, period)
        make_sets(settings, period)
    digests = [content_of(settings, period, 1) for period in (OLD, PERIOD)]
    assert ask(settings, "select count(*) from ledger.link_decision") == [(2,)]

    too_short = terms(settings, "counting: {months: 12, norm: order 7}")
    with pytest.raises(ContractInvalid, match="expected at least 13 months"):
        list(erase_past_term(too_short, "yearly", WHO, now=NOW))
    settings = terms(settings, "counting: {months: 25, norm: order 7}")
    assert list(erase_past_term(settings, "yearly", WHO, now=NOW)) == []
    settings = terms(settings, "counting: {months: 24, norm: order 7}")
    before = Lake(settings.lake).files("")
    planned = [one.delivery.delivery_id for one in erase_past_term(settings, "", WHO, now=NOW, dry_run=True)]
    assert planned == [result.delivery_id for result in old] and Lake(settings.lake).files("") == before
    process = FORKS.Process(target=erase_and_die, args=(settings,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert {one.delivery.delivery_id for one in erase_past_term(settings, "yearly", WHO, now=NOW)} == set(planned)
    assert list(erase_past_term(settings, "yearly", WHO, now=NOW)) == []

    # nothing of it names a person any more; what was published stays, and so does the other month
    left = [path for path in Lake(settings.lake).files("") if f"/{OLD}/" in path]
    assert left == []
    assert [content_of(settings, period, 1) for period in (OLD, PERIOD)] == digests
    assert ask(settings, "select count(*) from ledger.link_decision") == [(1,)]
    assert ask(settings, "select period from serving.contradiction_set") == [(PERIOD,)]
    assert ask(settings, f"select count(*) from vault.link_review where period = '{OLD}'") == [(0,)]
    assert sets_with(settings, new[1].delivery_id) != []
    whole = check_lake(settings)
    assert (whole.faults, whole.unnamed) == ([], {})
    reasons = {one.reason for one in ledger.erasures(settings)}
    assert reasons == {"yearly (order 7, 24 months)"}

    # it is not built any more, in words, and nobody tries at night
    for work in (build, entities.build, compute.compute, measure_quality):
        with pytest.raises(RowsErased, match=OLD):
            work(OLD, settings)  # type: ignore[operator]
    assert OLD not in unmeasured(settings) + entities.outdated(settings) + compute.outdated(settings)
    auyl = Auyl.of(settings)
    auyl.environment |= {"AUYL_INCLUDE": str(settings.include), "AUYL_EXPECTATIONS": str(settings.expectations)}
    assert OLD not in auyl("build", "--all", "--allow-missing")
    assert "was erased" in auyl("build", "--period", OLD, "--allow-missing", code=1)
    assert "no row" not in auyl("snapshot", "show", "--okrug", "194083000", "--period", OLD)
    with pytest.raises(AuylError, match="expected a reason"):
        erase_past_term(settings, " ", WHO, now=NOW)
