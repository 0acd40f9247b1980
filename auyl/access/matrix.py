"""The access matrix: every object of the database, and who may do what with it.

It is read from the catalogue of PostgreSQL, so that it says what holds and not what was meant. What was decided is
`tests/access/matrix.txt`; a test compares them, and an operator compares that file with `auyl access matrix`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection


@dataclass(frozen=True)
class MatrixLine:
    """An object: `rights` are those of others than its owner, `protection` is what limits a reader further."""

    kind: str
    object: str
    rights: str
    protection: str

    def __str__(self) -> str:
        return " | ".join((self.kind, self.object, self.rights, self.protection))


def matrix(con: connection, include: Path) -> list[MatrixLine]:
    """Every role, schema, relation, granted column, policy, function, large object and default, in a fixed order."""
    question = (include / "sql" / "access" / "matrix.sql").read_text(encoding="utf-8")
    with con.cursor() as cursor:
        cursor.execute(question)
        return [MatrixLine(*row) for row in cursor.fetchall()]
