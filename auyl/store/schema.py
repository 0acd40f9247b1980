"""The schema of the serving database."""

from __future__ import annotations

import contextlib
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import errors, sql
from sqlalchemy import text

from auyl.errors import DatabaseUnusable
from auyl.settings import Settings
from auyl.store.locks import MIGRATE, lock_name
from auyl.store.postgres import engine
from auyl.store.subjects import subjects_sql


def migrate(settings: Settings) -> list[str]:
    """Apply every file of `include/sql/serving` in the order of their names; return their names.

    The files may be applied again at any time. Two processes that do it at once wait for each other.
    Raises DatabaseUnusable.
    """
    check_text_rules(settings.dsn)
    files = sorted((settings.include / "sql" / "serving").glob("*.sql"))
    of_subjects = subjects_sql(settings.include)
    with engine(settings.dsn).begin() as con:
        con.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": lock_name(MIGRATE)})
        for path in files:
            con.exec_driver_sql(path.read_text(encoding="utf-8").replace("%", "%%"))
        con.exec_driver_sql(of_subjects.replace("%", "%%"))
    return [path.name for path in files]


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
