"""Damage to the lines and headings of tables: what exporters and editors leave there."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from auyl.contracts.options import CsvOptions
from tests.formats.fuzz import tables

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Made = tuple[bytes, str] | None
Change = Callable[[Random, "Sample", bytes], Made]
HEADINGS_LATIN = str.maketrans("АВСЕНКМОРТХаеорсух", "ABCEHKMOPTXaeopcyx")


def _text(change: Callable[[Random, str, str], tuple[str, str]], *formats: str) -> Change:
    """A change of the decoded text of files of some formats; it is given the delimiter of a CSV."""

    def mutate(random: Random, sample: Sample, content: bytes) -> Made:
        contract = sample.contract
        if contract.format not in formats:
            return None
        encoding = contract.encoding if contract.format == "csv" else "utf-8"
        delimiter = contract.options(CsvOptions).delimiter if contract.format == "csv" else ""
        text, what = change(random, content.decode(encoding), delimiter)
        return text.encode(encoding, errors="replace"), what

    return mutate


def _title_rows(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    end = "\r\n" if "\r\n" in text else "\n"
    mark, rest = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    width = rest.splitlines()[0].count(delimiter)
    title = random.choice((["Отчет за октябрь"], ["Отчет за октябрь", "на 31.10.2026", ""], ["", ""]))
    rows = [one + delimiter * random.choice((0, width)) for one in title]
    return mark + "".join(row + end for row in rows) + rest, f"{len(rows)} rows above the heading"


def _ctrl_z(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    return text + "\x1a" * random.choice((1, 1, 2)), "Ctrl-Z at its end"


def _spare_fields(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    chosen = {random.randrange(len(lines)) for _ in range(random.choice((1, 5, len(lines))))}
    spare = delimiter * random.choice((1, 1, 2, 7))
    for at in chosen:
        body = lines[at].rstrip("\r\n")
        lines[at] = body + spare + lines[at][len(body) :]
    return "".join(lines), f"{len(spare)} fields too many in {len(chosen)} lines"


def _odd_quotes(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    body = lines[at].rstrip("\r\n")
    fields = body.split(delimiter)
    n = random.randrange(len(fields))
    shape = random.choice(
        ('КХ "Нұр"', '"ТОО "Береке""', '"Нұр" КХ', '="{}"', '"{}', '{}"', '"{}"', "'{}'", '""{}""', '"{}" ')
    )
    fields[n] = shape.replace("{}", fields[n].strip('"'))
    lines[at] = delimiter.join(fields) + lines[at][len(body) :]
    return "".join(lines), f"{shape} in line {at + 1}"


def _total_line(random: Random, text: str, delimiter: str) -> tuple[str, str]:
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    new = random.choice(
        ("Итого" + delimiter * lines[0].count(delimiter), "Исп. Ахметова, тел. 2-14-15", "конец выгрузки")
    )
    lines.insert(random.choice((len(lines), random.randrange(1, len(lines)))), new + end)
    return "".join(lines), f"a line {new[:20]!r}"


title_rows, ctrl_z = _text(_title_rows, "csv"), _text(_ctrl_z, "csv", "jsonl")
spare_fields, odd_quotes, total_line = _text(_spare_fields, "csv"), _text(_odd_quotes, "csv"), _text(_total_line, "csv")


def mojibake_line(random: Random, sample: Sample, content: bytes) -> Made:
    """One line in another encoding, as lines of a second export glued into the first."""
    if sample.contract.format not in ("csv", "jsonl") or sample.contract.encoding.startswith("utf-16"):
        return None
    encoding = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    lines = content.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    text = lines[at].decode(encoding)
    other = random.choice(("cp1251", "utf-8", "cp866"))
    lines[at] = text.encode(other, errors="replace")
    if random.random() < 0.3:
        lines[at] = text.encode().decode("cp1251", errors="replace").encode(encoding, errors="replace")
    return b"".join(lines), f"line {at + 1} in another encoding"


def headings(random: Random, sample: Sample, content: bytes) -> Made:
    """Headings that look the same and are not: other letters, invisible marks, decomposed; or one that stands twice."""
    if sample.contract.format == "xml":
        return None
    table = tables.load(sample.contract, content)
    names = list(table.headings)
    at = random.randrange(len(names))
    kind = random.choice(("latin", "invisible", "decomposed", "twice", "spaces", "capitals"))
    old = names[at]
    names[at] = {
        "latin": lambda: old.translate(HEADINGS_LATIN),
        "invisible": lambda: random.choice(("\u200b{}", "{}\u00ad", "\ufeff{}", "{}\u200e")).format(old),
        "decomposed": lambda: unicodedata.normalize("NFD", old),
        "twice": lambda: random.choice(names),
        "spaces": lambda: f" {old}  ".replace(" ", "\u00a0", 1),
        "capitals": old.swapcase,
    }[kind]()
    if names == table.headings:
        return None
    if sample.contract.format in ("json", "jsonl", "geojson") and len(set(names)) < len(names):
        return None
    return tables.dump(sample.contract, replace(table, headings=names)), f"heading {old[:30]!r}: {kind}"


def shifted_fields(random: Random, sample: Sample, content: bytes) -> Made:
    """A CSV where one line has its fields shifted by one: the last moves to the front."""
    if sample.contract.format != "csv":
        return None
    table = tables.load(sample.contract, content)
    rows = list(table.rows)
    at = random.randrange(len(rows))
    rows[at] = rows[at][-1:] + rows[at][:-1]
    return tables.dump(sample.contract, replace(table, rows=rows)), f"fields of row {at + 1} shifted"
