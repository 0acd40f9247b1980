"""The schema of the serving database: revisions of the tables, and what is made again after each of them."""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import errors, sql
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from auyl.errors import DatabaseUnusable
from auyl.settings import Settings
from auyl.store.postgres import driver_cursor, unchecked_engine
from auyl.store.subjects import subjects_sql
from auyl.store.version import HEAD, MIGRATIONS, SCHEMA, current_version, refuse_newer

# Schemas with the project's own tables.
SCHEMAS = ("ledger", "serving", "vault", "access")
# A statement that waits for a table makes everybody queue behind it: it gives up after TURN_S, and begins again.
TURN_S = 3
PAUSE_S = 2.0
TURNS = 60


@dataclass(frozen=True)
class Migration:
    """What a migration did. `before` is null for a database without revisions, `is_new` false where nothing changed."""

    before: str | None
    after: str
    is_new: bool

    def __str__(self) -> str:
        if not self.is_new:
            return f"the database is at version {self.after} already"
        return f"the database is at version {self.after}; before: {self.before or 'no version'}"


def migrate(settings: Settings) -> Migration:
    """Bring the roles to their state, the tables to the newest revision, and apply every file of `include/sql/serving`
    and the subjects, in one transaction.

    No table is touched where revision and files are those of the last migration. Processes that migrate at once wait
    for each other; who uses a table is waited for in short turns, so that nobody queues behind the migration.
    Raises DatabaseUnusable, also for a database that a newer program has migrated.
    """
    server = settings.include / "sql" / "server"
    texts, wanted = _repeatable(settings)
    engine = unchecked_engine(settings.dsn)
    with engine.begin() as con:
        before = current_version(driver_cursor(con))
        refuse_newer(before)
        _apply(con, (server / "roles.sql").read_text(encoding="utf-8"))
        if before == HEAD and con.execute(text(f"select sha256 from {SCHEMA}.repeatable")).scalar() == wanted:
            return Migration(before, HEAD, False)
    check_text_rules(settings.dsn)
    _make_mutex(engine)
    for turn in range(TURNS):
        try:
            with engine.begin() as con:
                con.exec_driver_sql(f"lock table {SCHEMA}.repeatable in exclusive mode")
                before = current_version(driver_cursor(con))
                refuse_newer(before)
                if before == HEAD and con.execute(text(f"select sha256 from {SCHEMA}.repeatable")).scalar() == wanted:
                    return Migration(before, HEAD, False)
                con.exec_driver_sql(f"set local lock_timeout = '{TURN_S}s'")
                if con.execute(text("select rolsuper from pg_roles where rolname = current_user")).scalar():
                    _apply(con, (server / "closed.sql").read_text(encoding="utf-8"))
                _drop_repeatable(con)
                _upgrade_tables(con)
                for content in texts:
                    _apply(con, content)
                con.exec_driver_sql(f"delete from {SCHEMA}.repeatable")
                con.execute(text(f"insert into {SCHEMA}.repeatable values (:sha256)"), {"sha256": wanted})
            return Migration(before, HEAD, True)
        except OperationalError as error:
            if not isinstance(error.orig, errors.LockNotAvailable):
                raise
            if turn == TURNS - 1:
                raise DatabaseUnusable(
                    f"the migration: expected the tables to be free for {TURN_S} s, found them in use in {TURNS} turns"
                    f"{_users(engine)}. Try again when they have ended. Fix: a data engineer"
                ) from error
            time.sleep(PAUSE_S)
    raise AssertionError


def is_migrated(settings: Settings) -> bool:
    """Has the database, which can be reached, the revision and the files of `settings`? Not, for a login that may not
    know.
    """
    with unchecked_engine(settings.dsn).connect() as con:
        known = f"has_table_privilege(to_regclass('{SCHEMA}.repeatable'), 'select')"
        if not con.execute(text(f"select {known}")).scalar():
            return False
        is_of_files = con.execute(text(f"select sha256 from {SCHEMA}.repeatable")).scalar() == _repeatable(settings)[1]
        return is_of_files and current_version(driver_cursor(con)) == HEAD


