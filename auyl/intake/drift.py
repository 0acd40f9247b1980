"""Drift: what a batch looks like beside the previous batches of its registry.

A profile is taken of every accepted batch. It is compared with those of the last twelve periods; what falls outside of
them is written down and shown, and blocks nothing: what must block is a rule of the suite or a required column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract, shown
from auyl.errors import shape
from auyl.formats.common import NAMELESS, RawResult
from auyl.stage.scan import mask_bits
from auyl.store.duck import identifier

if TYPE_CHECKING:
    import duckdb

SAMPLE_ROWS = 20_000
# A column is one of categories when a sample has few values, each of them often.
MOST_CATEGORIES = 40
ROWS_A_CATEGORY = 10
HISTORY_PERIODS = 12
SHOWN = 8
YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True)
class ColumnProfile:
    """A column as it came: its heading and place in the extract, filled cells, share of unreadable ones, categories."""

    name: str
    heading: str | None
    place: int | None
    filled: int
    share_unreadable: float | None
    categories: tuple[str, ...] | None


@dataclass(frozen=True)
class Profile:
    """A batch as it came."""

    rows: int
    columns: dict[str, ColumnProfile]


@dataclass(frozen=True)
class Drift:
    """One finding. `kind` is one of those that `ledger.drift` knows."""

    kind: str
    name: str | None
    expected: str
    found: str


def compare_files(raw: RawResult, contract: Contract) -> list[Drift]:
    """Optional columns that some files of the extract have and others lack; elements that no contract knows."""
    found = []
    for column in contract.columns:
        having = [file for file, columns in raw.columns_of.items() if column.name in columns]
        lacking = [file for file in raw.columns_of if file not in having]
        if having and lacking:
            expected = f"«{column.source}», as in {_list(having)}"
            found.append(Drift("column_gone", column.name, expected, f"no such column in {_list(lacking)}"))
    if contract.format == "xml":
        # Of other formats the raw parts hold what the contract does not know.
        found += [
            Drift("column_new", name, "the elements of the contract", "an element that it does not know")
            for name in shown(contract, sorted(raw.unknown_columns))
        ]
    return found


def compare_cells(con: duckdb.DuckDBPyConnection, contract: Contract, now: Profile) -> list[Drift]:
    """Columns with cells that are not one value of any type, by the marks of `auyl.formats.marks`."""
    found = []
    for column in contract.columns:
        if now.columns[column.name].share_unreadable:
            name = identifier(column.name)
            cells = con.execute(
                f"select split_part({name}, '!', 1) as mark, count(*) from raw where is_of_another_kind({name}) "
                f"group by mark order by mark"
            ).fetchall()
            kinds = ", ".join(f"{number} of kind {mark.removeprefix('#')}" for mark, number in cells)
            if cells:
                found.append(Drift("column_retyped", column.name, "one value in each cell", f"cells: {kinds}"))
    return found


def profile(con: duckdb.DuckDBPyConnection, contract: Contract, raw: RawResult) -> Profile:
    """Take the profile of the batch whose view `raw` and table `scan` are on `con`.

    Cells are counted over all rows as the scan has read them, categories over all rows of the columns that a sample
    shows to have few values. A column of the vault, a private or a restricted one has no categories: they would be
    names, or addresses. Beside private columns a category stands in ROWS_A_CATEGORY rows: in fewer, it may be such a
    text in the wrong cell.
    """
    places = list(mask_bits(contract))
    rows, filled, unread = _count_cells(con, places)
    unknown = [row[0] for row in con.execute("describe raw").fetchall() if row[0].startswith("unknown:")]
    if unknown:
        counts = _one(con, [f"count(nullif(trim({identifier(name)}), ''))" for name in unknown], "raw")
        # Columns without a heading are common in tables by people; only with values are they worth a word.
        seen = {n: c for n, c in zip(unknown, counts, strict=True) if c or not n.startswith(f"unknown:{NAMELESS}")}
        unknown = [*seen]
        filled += seen.values()
    unreadable = {
        column.name: bad / cells
        for (column, _, _), cells, bad in zip(places, filled, unread, strict=False)
        if cells and (bad or column.type != "string")
    }
    categories = _categories(con, contract)
    nowhere: tuple[str | None, int | None] = (None, None)
    names = [column.name for column in contract.columns]
    columns = {
        name: ColumnProfile(name, *raw.headings.get(name, nowhere), count, unreadable.get(name), categories.get(name))
        for name, count in zip(names + _shown(contract, unknown), filled, strict=True)
    }
    return Profile(rows, columns)


def _count_cells(
    con: duckdb.DuckDBPyConnection, places: list[tuple[Column, int, int]]
) -> tuple[int, list[int], list[int]]:
    """Rows of `scan`, and for each column how many of its cells hold something, and how many are unreadable."""
    masks = [f"{mask}{number}" for mask in ("_filled", "_unread") for number in sorted({n for _, n, _ in places})]
    # Most rows have their cells in the same columns.
    alike = con.execute(f"select {', '.join(masks)}, count(*) from scan group by all").fetchnumpy()
    rows = alike["count_star()"]

    def cells(mask: str, bit: int) -> int:
        return int(rows[alike[mask] >> bit & 1 == 1].sum())

    filled, unread = ([cells(f"{mask}{n}", bit) for _, n, bit in places] for mask in ("_filled", "_unread"))
    return int(rows.sum()), filled, unread


def _shown(contract: Contract, unknown: list[str]) -> list[str]:
    """Names in raw of columns that the contract does not know, as the ledger has them."""
    return [f"unknown:{name}" for name in shown(contract, [name.removeprefix("unknown:") for name in unknown])]


def _categories(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, tuple[str, ...]]:
    words = [
        column.name
        for column in contract.columns
        if column.type in ("string", "boolean") and column.classification == "internal" and not column.is_code
    ]
    if not words:
        return {}
    import pyarrow.compute as pc

    sample = con.sql(f"select {', '.join(map(identifier, words))} from raw limit {SAMPLE_ROWS}").to_arrow_table()
    most = min(MOST_CATEGORIES, sample.num_rows // ROWS_A_CATEGORY)
    few = [name for name in words if 0 < pc.count_distinct(sample[name]).as_py() <= most]
    if not few:
        return {}
    often = f"[e.key for e in map_entries(histogram(trim({{}}))) if e.value >= {ROWS_A_CATEGORY}]"
    values_of = (often if contract.has_private_texts else "list(distinct trim({}))").format
    lists = ", ".join(f"list_sort({values_of(identifier(n))})[:{4 * MOST_CATEGORIES}]" for n in few)
    (found,) = con.execute(f"select {lists} from raw").fetchall()
    categories = {name: tuple(v for v in values or () if v) for name, values in zip(few, found, strict=True)}
    # A month or a date is another one every time.
    return {name: values for name, values in categories.items() if not any(map(YEAR.search, values))}


def _one(con: duckdb.DuckDBPyConnection, expressions: list[str], relation: str) -> list[int]:
    (row,) = con.execute(f"select {', '.join(expressions)} from {relation}").fetchall()
    return [int(value) for value in row]


def compare(now: Profile, history: list[Profile], contract: Contract) -> list[Drift]:
    """What of `now` lies outside `history` (newest first). Without history there is only what the contract lacks."""
    found = [
        Drift(
            "column_new", name.removeprefix("unknown:"), "the columns of the contract", f"{column.filled} filled cells"
        )
        for name, column in now.columns.items()
        if name.startswith("unknown:") and not any(name in previous.columns for previous in history[:1])
    ]
    if not history:
        return found
    last = history[0]
    found += _headings(now, last, contract)
    for name, column in now.columns.items():
        columns_before = [previous.columns[name] for previous in history if name in previous.columns]
        if not columns_before:
            continue
        known = {value for previous in columns_before for value in previous.categories or ()}
        fresh = [value for value in column.categories or () if value not in known]
        if known and fresh:
            found.append(
                Drift("category_new", name, f"one of {len(known)} known values", _list([shape(v) for v in fresh]))
            )
        if column.share_unreadable is not None:
            most = max((previous.share_unreadable or 0.0) for previous in columns_before)
            if column.share_unreadable > 1.5 * most + 0.01:
                found.append(
                    Drift("column_retyped", name, f"at most {most:.2%} unreadable", f"{column.share_unreadable:.2%}")
                )
        shares = [
            1 - previous.columns[name].filled / previous.rows
            for previous in history
            if name in previous.columns and previous.rows
        ]
        empty = 1 - column.filled / now.rows if now.rows else 0.0
        margin = max(0.02, (max(shares) - min(shares)) / 2) if len(shares) >= 3 else 0.1
        if shares and not min(shares) - margin <= empty <= max(shares) + margin:
            found.append(Drift("null_share", name, f"{min(shares):.1%} to {max(shares):.1%} empty", f"{empty:.1%}"))
    if not contract.is_delta:
        rows = [previous.rows for previous in history]
        low, high = (0.8, 1.25) if len(rows) >= 3 else (0.5, 2.0)
        if not low * min(rows) <= now.rows <= high * max(rows):
            found.append(Drift("volume", None, f"{min(rows)} to {max(rows)} rows", f"{now.rows} rows"))
    return found


def _headings(now: Profile, last: Profile, contract: Contract) -> list[Drift]:
    found = []
    kept = []
    for column in contract.columns:
        then, today = last.columns.get(column.name), now.columns.get(column.name)
        if then is None or today is None:
            continue
        # A message leaves out what is empty, so a heading that was not seen says little where cells are filled.
        if then.heading and not today.heading and not today.filled:
            found.append(Drift("column_gone", column.name, f"«{then.heading}»", "no such column"))
        elif then.heading and today.heading and then.heading != today.heading:
            found.append(Drift("column_renamed", column.name, f"«{then.heading}»", f"«{today.heading}»"))
        if then.place is not None and today.place is not None:
            kept.append((then.place, today.place, today.heading or column.name))
    order = [place for _, place, _ in sorted(kept)]
    if order != sorted(order):
        moved = [
            name for (_, _, name), was, place in zip(sorted(kept), order, sorted(order), strict=True) if was != place
        ]
        found.append(Drift("column_reordered", None, "the order of the previous extract", f"moved: {_list(moved)}"))
    return found


def _list(values: list[str]) -> str:
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    return ", ".join(f"«{value}»" for value in values[:SHOWN]) + more
