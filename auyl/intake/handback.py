"""Hand-back: rejected rows for the registry's owner, in the owner's own format.

The file has the registry's columns as they came, and seven more that say where a row was, why it was rejected, and in
which batch. The owner corrects the rows and sends the file again (`auyl.intake.corrections`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from auyl import contracts, exports
from auyl.contracts import Contract
from auyl.contracts.options import CsvOptions, JsonOptions, XmlOptions
from auyl.intake.corrections import REFERENCES, TABLES, with_references
from auyl.intake.quarantine import SHEET, quarantine, rows_of
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.binding import lake_of

if TYPE_CHECKING:
    import pandas


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


def write_handback(
    settings: Settings, registry: str, period: str | None = None, only_new: bool = False
) -> list[HandbackFile]:
    """Write a file for every batch of the newest period, or the given one, with rejected rows; refused ones too.

    The files are in the lake below `handback/<registry>/<period>/`. Without rejected rows nothing is written; with
    `only_new` nothing either for rows whose file is there already.
    """
    import pandas

    contract = contracts.load(registry, settings.include)
    frame = quarantine(settings, registry, period, for_owner=True)
    if frame.empty:
        return []
    lake = lake_of(settings)
    files = []
    frame = frame[frame["_outcome"] != "duplicate"]
    for (batch_period, state, batch), rows in frame.groupby(["_batch_period", "_state", "_batch_id"], dropna=False):
        batch_id = None if pandas.isna(batch) else int(batch)
        name = f"handback_{registry}_{batch_period}_{batch_id or _refused(rows)}{_suffix(contract)}"
        path = paths.handback_file(registry, batch_period, name)
        if only_new and lake.exists(path):
            continue
        # A file that is there is taken for written, so it appears in one step.
        lake.write(f"{path}.partial", _write(contract, batch_period, rows))
        lake.replace(f"{path}.partial", path)
        files.append(HandbackFile(registry, contract.owner, batch_period, batch_id, state, path, len(rows)))
    return files


def _refused(rows: pandas.DataFrame) -> str:
    """Part of a name: the digest of refused rows, which belong to no batch."""
    return f"refused_{hashlib.sha256(repr(rows_of(rows)).encode()).hexdigest()[:8]}"


def _suffix(contract: Contract) -> str:
    return {"xls": ".xlsx"}.get(contract.format, f".{contract.format}")


def _write(contract: Contract, period: str, rows: pandas.DataFrame) -> bytes:
    """The rows in the format of the contract."""
    table = rows[[column.name for column in contract.columns]].copy()
    for name, column in zip(
        REFERENCES, ("_file", "_record", "_line", "_text", "_reasons_ru", "_reasons_kk", "_batch_id"), strict=True
    ):
        table[name] = rows[column]
    names = [column.source for column in with_references(contract).columns]
    if contract.format == "csv":
        # With a byte order mark a file is UTF-8 whatever its contract says: cp1251 has no letters for the reasons.
        return exports.to_csv(names, rows_of(table), contract.options(CsvOptions).delimiter)
    if contract.format in TABLES:
        return exports.to_xlsx(names, rows_of(table), SHEET)
    records = [dict(zip(names, row, strict=True)) for row in rows_of(table)]
    if contract.format == "xml":
        return _as_xml(contract, period, records)
    return _as_json(contract, period, records)


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