def _repeatable(settings: Settings) -> tuple[list[str], str]:
    """The files that are applied after the revisions, and their digest."""
    files = sorted((settings.include / "sql" / "serving").glob("*.sql"))
    texts = [path.read_text(encoding="utf-8") for path in files] + [subjects_sql(settings.include)]
    return texts, hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _apply(con: Connection, content: str) -> None:
    con.exec_driver_sql(content.replace("%", "%%"))


def _make_mutex(engine: Engine) -> None:
    """The table whose lock lets one migration at a time through: no reader can lock it, unlike an advisory lock."""
    for _ in range(TURNS):
        try:
            with engine.begin() as con:
                if con.execute(text(f"select to_regclass('{SCHEMA}.repeatable') is null")).scalar():
                    con.exec_driver_sql(
                        f"create schema if not exists {SCHEMA}; revoke all on schema {SCHEMA} from public; "
                        f"create table if not exists {SCHEMA}.repeatable (sha256 text not null)"
                    )
            return
        except IntegrityError:  # another process made it at the same moment
            time.sleep(0.05)


def _users(engine: Engine) -> str:
    """Who holds a lock on one of our tables now, for a message."""
    with engine.begin() as con:
        rows = con.execute(
            text(
                "select distinct a.usename, a.application_name, a.pid, a.xact_start from pg_locks as l "
                "inner join pg_stat_activity as a using (pid) inner join pg_class as c on l.relation = c.oid "
                "where c.relnamespace::regnamespace::text = any(:schemas) and a.pid <> pg_backend_pid() "
                "and l.database = (select oid from pg_database where datname = current_database()) limit 5"
            ),
            {"schemas": list(SCHEMAS)},
        ).all()
    return "".join(
        f"; {row.usename} ({row.application_name or 'no name'}, process {row.pid}"
        + (f", since {row.xact_start:%H:%M:%S})" if row.xact_start else ")")
        for row in rows
    )


def _drop_repeatable(con: Connection) -> None:
    """Drop all views and functions, with the policies that rest on them: a revision may change columns below them, and
    what the files create no longer must not stay open."""
    names = con.execute(
        text(
            "select format('view %I.%I', schemaname, viewname) from pg_views where schemaname = any(:schemas) "
            "union all select 'routine ' || oid::regprocedure from pg_proc "
            "where pronamespace::regnamespace::text = any(:schemas)"
        ),
        {"schemas": list(SCHEMAS)},
    )
    for kind, name in (described.split(" ", 1) for described in names.scalars().all()):
        con.exec_driver_sql(f"drop {kind} if exists {name} cascade".replace("%", "%%"))


def _upgrade_tables(con: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": con})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def check_text_rules(dsn: str) -> None:
    """Refuse a database that compares Kazakh letters wrongly, as PostgreSQL silently does with `--locale=C`.

    Raises DatabaseUnusable.
    """
    with contextlib.closing(psycopg2.connect(dsn)) as con, con.cursor() as cursor:
        cursor.execute("select 'Қ' ilike 'қ' and upper('әғқңөұүһі') = 'ӘҒҚҢӨҰҮҺІ', current_setting('server_encoding')")
        is_right, encoding = cursor.fetchone() or (False, "")
    if not is_right or encoding != "UTF8":
        raise DatabaseUnusable(
            f"the database treats Kazakh letters wrongly (encoding {encoding}, 'Қ' ilike 'қ' is false); create it with "
            "locale_provider 'builtin', builtin_locale 'PG_UNICODE_FAST' (or an ICU locale) and encoding UTF8"
        )


def database_url(dsn: str, database: str) -> str:
    """The same server and login, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path="/" + quote(database, safe="")))


def ensure_database(dsn: str, database: str) -> str:
    """Create `database` on the server of `dsn` if it is absent; return its DSN.

    PostgreSQL lets every login connect to a new database; here only its owner may, until access is granted.
    """
    with contextlib.closing(psycopg2.connect(dsn)) as con:
        con.autocommit = True
        with con.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (database,))
            if cursor.fetchone() is None:
                with contextlib.suppress(errors.DuplicateDatabase):
                    cursor.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
                    cursor.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))
    return database_url(dsn, database)
