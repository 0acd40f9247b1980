"""The questions to the ledger, which the server itself parses: statements are prepared, none is run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from auyl.checks.faults import Fault
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store.postgres import driver_connection
from auyl.store.schema import is_migrated

_NUMBERED = postgresql.dialect(paramstyle="numeric_dollar")
_PREPARE = "prepare auyl_check as "


def faults_of_questions(settings: Settings) -> list[Fault]:
    """Faults of `include/sql/ledger`; none where no database can be reached that is migrated to these very files.

    The files of `include/sql/serving` are applied, in one transaction, by `auyl migrate`.
    """
    if settings.dsn_or_none is None:
        return []
    faults = []
    try:
        if not is_migrated(settings):
            return []
        with driver_connection(settings) as connection:
            for path in sorted((settings.include / "sql" / "ledger").glob("*.sql")):
                fault = _fault(connection, path.read_text(encoding="utf-8"))
                if fault is not None:
                    faults.append(Fault(path.name, *fault))
    except (AuylError, SQLAlchemyError):
        return faults
    return faults


def _fault(connection: Any, question: str) -> tuple[int, str] | None:
    """Line and words of what the server does not accept; the transaction is rolled back."""
    import psycopg2
    from psycopg2 import errors

    compiled = str(text(question).compile(dialect=_NUMBERED)).replace("%%", "%")
    try:
        with connection.cursor() as cursor:
            cursor.execute(_PREPARE + compiled)
        return None
    # A parameter that is only compared with null has no type before it is bound.
    except (errors.InsufficientPrivilege, errors.AmbiguousParameter, psycopg2.OperationalError):
        return None
    except psycopg2.Error as error:
        at = int(error.diag.statement_position or 0) - len(_PREPARE)
        return compiled[: max(at, 0)].count("\n") + 1, error.diag.message_primary or type(error).__name__
    finally:
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("deallocate all")
        connection.rollback()
