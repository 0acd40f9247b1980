"""Versions of the serving database: forward only, one at a time, and never behind a program's back."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from argon2 import PasswordHasher

from auyl import access, ledger, pipeline
from auyl.errors import DatabaseUnusable, LakeRefused
from auyl.intake.withdraw import withdraw
from auyl.settings import Settings, from_environment
from auyl.snapshot.release import release
from auyl.snapshot.show import show
from auyl.store.binding import adopt, lake_of
from auyl.store.schema import SCHEMAS, migrate
from auyl.store.version import HEAD
from auyl.territory.reference import load_territory
from lab import synthetic
from tests.conftest import fresh_database

FIRST = Path(__file__).with_name("version_0001.sql")
ROLES = """
do $$ declare r text; begin
    foreach r in array array['auyl_reader', 'auyl_engineer', 'auyl_portal'] loop
        if not exists (select from pg_roles where rolname = r) then execute format('create role %I', r); end if;
    end loop;
end $$
"""
RENAMED = {
    "serving.snapshot_in_force": "serving.current_snapshot",
    "serving.edition_in_force": "serving.current_edition",
    "ledger.digest": "ledger.daily_report",
    "ledger.digest_mail": "ledger.daily_report_mail",
}
ADDED = (
    "linkable", "linkable_path", "is_time_stated", "is_whole", "catalogue_sha256", "password_salt", "verifier",
    "transaction_id", "must_change_password", "password_set_at", "last_seen_at", "idle_for", "device", "device_sha256",
    "rows_near", "rows_elsewhere",
)  # fmt: skip
ADDED_TO = {
    "serving.snapshot_value": ("level", "lower", "upper"),
    "serving.indicator": ("kind", "time_window", "grain", "power", "disclosure", "compare", "needs"),
}
DROPPED = ("password_hash", "failed_sign_ins", "locked_until")
# What a schema consists of, as the server describes it.
DESCRIPTION = """
select 'column', c.table_schema || '.' || c.table_name || '.' || c.column_name,
    concat_ws(' ', c.data_type, c.is_nullable, c.column_default)
from information_schema.columns as c where c.table_schema = any(%(schemas)s)
union all
select 'constraint', conrelid::regclass::text || ' ' || pg_get_constraintdef(oid), ''
from pg_constraint where connamespace::regnamespace::text = any(%(schemas)s) and contype <> 'n'
union all
select 'index', i.schemaname || '.' || i.tablename,
    string_agg(regexp_replace(i.indexdef, 'INDEX \\S+ ON', 'INDEX ON'), ';' order by i.indexdef)
from pg_indexes as i where i.schemaname = any(%(schemas)s) group by 2
union all
select 'view', v.schemaname || '.' || v.viewname, v.definition from pg_views as v where v.schemaname = any(%(schemas)s)
union all
select 'policy', p.schemaname || '.' || p.tablename || '.' || p.policyname, concat_ws(' ', p.roles, p.cmd, p.qual)
from pg_policies as p
union all
select 'grant', g.table_schema || '.' || g.table_name || ' ' || g.grantee,
    string_agg(g.privilege_type, ' ' order by g.privilege_type)
