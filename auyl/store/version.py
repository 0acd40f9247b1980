"""The version of the serving database, and the versions that this program works with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from auyl.errors import DatabaseUnusable

# Versions stand where no reader may look.
SCHEMA = "migration"
MIGRATIONS = Path(__file__).with_name("migrations")
# Read from the names of the revisions, since importing Alembic would double the time that a command takes to start.
HEAD = max(re.findall(r"r(\d{4})_", " ".join(p.name for p in (MIGRATIONS / "versions").glob("r*.py"))))


def current_version(cursor: Any) -> str | None:
    """The version of the database that a driver's cursor is connected to; None before its first migration."""
    cursor.execute("select to_regclass(%s)", (f"{SCHEMA}.alembic_version",))
    if cursor.fetchone()[0] is None:
        return None
    cursor.execute(f"select version_num from {SCHEMA}.alembic_version")
    row = cursor.fetchone()
    return str(row[0]) if row else None


def refuse_newer(version: str | None) -> None:
    """Raise DatabaseUnusable for a database that a newer program has migrated."""
    if version is not None and version > HEAD:
        raise DatabaseUnusable(
            f"the database is at version {version}, this program knows up to {HEAD}: install the newer release. "
            "Fix: a data engineer"
        )


def refuse_other(version: str | None) -> None:
    """Raise DatabaseUnusable for a database at any other version than that of this program."""
    refuse_newer(version)
    if version != HEAD:
        raise DatabaseUnusable(
            f"the database: expected version {HEAD}, found {version or 'none'}. Run `auyl migrate`. "
            "Fix: a data engineer"
        )
