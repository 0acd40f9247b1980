"""Quarantine as people read it: rejected rows of the current batch, with reasons and the lines they stand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from auyl import contracts, exports
from auyl.contracts import Contract
from auyl.errors import AuylError, shape
from auyl.intake.locate import locate
from auyl.settings import Settings
from auyl.stage.scan import STAGED_PREFIX
from auyl.stage.suites import CELL_RULES, IN_OBLAST, LINE_RULES, OTHER_KIND, REQUIRED_CELL
from auyl.stage.suites import load as load_suite
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.postgres import transaction

if TYPE_CHECKING:
    import pandas

SHEET = "Отклонено"


def quarantine(
    settings: Settings, registry: str, period: str | None = None, limit: int | None = None, for_owner: bool = False
) -> pandas.DataFrame:
    """Rejected rows of the newest batches of a registry, the refused ones with them.

    Columns: _batch_period, _state (current or refused), _batch_id, _file, _record, _line, _text (of a line that never
    became a row), _outcome (quarantined, linkable, duplicate; staged where the row counts without an attribute),
    _rules, _reasons_ru, _reasons_kk, then the registry's own columns as they came. Reasons about unreadable cells name
    their columns by heading. Lines are looked up in the landed files. Private texts are shown by their shapes, unless
    the rows are for the owner, who wrote them.
    """
    import pandas

    contract = contracts.load(registry, settings.include)
    suite = load_suite(contract.suite, settings.expectations)
    reasons = {rule.rule: (rule.reason_ru, rule.reason_kk) for rule in (*suite.row_rules, IN_OBLAST, *LINE_RULES)}
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    frames = []
    try:
        for batch in _batches(settings, contract, period):
            cut = f"limit {int(limit)}" if limit is not None else ""
            address = literal(lake.address(batch["quarantine_path"]))
            frame = con.execute(f"select * from read_parquet({address}) order by _file, _record {cut}").df()
            if frame.empty:
                continue
            frame.insert(0, "_batch_period", batch["period"])
            frame.insert(1, "_state", batch["state"])
            frame.insert(2, "_batch_id", pandas.array([batch["batch_id"]] * len(frame), dtype="Int64"))
            rows = [(f, int(r)) for f, r in zip(frame["_file"], frame["_record"], strict=True) if pandas.notna(r)]
            of_batch = [batch["batch_id"]] if batch["batch_id"] else []
            lines = locate(settings, registry, of_batch, rows, [] if of_batch else [batch["delivery_id"]])
            frame["_line"] = [
                line if pandas.notna(line) else lines.get((f, int(r)))
                for f, r, line in zip(frame["_file"], frame["_record"], frame["_line"], strict=True)
            ]
            # Batches of earlier versions lack it.
            unreadable = frame.pop("_unreadable") if "_unreadable" in frame else [[]] * len(frame)
            for index, language in enumerate(("ru", "kk")):
                frame.insert(
                    8 + index,
                    f"_reasons_{language}",
                    [
                        _reasons(rules, cells, contract, reasons, index)
                        for rules, cells in zip(frame["_rules"], unreadable, strict=True)
                    ],
                )
            frame["_rules"] = ["; ".join(rules) for rules in frame["_rules"]]
            frames.append(frame)
    finally:
        con.close()
    if not frames:
        return pandas.DataFrame()
    whole = pandas.concat(frames, ignore_index=True)
    if not for_owner:
        _show_shapes(whole, contract)
    whole["_record"] = whole["_record"].astype("Int64")
    whole["_line"] = whole["_line"].astype("Int64")
    return whole


def _show_shapes(rows: pandas.DataFrame, contract: Contract) -> None:
    """Replace private texts by their shapes, and lines that never became rows, which may hold such texts."""
    private = [column.name for column in contract.columns if column.is_private]
    names = {"_text", *private, *(STAGED_PREFIX + name for name in private)} if private else set()
    for name in names & set(rows):
        rows[name] = [shape(cell) if isinstance(cell, str) else None for cell in rows[name]]


def _reasons(
    rules: list[str], unreadable: list[str], contract: Contract, reasons: dict[str, tuple[str, str]], language: int
) -> str:
    """The reasons in words; those about unreadable cells name the columns."""
    cells = [column for column in contract.columns if column.name in unreadable]
    words = []
    for rule in rules:
        of_rule = [c for c in cells if rule == OTHER_KIND or c.is_needed == (rule == REQUIRED_CELL)]
        named = ", ".join(f"«{column.source}»" for column in of_rule)
        words.append(reasons.get(rule, (rule, rule))[language] + (f": {named}" if rule in CELL_RULES else ""))
    return "; ".join(words)


def _batches(settings: Settings, contract: Contract, period: str | None) -> list[dict[str, Any]]:
    with transaction(settings) as con:
        rows = con.execute(
            text((settings.include / "sql" / "ledger" / "quarantines.sql").read_text(encoding="utf-8")),
            {"registry": contract.registry, "period": period, "is_delta": contract.is_delta},
        )
        return [dict(row._mapping) for row in rows]


def export(frame: pandas.DataFrame, target: Path) -> None:
    """Write rejected rows for the registry's owner, readable by nobody else: XLSX by the ending, else CSV."""
    if target.suffix.lower() not in (".xlsx", ".csv", ""):
        raise AuylError(f"{target.name}: expected a name that ends in .xlsx or .csv, found {target.suffix}")
    headings, rows = [str(name) for name in frame.columns], rows_of(frame)
    is_workbook = target.suffix.lower() == ".xlsx"
    content = exports.to_xlsx(headings, rows, SHEET) if is_workbook else exports.to_csv(headings, rows)
    target.touch(mode=0o600)
    if target.is_file():  # as root, a device would be closed to everybody else
        target.chmod(0o600)
    target.write_bytes(content)


def rows_of(frame: pandas.DataFrame) -> list[list[Any]]:
    """The rows of a frame; what is missing is None."""
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
