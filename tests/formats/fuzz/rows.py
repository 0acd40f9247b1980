"""Damage to rows and columns of a table: what people do in a spreadsheet and programs in a query."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tests.formats.fuzz import tables

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Change = Callable[[Random, "Sample", bytes], "tuple[bytes, str] | None"]


def table(change: Callable[[Random, tables.Table], tuple[tables.Table, str]]) -> Change:
    """A change of a file by one of its table."""

    def mutate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
        before = tables.load(sample.contract, content)
        if not before.rows:
            return None
        changed, what = change(random, before)
        return tables.dump(sample.contract, changed), what

    return mutate


def drop_column(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.headings))
    name = table.headings[at]
    if table.is_xml:
        rows = [[re.sub(rf"<{name}>[^<]*</{name}>", "", row[0])] for row in table.rows]
        return replace(table, rows=rows), f"element {name} gone"
    rows = [row[:at] + row[at + 1 :] for row in table.rows]
    return replace(table, headings=table.headings[:at] + table.headings[at + 1 :], rows=rows), f"column {name} gone"


def rename_column(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.headings))
    name, new = table.headings[at], table.headings[at] + random.choice(("2", " (новый)", "_x"))
    if table.is_xml:
        new = name + "X"
        rows = [[re.sub(rf"<(/?){name}>", rf"<\1{new}>", row[0])] for row in table.rows]
        return replace(table, rows=rows), f"element {name} is {new}"
    headings = [*table.headings[:at], new, *table.headings[at + 1 :]]
    return replace(table, headings=headings), f"column {name} is {new}"


def swap_headings(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    order = list(range(len(table.headings)))
    random.shuffle(order)
    if table.is_xml:
        rows = list(table.rows)
        random.shuffle(rows)
        return replace(table, rows=rows), "records shuffled"
    rows = [[row[n] for n in order if n < len(row)] for row in table.rows]
    return replace(table, headings=[table.headings[n] for n in order], rows=rows), "columns reordered"


def row_gone(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    rows = [row for row in table.rows if random.random() < 0.9]
    return replace(table, rows=rows), f"{len(table.rows) - len(rows)} rows gone"


def row_twice(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    rows = list(table.rows)
    for _ in range(random.choice((1, 3))):
        rows.insert(random.randrange(len(rows) + 1), random.choice(table.rows))
    return replace(table, rows=rows), f"{len(rows) - len(table.rows)} rows twice"


def huge_field(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.rows))
    row = list(table.rows[at])
    column, length = random.randrange(len(row)), random.choice((2_000, 30_000))
    filler = random.choice(("Ж", "x", "9")) * length
    row[column] = row[column].replace("</", filler + "</", 1) if str(row[column]).startswith("<") else filler
    return replace(table, rows=[*table.rows[:at], row, *table.rows[at + 1 :]]), f"{length} letters in row {at + 1}"


def odd_text(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.rows))
    row = list(table.rows[at])
    column = random.randrange(len(row))
    odd = random.choice(("=1+1", "'; drop table x; --", "\ta\u00a0", "NULL", "1e309", "-", "0x10", "99.99.2026", "ІІІ"))
    row[column] = row[column].replace("</", odd + "</", 1) if str(row[column]).startswith("<") else odd
    return replace(table, rows=[*table.rows[:at], row, *table.rows[at + 1 :]]), f"{odd!r} in row {at + 1}"


def heading_again(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    if table.is_xml:
        return row_twice(random, table)
    at = random.randrange(len(table.rows) + 1)
    return replace(table, rows=[*table.rows[:at], table.headings, *table.rows[at:]]), f"heading before row {at + 1}"


def no_rows(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    return replace(table, rows=[], more=[]), "no rows"
