"""The server's own set-up by a superuser, once: the owner of the serving database, and what PostgreSQL leaves open."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection, encrypt_password
from sqlalchemy import make_url

from auyl.settings import REPOSITORY
from auyl.store.place import PostgresError
from auyl.store.schema import SCHEMAS, database_url

OWNER = "auyl_owner"
CLOSED = REPOSITORY / "include" / "sql" / "server" / "closed.sql"
# Settings that only a superuser may change, which the owner sets for people's logins.
OF_SUPERUSER = ("temp_file_limit", "log_statement")


def write_secret(file: Path) -> None:
    """Generate a secret into `file`, readable by this account alone, unless it exists."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_urlsafe(32).encode())
        os.close(descriptor)


def set_up(superuser_dsn: str, database: str, passwords: Mapping[str, str]) -> None:
    """Give the logins in `passwords` theirs, create `database` for the owner, and close what is open to everybody.

    The owner is no superuser; it makes roles and databases. What the superuser of an earlier version owns in `database`
    is handed over. May be repeated.
    """
    closed = CLOSED.read_text(encoding="utf-8")
    with contextlib.closing(psycopg2.connect(superuser_dsn)) as con:
        con.autocommit = True
        with con.cursor() as cursor:
            for role in dict.fromkeys((OWNER, *passwords)):
                cursor.execute("select rolpassword from pg_authid where rolname = %s", (role,))
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
                if role in passwords:
                    set_password(con, role, passwords[role])
            cursor.execute(f"alter role {OWNER} nosuperuser nobypassrls createrole createdb noreplication")
            # It names who holds a lock, and ends the sessions of a login that is closed.
            cursor.execute(f"grant pg_read_all_stats, pg_signal_backend to {OWNER}")
            for name in OF_SUPERUSER:
                cursor.execute(f"grant set on parameter {name} to {OWNER}")
            cursor.execute(closed)
            cursor.execute("select 1 from pg_database where datname = %s", (database,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(database)))
            cursor.execute(sql.SQL(f"alter database {{}} owner to {OWNER}").format(sql.Identifier(database)))
            cursor.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))
            _roles_of_the_owner(con)
    for name in ("template1", database):
        with (
            contextlib.closing(psycopg2.connect(database_url(superuser_dsn, name))) as con,
            con,
            con.cursor() as cursor,
        ):
            cursor.execute(closed)
            if name == database:
                _hand_over(con)


def prepare(superuser_dsn: str, owner_dsn: str, other_dsns: Iterable[str | None]) -> Iterator[str]:
    """Set a server up for the owner of `owner_dsn`, and make the databases of other programs; says what in lines.

    Raises PostgresError where an address is of another login than the owner's, or a database is somebody else's.
    """
    serving = make_url(owner_dsn)
    set_up(superuser_dsn, str(serving.database), {OWNER: password_in(owner_dsn, OWNER)})
    yield f"{serving.database}: owned by {OWNER}"
    for address in filter(None, other_dsns):
        other = make_url(address.removeprefix("db+"))
        login, database = str(other.username), str(other.database)
        make_database(superuser_dsn, database, login, password_in(address, login))
        yield f"{database}: owned by {login}"


def password_in(address: str, login: str) -> str:
    """The password of an address, which must be that login's. Raises PostgresError."""
    url = make_url(address.removeprefix("db+"))
    if url.username != login or not url.password:
        raise PostgresError(f"an address: expected the login {login} with a password, found the login {url.username}")
    return str(url.password)


