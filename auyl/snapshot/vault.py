"""The vault's persons: loaded beside consolidation, in the transaction that publishes.

PostgreSQL copies on one core while DuckDB consolidates on the other. Readers see nothing before the commit of
the revision, and a refused or killed build leaves the previous persons.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from auyl.settings import Settings
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.store import duck, paths
from auyl.store.copy import copy_query
from auyl.store.duck import literal
from auyl.store.lake import Lake

COLUMNS = ("person_key", "iin", "surname", "given_name", "patronymic")


class VaultLoad:
    """Loads the persons of `inputs` into a table of the open transaction of `connection`, in a thread of its own."""

    def __init__(self, settings: Settings, lake: Lake, inputs: SnapshotInputs, connection: Any) -> None:
        self._settings, self._lake, self._inputs, self._connection = settings, lake, inputs, connection
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._done: Future[bool] = self._pool.submit(self._load)

    def _load(self) -> bool:
        """Whether there are persons to swap in: the vault keeps the latest period."""
        batches = self._inputs.batches.get("population")
        cursor = self._connection.cursor()
        cursor.execute("select period from vault.person_period")
        current = cursor.fetchone()
        if not batches or (current and current[0] > self._inputs.period):
            return False
        cursor.execute("create table vault.person_incoming (like vault.person including defaults)")
        identity = literal(self._lake.address(paths.identity_file(batches[0].name)))
        with contextlib.closing(duck.cursor(self._settings, self._lake)) as con:
            query = f"select {', '.join(COLUMNS)} from read_parquet({identity})"
            copy_query(con, query, cursor, "vault.person_incoming", COLUMNS, self._settings)
        # Filling an index of random keys row by row costs several times what building it at the end does.
        cursor.execute("alter table vault.person_incoming add primary key (person_key)")
        return True

    def wait(self) -> None:
        """Wait until the thread has released the connection."""
        self._done.result()

    def swap(self, cursor: Any, period: str, revision: int) -> None:
        """Replace the previous persons by the loaded ones."""
        if not self._done.result():
            return
        cursor.execute(
            "drop table vault.person; alter table vault.person_incoming rename to person; "
            "alter index vault.person_incoming_pkey rename to person_pkey"
        )
        cursor.execute(
            "insert into vault.person_period (period, revision) values (%s, %s) "
            "on conflict (only_row) do update set period = excluded.period, revision = excluded.revision",
            (period, revision),
        )

    def discard(self, cursor: Any) -> None:
        """Leave the previous persons where they are."""
        if self._done.result():
            cursor.execute("drop table vault.person_incoming")

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True)
