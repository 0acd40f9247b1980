"""Snapshot: from the current batches to one published revision of a period.

consolidate   current batches -> core tables, each row placed in an okrug
measure       core tables -> indicators by okrug
gate          the snapshot's own suite; after a breach the previous revision stays current
publish       one transaction: rows, sources, what is missing, vault, and the swap
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auyl.snapshot.revision import BuildResult, build

__all__ = ["BuildResult", "build"]


def __getattr__(name: str) -> Any:
    # A DAG file reads the catalogue at every parse and must not pay for DuckDB.
    if name in __all__:
        from auyl.snapshot import revision

        return getattr(revision, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
