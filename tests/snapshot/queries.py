"""Looking into what was published."""

from typing import Any

from sqlalchemy import text

from auyl.settings import Settings
from auyl.store.postgres import engine


def query(settings: Settings, statement: str, **values: object) -> list[Any]:
    with engine(settings.dsn).connect() as con:
        return list(con.execute(text(statement), values))


def content(settings: Settings) -> list[Any]:
    """Values of the okrugs."""
    return query(
        settings,
        "select v.* from serving.snapshot_value as v "
        "inner join serving.current_snapshot as f using (period, revision) where v.level = 'okrug' "
        "order by v.kato, v.indicator_id",
    )
