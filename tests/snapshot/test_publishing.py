"""A snapshot is published whole or not at all, and a repeated run changes nothing."""

import csv
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

from sqlalchemy import text

from auyl import intake, pipeline
from auyl.intake.withdraw import restore, withdraw
from auyl.settings import Settings
from auyl.snapshot import BuildResult, build
from auyl.store.binding import adopt
from auyl.store.locks import VAULT, lock
from auyl.store.postgres import engine, publishing_connection
from tests.snapshot.conftest import PERIOD, know_territory
from tests.snapshot.queries import content, query


def test_a_second_run_changes_nothing(installation: Settings, published: BuildResult, oblast: Path) -> None:
    before = content(installation)
    again = pipeline.run(installation, PERIOD, oblast, say=lambda _: None)
    assert (again.status, again.revision) == ("unchanged", published.revision)
    assert content(installation) == before
    assert query(installation, "select count(*) from ledger.build")[0][0] == 1


def test_a_correction_makes_the_next_revision_and_keeps_the_previous_one(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    before = content(installation)
    (source,) = (oblast / PERIOD / "budget_okrug").iterdir()
    corrected = tmp_path / source.name
    lines = source.read_text("utf-8-sig").splitlines()
    kato = before[0].kato
    at = next(i for i, line in enumerate(lines) if line.startswith(kato) and ";I. ДОХОДЫ;" in line)
    cells = lines[at].split(";")
    cells[9] = "123456.0"
    lines[at] = ";".join(cells)
    corrected.write_text("\ufeff" + "\n".join(lines) + "\n", "utf-8")
    loaded = intake.load(intake.land_files("budget_okrug", PERIOD, [corrected], installation), installation)
    assert loaded.status == "accepted"
    result = build(PERIOD, installation)
    assert (result.status, result.revision) == ("published", 2)
    changed = {
        (new.kato, new.indicator_id)
        for old, new in zip(before, content(installation), strict=True)
        if old.value != new.value
    }
    assert changed and {k for k, _ in changed} == {kato}
    assert {i for _, i in changed} <= {"budget.income", "budget.own_share", "budget.income_execution"}
    kept = query(installation, "select count(*) from serving.snapshot_value where revision = 1")
    assert kept[0][0] == published.rows


def test_a_build_waits_for_another_that_loads_the_vault_and_for_its_own_persons(
    installation: Settings, oblast: Path
) -> None:
    """Two builds that made the same table deadlocked; one whose vault was late used its connection from two threads."""
    for batch in pipeline.take_in(installation, PERIOD, oblast):
        assert batch.accepted
    results: list[BuildResult] = []
    builder = Thread(target=lambda: results.append(build(PERIOD, installation)), daemon=True)
    with publishing_connection(installation) as other:
        with lock(installation, VAULT):
            builder.start()
            asked = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            wait_until(lambda: query(installation, asked)[0][0] == 1)
            other.cursor().execute("create table vault.person_incoming (like vault.person)")
        core = Path(installation.lake) / "core" / PERIOD
        wait_until(lambda: any(core.rglob("person.parquet")))
        builder.join(4)
        assert builder.is_alive() and not results
        other.rollback()
    builder.join(60)
    assert [(result.status, result.revision) for result in results] == [("published", 1)]
    staged = "select staged from ledger.batch natural join ledger.delivery where registry = 'population'"
    assert query(installation, "select count(*) from vault.person") == query(installation, staged)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for it, a minute at most."""
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_withdrawn_batch_leaves_the_next_build_and_a_restored_one_returns(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    before = content(installation)
    (source,) = (oblast / PERIOD / "budget_okrug").iterdir()
    mistaken = tmp_path / source.name
    plan_as_executed = re.compile(r"^(.*;II\. ЗАТРАТЫ;.*?;.*?;.*?;)([0-9.]+);([^;]*);[^;]*;", flags=re.MULTILINE)
    mistaken.write_text(plan_as_executed.sub(r"\1\2;\3;\2;", source.read_text("utf-8")), "utf-8")
    loaded = intake.load(intake.land_files("budget_okrug", PERIOD, [mistaken], installation), installation)
    assert build(PERIOD, installation).revision == 2

    def values() -> list[tuple[object, ...]]:
        return [tuple(row)[2:] for row in content(installation)]

    with_mistake = values()
    assert with_mistake != [tuple(row)[2:] for row in before]
    withdraw(installation, int(loaded.batch_id or 0), "amounts of another year", "aigerim")
    result = build(PERIOD, installation)
    assert (result.status, result.revision) == ("returned", 1)
    assert result.note == f"{PERIOD}: inputs as in revision 1: revision 1 is current again"
    assert values() == [tuple(row)[2:] for row in before], "the former extract counts, and so do its numbers"
    assert build(PERIOD, installation).status == "unchanged"
    restore(installation, int(loaded.batch_id or 0), "they were right", "aigerim")
    assert (build(PERIOD, installation).status, build(PERIOD, installation).status) == ("returned", "unchanged")
    assert values() == with_mistake
    outcomes = query(installation, "select outcome, revision from ledger.build order by build_id")
    assert [tuple(row) for row in outcomes] == [
        ("published", 1), ("published", 2), ("returned", 1), ("returned", 2),
    ]  # fmt: skip


def test_a_period_that_is_not_complete_is_left_alone(installation: Settings, oblast: Path) -> None:
    for registry in ("population", "employment"):
        files = sorted((oblast / PERIOD / registry).iterdir())
        intake.load(intake.land_files(registry, PERIOD, files, installation), installation)
    result = build(PERIOD, installation)
    assert result.status == "incomplete"
    assert result.missing == ["ambulance", "budget_okrug", "livestock", "social_assistance"]
    assert content(installation) == []


def test_a_registry_that_did_not_arrive_is_missing_and_never_zero(installation: Settings, oblast: Path) -> None:
    files = sorted((oblast / PERIOD / "population").iterdir())
    intake.load(intake.land_files("population", PERIOD, files, installation), installation)
    assert build(PERIOD, installation, allow_missing=True).status == "refused", "most of the snapshot is missing"
    folder = installation.home / "expectations"
    folder.mkdir()
    for path in installation.expectations.glob("*.json"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    suite = json.loads((folder / "snapshot.json").read_text("utf-8"))
    suite["expectations"] = [e for e in suite["expectations"] if e["meta"]["rule"] != "share_missing"]
    (folder / "snapshot.json").write_text(json.dumps(suite))
    assert build(PERIOD, replace(installation, expectations=folder), allow_missing=True).status == "published"
    for row in content(installation):
        if row.indicator_id.startswith("population."):
            assert row.value is not None and row.flag in ("ok", "at_least", "partial")
        else:
            assert (row.value, row.flag) == (None, "missing")


def test_a_failed_gate_leaves_the_previous_revision_current(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    before = content(installation)
    (source,) = (oblast / PERIOD / "population").iterdir()
    text_of = source.read_text("utf-8").splitlines(keepends=True)
    people = [i for i, line in enumerate(text_of) if line.startswith("<person>")]
    fewer = people[: len(people) * 3 // 4]
    drop = set(people) - set(fewer)
    body = "".join(line for i, line in enumerate(text_of) if i not in drop)
    shrunk = tmp_path / source.name
    shrunk.write_text(body.replace(f"<personCount>{len(people)}<", f"<personCount>{len(fewer)}<"), "utf-8")
    later = shrunk.read_text("utf-8").replace("2026-11-01T02", "2026-11-02T02")
    shrunk.write_text(later, "utf-8")
    assert intake.load(intake.land_files("population", PERIOD, [shrunk], installation), installation).accepted
    result = build(PERIOD, installation)
    assert result.status == "refused"
    expected = f"expected the sum to change by at most 10% since {PERIOD} revision 1, found "
    assert any(
        expected in breach
        for breach in result.breaches
        if breach.startswith("population.residents «Зарегистрированное население»")
    )
    assert content(installation) == before
    outcomes = query(installation, "select outcome from ledger.build order by build_id")
    assert [row.outcome for row in outcomes] == ["published", "refused"]


def test_another_installation_publishes_the_same_bytes(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    first = query(installation, "select content_sha256, inputs_digest from serving.snapshot")
    with engine(installation.dsn).begin() as con:
        con.execute(
            text(
                "truncate ledger.delivery, ledger.batch, ledger.build, serving.snapshot, vault.person, "
                "vault.person_period cascade"
            )
        )
    other = replace(installation, lake=str(tmp_path / "other"), threads=1)
    adopt(other, "an empty one", "a test")
    know_territory(other, oblast)
    assert pipeline.run(other, PERIOD, oblast, say=lambda _: None).status == "published"
    assert query(other, "select content_sha256, inputs_digest from serving.snapshot") == first


def test_a_corrected_name_reaches_the_vault_though_no_number_moves(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    (source,) = (oblast / PERIOD / "population").iterdir()
    held = query(installation, "select iin, surname from vault.person order by iin limit 1")[0]
    before = content(installation)
    for turn, surname in enumerate(("БІРІНШІ", "ЕКІНШІ"), start=2):
        corrected = tmp_path / f"{turn}" / source.name
        corrected.parent.mkdir()
        text_of = source.read_text("utf-8").replace("2026-11-01T02", f"2026-11-0{turn}T02")
        old, new = (f"<iin>{held.iin}</iin><surname>{name}<" for name in (held.surname, surname))
        assert old in text_of
        corrected.write_text(text_of.replace(old, new), "utf-8")
        assert intake.load(intake.land_files("population", PERIOD, [corrected], installation), installation).accepted
        assert build(PERIOD, installation).status == "unchanged"
        now = query(installation, "select surname from vault.person where iin = :n", n=held.iin)
        assert [row.surname for row in now] == [surname]
        assert content(installation) == before
    tables = query(installation, "select table_name from information_schema.tables where table_schema = 'vault'")
    assert {row.table_name for row in tables} == {"person", "person_period", "link_review"}


def test_changes_that_are_sent_again_change_no_number_and_no_coverage(
    installation: Settings, published: BuildResult, oblast: Path, tmp_path: Path
) -> None:
    (file,) = (oblast / PERIOD / "ambulance").iterdir()
    with file.open(encoding="utf-8-sig", newline="") as text:
        calls = list(csv.DictReader(text))
    rejected = [calls[0] | {"call_id": "2026109999999", "received_at": "unknown"}, calls[1] | {"call_id": ""}]
    for nth, rows in enumerate(([*calls, *rejected], [*reversed(rejected), *calls])):
        changes = tmp_path / f"{nth}.csv"
        with changes.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(calls[0]))
            writer.writeheader()
            writer.writerows(rows)
        batch = intake.load(intake.land_files("ambulance", PERIOD, [changes], installation), installation)
        assert batch.accepted and batch.quarantined >= len(rejected)
        assert build(PERIOD, installation).status == ("unchanged" if nth else "published")
    lacking = query(
        installation,
        "select max(rows_near + rows_elsewhere) from serving.current_snapshot "
        "inner join serving.snapshot_value using (period, revision) where indicator_id = :calls",
        calls="ambulance.calls",
    )
    assert lacking[0][0] >= len(rejected)
