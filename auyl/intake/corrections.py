"""Corrections: the rejected rows of a batch that come back corrected, and their place in a new batch.

`merge` replaces the rejected rows with the corrected ones; the new batch supersedes the first.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import NoResultFound

from auyl import ledger
from auyl.contracts import Column, Contract
from auyl.contracts.options import XlsOptions, XlsxOptions
from auyl.exports import as_sent
from auyl.formats.common import RawResult, Reject
from auyl.periods import PERIOD
from auyl.settings import Settings
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal, write_parquet
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

# name in raw: heading in a table, name of an element or key
REFERENCES = {
    "_back_file": ("Ауыл: файл", "auylFile"),
    "_back_record": ("Ауыл: запись", "auylRecord"),
    "_back_line": ("Ауыл: строка", "auylLine"),
    "_back_text": ("Ауыл: текст строки", "auylText"),
    "_back_ru": ("Ауыл: причина", "auylReasonRu"),
    "_back_kk": ("Ауыл: себебі", "auylReasonKk"),
    "_back_batch": ("Ауыл: партия", "auylBatch"),
}
TABLES = ("csv", "xlsx", "xls")
NAME = re.compile(rf"handback_(?P<registry>.+)_(?P<period>{PERIOD.pattern})_(?P<batch>\d+)\b")


def with_references(contract: Contract) -> Contract:
    """The contract of a corrected file: the same, with the columns that say which row each one corrects.

    A corrected file is never packed, even where the extract was, and a workbook is XLSX with one row of headings.
    """
    if contract.format in ("xlsx", "xls"):
        others = tuple(options for options in contract.option_sets if not isinstance(options, XlsOptions))
        contract = replace(contract, format="xlsx", option_sets=(XlsxOptions(), *others))
    at = 0 if contract.format in TABLES else 1
    more = tuple(Column(n, s[at], "string", False, (), "internal", False, None) for n, s in REFERENCES.items())
    return replace(contract, columns=contract.columns + more, archive=None)


def named_batch(file: Path) -> int | None:
    """The batch that a file corrects, by the name that `write_handback` gave it."""
    match = NAME.search(file.name)
    return int(match["batch"]) if match else None


def merge(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: Contract,
    delivery: ledger.Delivery,
    returned: RawResult,
    folder: str,
) -> RawResult:
    """Replace the rejected rows of a batch with corrected ones, which were read into the raw parts of `folder`.

    Writes raw of the whole batch as the only part of `folder` and gives its account. Raises ExtractRefused.
    """
    lake = lake_of(settings)
    base = ledger.batch(settings, int(delivery.corrects_batch_id or 0))
    if ledger.find_batch(settings, delivery.delivery_id) is None:
        current = base_of(settings, contract, base.batch_id)
        if current.delivery_id != base.delivery_id:
            found = f"a correction of batch {base.batch_id}, which batch {current.batch_id} has corrected meanwhile"
            expected = "a correction of the current batch: land it again"
            raise contract.refusal(delivery.landing_path, expected, found, owner="us")
    corrections, quarantine = "sent_back", f"read_parquet({literal(lake.address(base.quarantine_path))})"
    read_sent_back(con, contract, _relation(lake, folder))
    _make_returned(con)
    _check_references(con, contract, base, quarantine)
    names = ", ".join(map(identifier, REFERENCES))
    prefix = literal(f"correction {delivery.delivery_id}/")
    target = f"{folder}-whole"
    lake.prepare(target)
    merged = (
        f"select b.* from {_relation(lake, base.raw_path)} as b anti join returned as r "
        f"on b._file = r.file and b._record = r.record "
        f"union all by name select * exclude ({names}) replace ({prefix} || _file as _file) from {corrections}"
    )
    write_parquet(con, merged, lake.address(f"{target}/part-0001.parquet"))
    lake.move(target, folder)
    rows = dict(con.execute(f"select _file, count(*) from {_relation(lake, folder)} group by 1").fetchall())
    lines = con.execute(
        f"select q._file, q._line, q._text, q._rules[1] from {quarantine} as q anti join returned as r "
        f"on q._file = r.file and r.record is null and q._line = r.line where q._record is null order by 1, 2"
    ).fetchall()
    return RawResult(rows, [Reject(*line) for line in lines], returned.unknown_columns, {})


def read_sent_back(con: duckdb.DuckDBPyConnection, contract: Contract, relation: str) -> None:
    """Make the table `sent_back` of corrected rows, without what the writer put in front of formulas."""
    con.execute(f"create or replace temp table sent_back as from {relation}").fetchall()
    if contract.format == "csv":
        import pyarrow

        rows: Any = con.sql("from sent_back").to_arrow_table()
        for at, field in enumerate(rows.schema):
            if pyarrow.types.is_string(field.type) and field.name != "_file":
                texts = [None if text is None else as_sent(text) for text in rows.column(at).to_pylist()]
                rows = rows.set_column(at, field, pyarrow.array(texts, field.type))
        con.execute("create or replace temp table sent_back as from rows")


def _make_returned(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create or replace temp table returned as select _back_file as file, try_cast(_back_record as bigint) as "
        "record, try_cast(_back_line as bigint) as line, _file, _record from sent_back"
    )


def is_of_batch(con: duckdb.DuckDBPyConnection, settings: Settings, batch: ledger.Batch) -> bool:
    """Does every row of `sent_back` name a rejected row of this batch?"""
    lake = lake_of(settings)
    _make_returned(con)
    return lake.exists(batch.quarantine_path) and not _unmatched(
        con, f"read_parquet({literal(lake.address(batch.quarantine_path))})"
    )


def _check_references(con: duckdb.DuckDBPyConnection, contract: Contract, base: ledger.Batch, quarantine: str) -> None:
    """Every returned row must name a rejected row of its batch, once. Raises ExtractRefused."""
    wrong = _unmatched(con, quarantine)
    if wrong:
        file, record, named, number = wrong[0]
        heading = REFERENCES["_back_file"][0]
        expected = f"each rejected row of batch {base.batch_id} once, named in «{heading}»"
        raise contract.refusal(file, expected, f"record {record}, which names {named} {number}", column="Ауыл: запись")


def _unmatched(con: duckdb.DuckDBPyConnection, quarantine: str) -> list[tuple[Any, ...]]:
    """A row of `returned` that names no rejected row, or one that another names too: file, record, file and number."""
    return con.execute(
        f"select r._file, r._record, r.file, coalesce(r.record, r.line) from returned as r "
        f"left join (select * from {quarantine} where _outcome <> 'duplicate') as q "
        f"on r.file = q._file and r.record is not distinct from q._record "
        f"and (q._record is not null or r.line = q._line) "
        f"where q._file is null or r.file is null "
        f"union all select max(_file), max(_record), file, coalesce(record, line) "
        f"from returned group by file, record, line having count(*) > 1 order by 1, 2 limit 1"
    ).fetchall()


def _relation(lake: Lake, folder: str) -> str:
    parts = ", ".join(literal(lake.address(path)) for path in lake.files(folder))
    return f"read_parquet([{parts}], union_by_name=true)"


def base_of(settings: Settings, contract: Contract, batch_id: int) -> ledger.Batch:
    """The current batch that holds the rows of a batch: itself, or the one that corrections made of it.

    Raises ExtractRefused when another extract superseded it: then the rejected rows of that one are to be corrected.
    """
    try:
        base = ledger.batch(settings, batch_id)
    except NoResultFound:
        base = None
    if base is not None and base.registry == contract.registry:
        for current in ledger.current_batches(settings, base.registry, base.period, contract.is_delta):
            if base.delivery_id in ledger.correction_chain(settings, current.delivery_id):
                return current
    found = f"rows of batch {batch_id}, which is unknown"
    if base is not None:
        is_withdrawn = ledger.withdrawn(settings, base.delivery_id) is not None
        found = f"rows of batch {batch_id}, which " + (
            "was withdrawn" if is_withdrawn else "another extract superseded"
        )
    expected = "rows of a current batch; the newest hand-back has them"
    raise contract.refusal(f"handback {batch_id}", expected, found)
