"""Which files of the lake the ledger names."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from auyl.ledger.queries import dicts, scalars, sql_file
from auyl.settings import Settings
from auyl.store import paths


def lake_files(settings: Settings, registry: str | None = None) -> list[dict[str, Any]]:
    """Files and folders of deliveries and batches: registry, period, delivery_id, kind, path, sha256, size_bytes, rows.

    What is null is not known; a path without an ending is a folder. Erased deliveries have none.
    """
    return dicts(settings, sql_file(settings, "lake_files", registry=registry))


def lake_sets(settings: Settings) -> list[dict[str, Any]]:
    """What was made of several registries and is current: kind, period, inputs_digest, path.

    Without a path it follows from the digest.
    """
    return dicts(settings, sql_file(settings, "lake_sets"))


def lake_names(settings: Settings) -> dict[str, set[str]]:
    """What any row names: `deliveries` (registry/period/delivery16), `periods` (registry/period), `links` and `made`
    (folders). Erased deliveries are not among them."""
    deliveries = dicts(
        settings,
        text(
            "select d.registry, d.period, d.digest from ledger.delivery as d "
            "left join ledger.erased_delivery as e on d.delivery_id = e.delivery_id where e.delivery_id is null"
        ),
    )
    builds = dicts(settings, text("select distinct period, inputs_digest from ledger.build"))
    sets = scalars(settings, text("select path from ledger.entity_set"))
    sets += scalars(settings, text("select lake_path from serving.contradiction_set"))
    return {
        "deliveries": {f"{d['registry']}/{d['period']}/{d['digest'][:16]}" for d in deliveries},
        "periods": {f"{d['registry']}/{d['period']}" for d in deliveries},
        "links": set(map(paths.folder_of, scalars(settings, text("select path from ledger.link_run")))),
        "made": {
            *(paths.core_folder(b["period"], b["inputs_digest"]) for b in builds),
            *map(paths.folder_of, sets),
        },
    }
