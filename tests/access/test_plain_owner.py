"""A user's own PostgreSQL, where the owner of the database is no superuser: all of it works, nothing is wider."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors

from auyl import access
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import database_url
from tests.access import world
from tests.access.conftest import dsn_as

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def owners_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Owner with CREATEROLE and a database of its own, on a server whose roles are not made yet."""
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as folder:
        place = Path(folder) / "place" if os.geteuid() == 0 else None
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(tmp_path_factory.mktemp("plain"), place=place, settings={"fsync": "off"})
        server.start()
        dsn = server.superuser_dsn
        with contextlib.closing(psycopg2.connect(dsn)) as conn:
            conn.autocommit = True
            conn.cursor().execute(f"create role steward login createrole password '{PASSWORD}'")
            conn.cursor().execute("create database plain owner steward template template0")
        yield dsn_as(database_url(dsn, "plain"), "steward", PASSWORD)
        server.destroy()


def test_an_owner_without_superuser_rights_sets_up_everything(owners_dsn: str) -> None:
    world.migrate(owners_dsn)
    world.migrate(owners_dsn)
    world.fill(owners_dsn)
    with contextlib.closing(psycopg2.connect(owners_dsn)) as conn:
        with conn, conn.cursor() as cur:
            access.create_login(conn, "akim.plain", PASSWORD)
            access.create_login(conn, "akim.plain", PASSWORD)
            access.create_account(conn, "akim.plain", PASSWORD, display_name="Akim")
            access.set_portal_password(conn, PASSWORD)
            access.grant(conn, "akim.plain", "akim", world.SHELEK, granted_by="test", reason="order 1")
            access.grant(conn, "akim.plain", "engineer", "19", granted_by="test", reason="order 2")
            access.revoke(conn, "akim.plain", "engineer", revoked_by="test", reason="left")
            cur.execute("select count(distinct kato) from serving.snapshot_current")
            assert cur.fetchone() == (34,), "the publisher is not bound by the policies"
        for login in ("akim.plain", "auyl_portal"):
            with contextlib.closing(psycopg2.connect(dsn_as(owners_dsn, login, PASSWORD))) as reader:
                with reader, reader.cursor() as cur:
                    if login == "auyl_portal":
                        token = access.sign_in(reader, "akim.plain", PASSWORD).token
                        assert access.enter(reader, token) is not None
                        assert access.open_page(reader, token, "okrug", "snapshot", world.SHELEK)
                    cur.execute("select distinct kato from serving.snapshot_current")
                    assert cur.fetchall() == [(world.SHELEK,)]
                for table in ("vault.person", "access.account", "ledger.batch"):
                    with pytest.raises(errors.InsufficientPrivilege), reader:
                        reader.cursor().execute(f"select * from {table}")
        with conn:
            access.close_login(conn, "akim.plain")
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(dsn_as(owners_dsn, "akim.plain", PASSWORD))
