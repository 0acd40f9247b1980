"""Hand-back: rejected rows for the registry's owner, in the owner's own format, and the way they come back.

The file has the registry's columns as they came, and six more that say where a row was and why it was rejected. The
owner corrects the rows and sends the file again; `merge` replaces the rejected rows with them, in a new batch that
supersedes the first.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from sqlalchemy.exc import NoResultFound

from auyl import contracts, ledger
from auyl.contracts import Column, Contract
from auyl.contracts.options import CsvOptions, JsonOptions, XmlOptions
from auyl.formats.common import RawResult, Reject
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.duck import identifier, literal, write_parquet
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb
    import pandas

# name in raw: heading in a table, name of an element or key
REFERENCES = {
    "_back_file": ("Ауыл: файл", "auylFile"),
    "_back_record": ("Ауыл: запись", "auylRecord"),
    "_back_line": ("Ауыл: строка", "auylLine"),
    "_back_text": ("Ауыл: текст строки", "auylText"),
    "_back_ru": ("Ауыл: причина", "auylReasonRu"),
    "_back_kk": ("Ауыл: себебі", "auylReasonKk"),
}
TABLES = ("csv", "xlsx", "xls")
NAME = re.compile(r"handback_(?P<registry>.+)_(?P<period>\d{4}-\d\d)_(?P<batch>\d+)\b")


@dataclass(frozen=True)
class HandbackFile:
    """A file for the owner of a registry: the rejected rows of a batch."""

    registry: str
    owner: str
    period: str
    batch_id: int | None
    state: str
    path: str
    rows: int


def with_references(contract: Contract) -> Contract:
    """The contract of a corrected file: the same, with the columns that say which row each one corrects.

    A corrected file is never packed, even where the extract was.
    """
    at = 0 if contract.format in TABLES else 1
    more = tuple(Column(n, s[at], "string", False, (), "internal", False, None) for n, s in REFERENCES.items())
    return replace(contract, columns=contract.columns + more, archive=None)


def corrected_batch(file: Path) -> int | None:
    """The batch that a file corrects, by the name that `write_handback` gave it."""
    match = NAME.search(file.name)
    return int(match["batch"]) if match else None


def write_handback(settings: Settings, registry: str, period: str | None = None) -> list[HandbackFile]:
    """Write a file for every batch of the newest period, or the given one, with rejected rows; refused ones too.

    The files are in the lake below `handback/<registry>/<period>/`. Without rejected rows nothing is written.
    """
    from auyl.intake.quarantine import quarantine

    contract = contracts.load(registry, settings.include)
    frame = quarantine(settings, registry, period)
    if frame.empty:
        return []
    lake = Lake(settings.lake)
    files = []
    frame = frame[frame["_outcome"] != "duplicate"]
    for (batch_period, state, batch), rows in frame.groupby(["_batch_period", "_state", "_batch_id"], dropna=False):
        batch_id = None if batch != batch else int(batch)
        name = f"handback_{registry}_{batch_period}_{batch_id or 'refused'}{_suffix(contract)}"
        path = paths.handback_file(registry, batch_period, name)
        lake.write(path, _write(contract, batch_period, rows))
        files.append(HandbackFile(registry, contract.owner, batch_period, batch_id, state, path, len(rows)))
    return files


def _suffix(contract: Contract) -> str:
    return {"xls": ".xlsx"}.get(contract.format, f".{contract.format}")


def _write(contract: Contract, period: str, rows: pandas.DataFrame) -> bytes:
    """The rows in the format of the contract."""
    table = rows[[column.name for column in contract.columns]].copy()
    for name, column in zip(
        REFERENCES, ("_file", "_record", "_line", "_text", "_reasons_ru", "_reasons_kk"), strict=True
    ):
        table[name] = rows[column]
    table = table.astype(object).where(table.notna(), None)
    names = [column.source for column in with_references(contract).columns]
    if contract.format in TABLES:
        table.columns = names
        return _as_table(contract, table)
    records = [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False)]
    if contract.format == "xml":
        return _as_xml(contract, period, records)
    return _as_json(contract, period, records)


def _as_table(contract: Contract, table: pandas.DataFrame) -> bytes:
    import io

    out = io.BytesIO()
    if contract.format == "csv":
        # With a byte order mark a file is UTF-8 whatever its contract says: cp1251 has no letters for the reasons.
        table.to_csv(out, index=False, sep=contract.options(CsvOptions).delimiter, encoding="utf-8-sig")
        return out.getvalue()
    import pandas

    with pandas.ExcelWriter(out, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_numbers": False}}) as book:
        table.to_excel(book, index=False, sheet_name="Отклонено")
    return out.getvalue()


def _as_json(contract: Contract, period: str, records: list[dict[str, Any]]) -> bytes:
    if contract.format == "jsonl":
        return b"".join(json.dumps(r, ensure_ascii=False, default=int).encode() + b"\n" for r in records)
    if contract.format == "geojson":
        features = [{"type": "Feature", "properties": r, "geometry": _point(r)} for r in records]
        return json.dumps(
            {"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1, default=int
        ).encode()
    options = contract.options(JsonOptions)
    page: dict[str, Any] = {options.page: 1, options.pages: 1}
    if options.total:
        page[options.total] = len(records)
    if "period" in contract.envelope:
        page[contract.envelope["period"]] = period
    page[options.items] = records
    return json.dumps(page, ensure_ascii=False, indent=1, default=int).encode()


def _point(record: dict[str, Any]) -> dict[str, Any] | None:
    place = [record.pop("geometry:lon", None), record.pop("geometry:lat", None)]
    try:
        return {"type": "Point", "coordinates": [float(part) for part in place]}
    except (TypeError, ValueError):
        return None


def _as_xml(contract: Contract, period: str, records: list[dict[str, Any]]) -> bytes:
    options = contract.options(XmlOptions)
    steps = options.record_path
    stated = {path: name for name, path in contract.envelope.items()}
    values = {"period": period, "parts": "1", "part": "1"}
    parent = "/" + "/".join(steps[:-1])
    head: list[str] = []
    tail: list[str] = []
    path = ""
    for step in steps[:-1]:
        path += f"/{step}"
        head.append(f"<{step}>")
        tail.insert(0, f"</{step}>")
        for place, name in stated.items():
            above, _, leaf = place.rpartition("/")
            if above == path and path != parent and name in values:
                head.append(f"<{leaf}>{values[name]}</{leaf}>")
    body = "\n".join(f"<{steps[-1]}>{_elements(record)}</{steps[-1]}>" for record in records)
    count = options.record_count
    after = f"<{count}>{len(records)}</{count}>" if count else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(head) + "\n" + body + "\n" + tail[0] + after
        + "".join(tail[1:]) + "\n"
    ).encode()  # fmt: skip


def _elements(record: dict[str, Any]) -> str:
    """Elements of a record from paths: those that share a parent stand below one."""
    tree: dict[str, Any] = {}
    for path, value in record.items():
        if value is None or path.startswith("envelope:"):
            continue
        branch = tree
        *parents, leaf = path.split("/")
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = str(value)

    def text(branch: dict[str, Any]) -> str:
        return "".join(f"<{k}>{text(v) if isinstance(v, dict) else escape(v)}</{k}>" for k, v in branch.items())

    return text(tree)


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
    lake = Lake(settings.lake)
    base = ledger.batch(settings, int(delivery.corrects_batch_id or 0))
    if ledger.find_batch(settings, delivery.delivery_id) is None:
        current = base_of(settings, contract, base.batch_id)
        if current.delivery_id != base.delivery_id:
            found = f"a correction of batch {base.batch_id}, which batch {current.batch_id} has corrected meanwhile"
            expected = "a correction of the current batch: land it again"
            raise contract.refusal(delivery.landing_path, expected, found, owner="us")
    corrections, quarantine = _relation(lake, folder), f"read_parquet({literal(lake.address(base.quarantine_path))})"
    con.execute(
        f"create or replace temp table returned as select _back_file as file, try_cast(_back_record as bigint) as "
        f"record, try_cast(_back_line as bigint) as line, _file, _record from {corrections}"
    )
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


def _check_references(con: duckdb.DuckDBPyConnection, contract: Contract, base: ledger.Batch, quarantine: str) -> None:
    """Every returned row must name a rejected row of its batch, once. Raises ExtractRefused."""
    wrong = con.execute(
        f"select r._file, r._record, r.file, coalesce(r.record, r.line) from returned as r "
        f"left join (select * from {quarantine} where _outcome <> 'duplicate') as q "
        f"on r.file = q._file and r.record is not distinct from q._record "
        f"and (q._record is not null or r.line = q._line) "
        f"where q._file is null or r.file is null "
        f"union all select max(_file), max(_record), file, coalesce(record, line) "
        f"from returned group by file, record, line having count(*) > 1 order by 1, 2 limit 1"
    ).fetchall()
    if wrong:
        file, record, named, number = wrong[0]
        heading = REFERENCES["_back_file"][0]
        expected = f"each rejected row of batch {base.batch_id} once, named in «{heading}»"
        raise contract.refusal(file, expected, f"record {record}, which names {named} {number}", column="Ауыл: запись")


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
    found = f"rows of batch {batch_id}, which " + ("another extract superseded" if base else "is unknown")
    expected = "rows of a current batch; the newest hand-back has them"
    raise contract.refusal(f"handback {batch_id}", expected, found)
