"""Fixtures shared by all tests: a real PostgreSQL and a fresh database."""

import contextlib
import fcntl
import os
import pickle
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pytest

from auyl.settings import Settings
from auyl.store.embedded import EmbeddedPostgres
from auyl.store.schema import database_url, migrate

# What a server without anything to lose leaves out.
QUICK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

Once = Callable[[str, Callable[[Path], Any]], tuple[Path, Any]]


def pytest_configure() -> None:
    """As at every entry point of the program: what a test makes is closed to other accounts."""
    os.umask(0o077)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with a slow test come first: the last to begin would keep one process at work and the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make something in a folder once for all processes of a run: the folder, and what its maker returned.

    Only for what no test changes.
    """
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def shared(name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
        folder, kept = root / name, root / f"{name}.pickle"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                folder.mkdir(exist_ok=True)
                kept.write_bytes(pickle.dumps(make(folder)))
        return folder, pickle.loads(kept.read_bytes())

    return shared


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Owner's DSN of a real server: AUYL_TEST_DSN if given, else an embedded one for this run only."""
    if given := os.environ.get("AUYL_TEST_DSN"):
        yield given
        return
    # not below pytest's own 0700 folder: as root the server's account must reach it
    with tempfile.TemporaryDirectory(prefix="auyl-test-") as folder:
        place = Path(folder) / "place" if os.geteuid() == 0 else None
        if place is not None:
            Path(folder).chmod(0o711)
        server = EmbeddedPostgres(tmp_path_factory.mktemp("home"), place=place, settings=QUICK)
        server.start()
        # tests make databases, roles and mistakes that only a superuser can
        yield server.superuser_dsn
        server.destroy()


@pytest.fixture(scope="session")
def migrated_database(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name of a migrated database, to be copied."""
    with fresh_database(postgres_server) as address:
        fresh_installation(address, tmp_path_factory.mktemp("migrated"))
        yield urlsplit(address).path[1:]


@pytest.fixture(scope="module")
def dsn(postgres_server: str, migrated_database: str) -> Iterator[str]:
    """Owner's DSN of a fresh, migrated database, dropped after the module."""
    with fresh_database(postgres_server, migrated_database) as address:
        yield address


@contextlib.contextmanager
def fresh_database(server: str, template: str | None = None) -> Iterator[str]:
    """DSN of a new database of a server, dropped at the end: empty, or a copy of `template`, which nobody may use."""
    import psycopg2

    name = "t_" + secrets.token_hex(6)

    def run(*statements: str) -> None:
        with contextlib.closing(psycopg2.connect(server)) as conn, conn.cursor() as cursor:
            conn.autocommit = True
            for statement in statements:
                cursor.execute(statement)

    if template is None:
        run(f"create database {name}")
    else:
        # CREATE DATABASE copies everything except the rights on the database
        run(
            f"create database {name} template {template} strategy file_copy",
            f"update pg_database set datacl = (select datacl from pg_database where datname = '{template}') "
            f"where datname = '{name}'",
        )
    try:
        yield database_url(server, name)
    finally:
        run(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with all macros."""
    from auyl.settings import from_environment
    from auyl.store.duck import connect

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUYL_HOME", str(tmp_path_factory.mktemp("home")))
        with connect(from_environment()) as connection:
            yield connection


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    """Settings of an installation of its own: fresh lake and home, the module's database with an empty ledger."""
    return fresh_installation(dsn, tmp_path)


def fresh_installation(dsn: str, folder: Path) -> Settings:
    """An installation below `folder` in the database of `dsn`, whose ledger and tables are emptied."""
    from dataclasses import replace

    from auyl.settings import from_environment

    key = folder / "hash.key"
    key.write_text("11" * 32)
    (folder / "spill").mkdir()
    made = replace(
        from_environment(), home=folder, lake=str(folder / "lake"), dsn_or_none=dsn, hash_key_file=key,
        kato_edition=None, oblast_kato="190000000",
    )  # fmt: skip
    migrate(made)
    empty_tables(dsn)
    return made


def empty_tables(dsn: str) -> None:
    """Forget all that was taken in and published; accounts and grants stay."""
    import psycopg2

    with contextlib.closing(psycopg2.connect(dsn)) as con, con, con.cursor() as cursor:
        # to truncate a table that has no page costs as much as any other
        cursor.execute(
            "select string_agg(oid::regclass::text, ', ') from pg_class where relkind = 'r' "
            "and relnamespace::regnamespace::text in ('ledger', 'serving', 'vault') and pg_relation_size(oid) > 0"
        )
        (tables,) = cursor.fetchone()
        if tables is not None:
            cursor.execute(f"truncate {tables} cascade")