from information_schema.role_table_grants as g where g.table_schema = any(%(schemas)s) and g.grantee like 'auyl\\_%%'
group by 2
union all
select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '')
from pg_proc as p where p.pronamespace::regnamespace::text = any(%(schemas)s)
order by 1, 2
"""
Database = Callable[[], str]


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[Database]:
    """Makes an empty database and returns its DSN."""
    with contextlib.ExitStack() as databases:
        yield lambda: databases.enter_context(fresh_database(postgres_server))


def settings_for(dsn: str, home: Path) -> Settings:
    (home / "hash.key").write_text("11" * 32)
    return replace(
        from_environment(), home=home, lake=str(home / "lake"), dsn_or_none=dsn, hash_key_file=home / "hash.key",
        kato_edition=None, oblast_kato="190000000",
    )  # fmt: skip


def ask(dsn: str, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with contextlib.closing(psycopg2.connect(dsn)) as con, con, con.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def rows(dsn: str) -> dict[str, tuple[int, list[str]]]:
    """Rows of every table, and the texts of their values in the order of the columns."""
    tables = ask(
        dsn,
        "select format('%%I.%%I', table_schema, table_name), array_agg(column_name::text order by ordinal_position) "
        "from information_schema.tables inner join information_schema.columns using (table_schema, table_name) "
        "where table_schema = any(%(schemas)s) and table_type = 'BASE TABLE' group by 1",
        {"schemas": list(SCHEMAS)},
    )
    found = {}
    for table, columns in tables:
        kept = [column for column in columns if column not in (*ADDED, *DROPPED, *ADDED_TO.get(table, ()))]
        values = [row[0] for row in ask(dsn, f"select row({', '.join(kept)})::text from {table} order by 1")]
        found[table] = (len(values), values)
    return found


@pytest.fixture(scope="module")
def upgraded(database: Database, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, Any]]:
    """A database that the version before revisions has filled, after the upgrade; and its rows before."""
    dsn = database()
    ask(dsn, ROLES)
    ask(dsn, FIRST.read_text(encoding="utf-8"))
    before = rows(dsn)
    settings = settings_for(dsn, tmp_path_factory.mktemp("upgraded"))
    migration = migrate(settings)
    assert (migration.before, migration.after, migration.is_new) == (None, HEAD, True)
    return settings, before


def test_an_upgrade_keeps_every_row(upgraded: tuple[Settings, dict[str, Any]]) -> None:
    settings, before = upgraded
    after = rows(settings.dsn)
    assert sum(count for count, _ in before.values()) > 300
    assert {RENAMED.get(table, table): kept for table, kept in before.items()} == {
        table: kept for table, kept in after.items() if kept[0] or table in {RENAMED.get(t, t) for t in before}
        if table not in ("access.reader", "access.decoy")
    }  # fmt: skip


def test_an_upgraded_database_is_the_same_as_a_new_one(
    upgraded: tuple[Settings, dict[str, Any]], database: Database, tmp_path: Path
) -> None:
    new = settings_for(database(), tmp_path)
    migrate(new)
    described = [ask(dsn, DESCRIPTION, {"schemas": list(SCHEMAS)}) for dsn in (upgraded[0].dsn, new.dsn)]
    assert len(described[0]) > 300
    assert described[0] == described[1]


def test_what_was_published_before_an_upgrade_is_shown_after_it(upgraded: tuple[Settings, dict[str, Any]]) -> None:
    settings, before = upgraded
    assert ledger.newest_snapshot(settings)["period"] == "2026-10"  # type: ignore[index]
    ((kato, values),) = ask(
        settings.dsn, "select kato, count(*) from serving.snapshot_current group by 1 order by 1 limit 1"
    )
    shown = show(settings, kato)
    assert len(shown["indicators"]) == values
    assert [batch.linkable for batch in ledger.accepted(settings, "2026-10", "2026-10")] == [0] * 6
    assert len(ask(settings.dsn, "select * from ledger.current_link_decision")) == 1
    report = ledger.daily_report(settings)
    assert report is not None and report.text in before["ledger.digest"][1][0]


def test_a_password_that_was_set_before_an_upgrade_is_right_after_it(database: Database, tmp_path: Path) -> None:
    dsn = database()
    ask(dsn, ROLES)
    ask(dsn, FIRST.read_text(encoding="utf-8"))
    encoded = PasswordHasher(time_cost=1, memory_cost=1024).hash("a password of then")
    ask(
        dsn,
        "insert into access.account (principal, password_hash, display_name, language) values ('p', %(h)s, 'P', 'kk')",
        {"h": encoded},
    )
    migrate(settings_for(dsn, tmp_path))
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        assert access.sign_in(con, "p", "a password of then").principal == "p"
        with pytest.raises(access.SignInRefused):
            access.sign_in(con, "p", "a password of them")


@pytest.mark.slow
def test_a_build_goes_on_after_an_upgrade(upgraded: tuple[Settings, dict[str, Any]], tmp_path: Path) -> None:
    settings, _ = upgraded
    with pytest.raises(LakeRefused, match="6 of them missing, such as landing/ambulance/2026-10/"):
        lake_of(settings)
    adopt(settings, "the lake of the former version is not here", "test", allow_lost=True)
    # A record of a registry of changes is looked for in every month.
    for batch in ledger.current_batches(settings, "ambulance", "2026-10"):
        withdraw(settings, batch.batch_id, "its rows are not in this lake", "test")
    synthetic.make(tmp_path, "2026-11", 12_000)
    reference = tmp_path / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    result = pipeline.run(settings, "2026-11", tmp_path, say=lambda _: None)
    assert result.status == "refused", "the month before the upgrade is a sample of a few rows"
    assert all("since 2026-10 revision 1, found" in breach for breach in result.breaches), result.breaches
    assert release(settings, "2026-11", "the former month is a sample", "test").status == "published"
    assert ledger.newest_snapshot(settings)["period"] == "2026-11"  # type: ignore[index]
    assert [row[0] for row in ask(settings.dsn, "select period from serving.current_snapshot order by 1")] == [
        "2026-10", "2026-11",
    ]  # fmt: skip


def test_processes_that_migrate_at_the_same_time_wait_for_each_other(database: Database, tmp_path: Path) -> None:
    settings = settings_for(database(), tmp_path)
    with ThreadPoolExecutor(max_workers=4) as pool:
        done = list(pool.map(lambda _: migrate(settings), range(4)))
    assert sorted(migration.is_new for migration in done) == [False, False, False, True]
    assert not migrate(settings).is_new


def test_a_program_refuses_a_database_of_another_version(database: Database, tmp_path: Path) -> None:
    dsn = database()
    with pytest.raises(DatabaseUnusable, match=r"expected version .*auyl migrate"):
        ledger.periods(settings_for(dsn, tmp_path))
    migrate(settings_for(dsn, tmp_path))
    assert ledger.periods(settings_for(dsn, tmp_path)) == []
    ask(dsn, "update migration.alembic_version set version_num = '9999'")
    # A process asks once, on its first connection.
    later = settings_for(f"{dsn}?application_name=later", tmp_path)
    for work in (migrate, ledger.periods):
        with pytest.raises(DatabaseUnusable, match=f"at version 9999, this program knows up to {HEAD}: install"):
            work(later)


def test_readers_see_nothing_of_the_versions(database: Database, tmp_path: Path) -> None:
    dsn = database()
    migrate(settings_for(dsn, tmp_path))
    for role in ("auyl_reader", "auyl_engineer", "auyl_portal"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(dsn, f"set role {role}; select * from migration.alembic_version")