def make_database(
    superuser_dsn: str, database: str, login: str, password: str, *, replaces_superusers: bool = False
) -> str:
    """A database of another program, owned by a login that can open no other; returns its address. May be repeated.

    One that a superuser owned, as in an earlier version, is made again, empty, where `replaces_superusers`; else
    PostgresError is raised.
    """
    with contextlib.closing(psycopg2.connect(superuser_dsn)) as con:
        con.autocommit = True
        with con.cursor() as cursor:
            cursor.execute("select 1 from pg_roles where rolname = %s", (login,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("create role {}").format(sql.Identifier(login)))
            set_password(con, login, password)
            cursor.execute(
                "select r.rolsuper from pg_database as d inner join pg_roles as r on d.datdba = r.oid "
                "where d.datname = %s",
                (database,),
            )
            owner_is_superuser = cursor.fetchone()
            if owner_is_superuser == (True,) and not replaces_superusers:
                raise PostgresError(
                    f"the database {database}: expected one of the login {login}, found one of a superuser. "
                    f"Rename it, or dump it and restore it as {login}"
                )
            if owner_is_superuser == (True,):
                cursor.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
            if owner_is_superuser != (False,):
                cursor.execute(
                    sql.SQL("create database {} owner {}").format(sql.Identifier(database), sql.Identifier(login))
                )
                cursor.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))
    # Airflow's own locks are advisory too: in its database they are open to its login.
    with (
        contextlib.closing(psycopg2.connect(database_url(superuser_dsn, database))) as con,
        con,
        con.cursor() as cursor,
    ):
        cursor.execute(
            "select p.oid::regprocedure::text from pg_proc as p "
            "where p.pronamespace = 'pg_catalog'::regnamespace and p.proname ~ '^pg_(try_)?advisory_'"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("grant execute on function {} to {}").format(sql.SQL(function), sql.Identifier(login))
            )
    parts = urlsplit(database_url(superuser_dsn, database))
    address = f"{quote(login, safe='')}:{quote(password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=address))


def set_password(con: connection, role: str, password: str) -> None:
    """Give a role its password, which neither the server nor its log sees."""
    verifier = encrypt_password(password, role, scope=con, algorithm="scram-sha-256")
    with con.cursor() as cursor:
        cursor.execute(sql.SQL("alter role {} login password {}").format(sql.Identifier(role), sql.Literal(verifier)))


def _roles_of_the_owner(con: connection) -> None:
    """Let the owner manage the roles of Auyl and the logins of people, which an earlier version's superuser made."""
    with con.cursor() as cursor:
        cursor.execute(
            """
            select r.rolname from pg_roles as r
            where r.rolname <> %(owner)s and not r.rolsuper
                and (
                    r.rolname like 'auyl\\_%%'
                    or exists (
                        select from pg_auth_members as m
                        where m.member = r.oid and m.roleid = to_regrole('auyl_reader')
                    )
                )
                and not exists (
                    select from pg_auth_members as m
                    where m.roleid = r.oid and m.member = %(owner)s::regrole and m.admin_option
                )
            """,
            {"owner": OWNER},
        )
        for (role,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("grant {} to {} with admin true, inherit false, set false").format(
                    sql.Identifier(role), sql.Identifier(OWNER)
                )
            )


def _hand_over(con: connection) -> None:
    """Give the owner the schemas, tables, views and functions that an earlier version made as a superuser."""
    with con.cursor() as cursor:
        cursor.execute(
            """
            select format('alter schema %%I owner to ', n.nspname)
            from pg_namespace as n inner join pg_roles as r on n.nspowner = r.oid
            where n.nspname = any(%(schemas)s) and r.rolsuper
            union all
            select format(
                'alter %%s %%s owner to ',
                case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, c.oid::regclass
            )
            from pg_class as c inner join pg_roles as r on c.relowner = r.oid
            where c.relnamespace::regnamespace::text = any(%(schemas)s) and r.rolsuper and c.relkind in ('r', 'p', 'v')
            union all
            select format('alter routine %%s owner to ', f.oid::regprocedure)
            from pg_proc as f inner join pg_roles as r on f.proowner = r.oid
            where f.pronamespace::regnamespace::text = any(%(schemas)s) and r.rolsuper
            """,
            {"schemas": [*SCHEMAS, "migration"]},
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement + OWNER)
