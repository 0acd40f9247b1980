"""Looking into what was published."""

from typing import Any

from sqlalchemy import text

from auyl import ledger
from auyl.settings import Settings


def query(settings: Settings, statement: str, **values: object) -> list[Any]:
    with ledger.engine(settings.dsn).connect() as con:
        return list(con.execute(text(statement), values))


def content(settings: Settings) -> list[Any]:
    return query(
        settings,
        "select v.* from serving.snapshot_value as v "
        "inner join serving.current_snapshot as f using (period, revision) order by v.kato, v.indicator_id",
    )
