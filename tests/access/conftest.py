"""A filled serving database and the way into it as somebody else."""

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection

from auyl import access
from tests.access import world

PASSWORD = "correct horse battery"
As = Callable[[str], connection]


@pytest.fixture(scope="module")
def filled(dsn: str) -> str:
    """Owner's DSN of a database with the serving schema and two published periods."""
    world.migrate(dsn)
    world.fill(dsn)
    return dsn


@pytest.fixture
def owner(filled: str) -> Iterator[connection]:
    with contextlib.closing(psycopg2.connect(filled)) as conn:
        yield conn


@pytest.fixture
def tag() -> str:
    """Logins belong to the whole server: names of one test must not meet those of another."""
    import secrets

    return secrets.token_hex(4)


@pytest.fixture
def login(filled: str, owner: connection) -> Iterator[As]:
    """login(principal): make the PostgreSQL login if need be and connect as it."""
    opened: list[connection] = []
    made: set[str] = set()

    def connect(principal: str) -> connection:
        if principal == "auyl_portal":
            access.set_portal_password(owner, PASSWORD)
        else:
            access.create_login(owner, principal, PASSWORD)
            made.add(principal)
        owner.commit()
        opened.append(psycopg2.connect(dsn_as(filled, principal, PASSWORD)))
        return opened[-1]

    yield connect
    for conn in opened:
        conn.close()
    owner.rollback()
    with owner, owner.cursor() as cur:
        for principal in made:
            cur.execute(sql.SQL("drop role {}").format(sql.Identifier(principal)))


def dsn_as(dsn: str, user: str, password: str) -> str:
    """The same database with another login."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))
