"""A source database, read by SQLAlchemy: any address that it takes."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import MetaData, Table, create_engine, func, select
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from auyl.contracts import Contract, missing_column
from auyl.errors import ExtractRefused, SourceUnavailable
from auyl.ledger import driver_url
from auyl.sources import LOCAL, Pulled

ROWS_AT_ONCE = 20_000


def pull(contract: Contract, period: str, address: str, work: Path, watermark: str | None) -> Pulled:
    """Rows of `period` that changed since `watermark`, as CSV in the order of their change.

    Read in one repeatable-read transaction. The window is reopened by `overlapMinutes`, since a row may carry an
    earlier time than one that was committed before it; whoever reads it twice keeps the newest by key.
    Raises SourceUnavailable when the database does not answer or breaks off, ExtractRefused when its table is not
    what the contract says.
    """
    options = contract.options
    engine = create_engine(driver_url(address), poolclass=NullPool)
    target = work / f"{contract.registry}_{period}.csv"
    begins = date.fromisoformat(f"{period}-01")
    ends = (begins + timedelta(days=31)).replace(day=1)
    try:
        with engine.connect() as con:
            if con.dialect.name == "postgresql":
                con.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True, stream_results=True)
            try:
                table = Table(options["table"], MetaData(), schema=options.get("schema"), autoload_with=con)
            except NoSuchTableError as error:
                raise ExtractRefused(
                    contract.registry, "source database", f"a table {options['table']}", "none", contract.mender
                ) from error
            came = set(table.columns.keys())
            for column in contract.columns:
                if column.required and column.source not in came:
                    spare = sorted(came - {c.source for c in contract.columns})
                    raise missing_column(contract, column, spare, f"table {options['table']}", None)
            extracted_at = con.execute(select(func.current_timestamp())).scalar_one()
            mark = table.columns[options["watermark"]]
            within = table.columns[options["periodColumn"]]
            query = select(table).where(within >= begins, within < ends).order_by(mark, *table.primary_key.columns)
            if watermark is not None:
                reopened = datetime.fromisoformat(watermark) - timedelta(minutes=int(options.get("overlapMinutes", 0)))
                query = query.where(mark >= reopened)
            newest = watermark
            with target.open("w", encoding="utf-8", newline="") as stream, con.execute(query) as result:
                writer = csv.writer(stream)
                writer.writerow(result.keys())
                at = list(result.keys()).index(options["watermark"])
                for rows in result.partitions(ROWS_AT_ONCE):
                    writer.writerows(rows)
                    newest = rows[-1][at].isoformat() if rows[-1][at] is not None else newest
    except SQLAlchemyError as error:
        # The text of a driver's error may hold the address; its class is enough for the log.
        cause = getattr(error, "orig", None) or error
        raise SourceUnavailable(
            f"{contract.registry}: the source database did not answer or broke off ({type(cause).__name__}); "
            f"nothing was landed"
        ) from None
    finally:
        engine.dispose()
    stated = extracted_at if isinstance(extracted_at, datetime) else datetime.now(tz=LOCAL)
    source = f"{engine.dialect.name} table {options.get('schema', '')}.{options['table']}"
    return Pulled([target], source, stated if stated.tzinfo else stated.replace(tzinfo=LOCAL), newest)
