"""Current: a published revision becomes the current one of its period again, with all that rests on it.

The rows of every revision stay in PostgreSQL, and the views read those of the current one. Beside them follow: the
catalogue that the newest period was published with, and the vault's persons.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

from auyl import ledger
from auyl.errors import AuylError
from auyl.languages import LANGUAGES
from auyl.settings import Settings
from auyl.snapshot.catalogue import Catalogue
from auyl.snapshot.consolidate import SnapshotInputs
from auyl.snapshot.indicator import described
from auyl.snapshot.vault import VaultLoad
from auyl.store import paths
from auyl.store.lake import Lake
from auyl.store.locks import VAULT, lock
from auyl.store.postgres import confirm_locks, publishing_connection


def return_to(
    settings: Settings, lake: Lake, inputs: SnapshotInputs, revision: int, record: Callable[[Any], None]
) -> None:
    """Make a revision of `inputs` current in one transaction, with the rows that `record` writes by its cursor.

    Raises AuylError when the vault's persons of that time are not in the lake any more, or something that the revision
    rests on was erased.
    """
    batches = [batch for of_registry in inputs.batches.values() for batch in of_registry]
    ledger.refuse_erased(settings, batches, f"{inputs.period} revision {revision}")
    for batch in inputs.batches.get("population", [])[:1]:
        if not lake.exists(path := paths.identity_file(batch.name)):
            raise AuylError(
                f"{inputs.period} revision {revision}: expected its persons in the lake at {path}, found none. "
                "Fix: a data engineer"
            )
    with (
        lock(settings, VAULT),
        publishing_connection(settings) as connection,
        contextlib.closing(VaultLoad(settings, lake, inputs, connection)) as vault,
    ):
        # The thread of the vault uses the same connection until it is done.
        vault.wait()
        cursor = connection.cursor()
        vault.swap(cursor, inputs.period, revision)
        make_current(cursor, inputs.period, revision, inputs.edition)
        record(cursor)
        show_catalogue(cursor)
        confirm_locks(settings)
        connection.commit()


def make_current(cursor: Any, period: str, revision: int, edition: str) -> None:
    """Point the period at a revision."""
    cursor.execute(
        "insert into serving.current_snapshot (period, revision, edition) values (%s, %s, %s) "
        "on conflict (period) do update set revision = excluded.revision, edition = excluded.edition",
        (period, revision, edition),
    )


def inputs_of(settings: Settings, revision: ledger.Revision) -> SnapshotInputs:
    """What a revision rests on, as the newest build that ended with it has read it."""
    batches = ledger.batches_of_build(settings, revision.build_id) if revision.build_id is not None else {}
    return SnapshotInputs(revision.period, batches, [], revision.edition, revision.inputs_digest)


def write_catalogue(cursor: Any, catalogue: Catalogue) -> str:
    """Write the catalogue down as it is now, once; return its sha256."""
    content = json.dumps(_content(catalogue), ensure_ascii=False, sort_keys=True)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    cursor.execute("insert into ledger.catalogue values (%s, %s) on conflict do nothing", (sha256, content))
    return sha256


def show_catalogue(cursor: Any) -> None:
    """Serve the catalogue that the current revision of the newest period was published with."""
    cursor.execute(
        "select c.content from ledger.revision_state as r left join ledger.catalogue as c "
        "on r.catalogue_sha256 = c.sha256 where r.is_current order by r.period desc limit 1"
    )
    row = cursor.fetchone()
    if row is None or row[0] is None:
        return
    cursor.execute("delete from serving.indicator; delete from serving.theme")
    for table in ("theme", "indicator"):
        cursor.execute(
            f"insert into serving.{table} select * from jsonb_populate_recordset(null::serving.{table}, %s)",
            (json.dumps(row[0][table]),),
        )


def _content(catalogue: Catalogue) -> dict[str, Any]:
    """Rows of serving.theme and serving.indicator, and how each indicator is computed."""

    def texts(name: str, of: Any) -> dict[str, str]:
        return {f"{name}_{language}": of[language] for language in LANGUAGES}

    themes = [{"theme": t.id, "position": t.position, **texts("name", t.names)} for t in catalogue.themes]
    indicators = [
        {
            "indicator_id": i.id,
            "theme": theme.id,
            "position": position,
            **texts("name", i.names),
            "unit": i.unit.id,
            **texts("unit", i.unit.names),
            "decimals": i.decimals,
            "better": i.better,
            **texts("responsible", i.body),
            "level": i.level,
            "kind": i.kind,
            "time_window": i.window,
            "grain": i.grain,
            "power": i.power,
            "disclosure": i.disclosure,
            "compare": i.compare,
            "needs": i.needs,
            "registries": i.registries,
            **texts("definition", i.definitions),
        }
        for theme in catalogue.themes
        for position, i in enumerate(theme.indicators, start=1)
    ]
    return {"theme": themes, "indicator": indicators, "formula": {i.id: described(i) for i in catalogue.indicators}}
