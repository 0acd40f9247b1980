"""Damage that people, networks and disks do to an extract. Each kind is a function of (random, sample) → mutant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from auyl.contracts.options import CsvOptions
from tests.formats import derived
from tests.formats.fuzz import tables
from tests.formats.fuzz.corpus import Sample

ENCODINGS = ("utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8-r", "cp866")
TEXTS = frozenset(("csv", "json", "jsonl", "geojson", "xml"))


@dataclass(frozen=True)
class Mutant:
    """Damaged files; `members` are those of an archive. `is_cut`: the end of a file is missing.

    `at_record` tells of a cut that fell just behind a record, which leaves a file that is whole in itself.
    """

    kind: str
    sample: Sample
    files: dict[str, bytes]
    what: str
    is_cut: bool = False
    at_record: bool = False
    is_foreign: bool = False

    def delivered(self) -> dict[str, bytes]:
        """The files as they are landed."""
        if self.sample.is_zipped and self.kind not in WHOLE_ARCHIVE:
            return {"extract.zip": derived.zipped(self.files)}
        return self.files


Change = Callable[[Random, Sample, bytes], "tuple[bytes, str] | None"]


def _truncate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    at = random.randrange(1, len(content))
    return content[:at], f"cut at byte {at} of {len(content)}"


def _truncate_at_line(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    ends = [at + 1 for at, byte in enumerate(content) if byte == 10][1:-1]
    if not ends or sample.contract.format not in TEXTS:
        return None
    at = random.choice(ends)
    return content[:at], f"cut behind a line, at byte {at} of {len(content)}"


def _flip_bits(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    damaged = bytearray(content)
    places = [random.randrange(len(damaged)) for _ in range(random.choice((1, 1, 2, 5, 20)))]
    for at in places:
        damaged[at] ^= 1 << random.randrange(8)
    return bytes(damaged), f"bits flipped at {places[:5]}"


def _overwrite(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 16, 512))
    junk = random.randbytes(length) if random.random() < 0.5 else b"\0" * length
    return content[:at] + junk + content[at + length :], f"{length} bytes overwritten at {at}"


def _insert_nuls(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 3, 4096))
    return content[:at] + b"\0" * length + content[at:], f"{length} NULs at {at}"


def _hole(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    at, length = random.randrange(len(content)), random.choice((1, 50, 1000))
    return content[:at] + content[at + length :], f"{length} bytes gone at {at}"


def _lines(change: Callable[[Random, list[bytes]], str]) -> Change:
    def mutate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
        lines = content.splitlines(keepends=True)
        if sample.contract.format not in TEXTS or len(lines) < 4:
            return None
        what = change(random, lines)
        return b"".join(lines), what

    return mutate


def _delete_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    del lines[at]
    return f"line {at + 1} gone"


def _duplicate_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    lines.insert(random.randrange(len(lines)), lines[at])
    return f"line {at + 1} twice"


def _swap_lines(random: Random, lines: list[bytes]) -> str:
    a, b = random.randrange(len(lines)), random.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return f"lines {a + 1} and {b + 1} swapped"


def _blank_lines(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    lines[at:at] = [random.choice((b"\n", b"\r\n", b"  \n", b";;;;\n"))] * random.choice((1, 3))
    return f"blank lines before {at + 1}"


def _unfinished_line(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines) - 1)
    end = b"\r\n" if lines[at].endswith(b"\r\n") else b"\n"
    lines[at] = lines[at][: random.randrange(max(1, len(lines[at])))].rstrip(b"\r\n") + end
    return f"line {at + 1} cut"


def _joined_lines(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines) - 1)
    lines[at] = lines[at].rstrip(b"\r\n")
    return f"no line end after {at + 1}"


def _line_ends(random: Random, lines: list[bytes]) -> str:
    end = random.choice((b"\r\n", b"\n", b"\r"))
    share = random.choice((1.0, 0.5))
    lines[:] = [line.rstrip(b"\r\n") + end if random.random() < share else line for line in lines]
    return f"{share:.0%} of lines end in {end!r}"


def _quote(random: Random, lines: list[bytes]) -> str:
    at = random.randrange(len(lines))
    cut = random.randrange(len(lines[at]))
    lines[at] = lines[at][:cut] + b'"' + lines[at][cut:]
    return f"a quote in line {at + 1}"


def _table(change: Callable[[Random, tables.Table], tuple[tables.Table, str]]) -> Change:
    def mutate(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
        table = tables.load(sample.contract, content)
        if not table.rows:
            return None
        changed, what = change(random, table)
        return tables.dump(sample.contract, changed), what

    return mutate


def _drop_column(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.headings))
    name = table.headings[at]
    if isinstance(table.around, tuple) and isinstance(table.around[1], str):  # XML keeps records as text
        rows = [[re.sub(rf"<{name}>[^<]*</{name}>", "", row[0])] for row in table.rows]
        return replace(table, rows=rows), f"element {name} gone"
    rows = [row[:at] + row[at + 1 :] for row in table.rows]
    return replace(table, headings=table.headings[:at] + table.headings[at + 1 :], rows=rows), f"column {name} gone"


def _rename_column(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.headings))
    name, new = table.headings[at], table.headings[at] + random.choice(("2", " (новый)", "_x"))
    if isinstance(table.around, tuple) and isinstance(table.around[1], str):
        new = name + "X"
        rows = [[re.sub(rf"<(/?){name}>", rf"<\1{new}>", row[0])] for row in table.rows]
        return replace(table, rows=rows), f"element {name} is {new}"
    headings = [*table.headings[:at], new, *table.headings[at + 1 :]]
    return replace(table, headings=headings), f"column {name} is {new}"


def _swap_headings(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    order = list(range(len(table.headings)))
    random.shuffle(order)
    if isinstance(table.around, tuple) and isinstance(table.around[1], str):
        rows = list(table.rows)
        random.shuffle(rows)
        return replace(table, rows=rows), "records shuffled"
    rows = [[row[n] for n in order if n < len(row)] for row in table.rows]
    return replace(table, headings=[table.headings[n] for n in order], rows=rows), "columns reordered"


def _row_gone(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    rows = [row for row in table.rows if random.random() < 0.9]
    return replace(table, rows=rows), f"{len(table.rows) - len(rows)} rows gone"


def _row_twice(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    rows = list(table.rows)
    for _ in range(random.choice((1, 3))):
        rows.insert(random.randrange(len(rows) + 1), random.choice(table.rows))
    return replace(table, rows=rows), f"{len(rows) - len(table.rows)} rows twice"


def _huge_field(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.rows))
    row = list(table.rows[at])
    column, length = random.randrange(len(row)), random.choice((2_000, 30_000))
    filler = random.choice(("Ж", "x", "9")) * length
    row[column] = row[column].replace("</", filler + "</", 1) if str(row[column]).startswith("<") else filler
    return replace(table, rows=[*table.rows[:at], row, *table.rows[at + 1 :]]), f"{length} letters in row {at + 1}"


def _odd_text(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    at = random.randrange(len(table.rows))
    row = list(table.rows[at])
    column = random.randrange(len(row))
    odd = random.choice(("=1+1", "'; drop table x; --", "\ta\u00a0", "NULL", "1e309", "-", "0x10", "99.99.2026", "ІІІ"))
    row[column] = row[column].replace("</", odd + "</", 1) if str(row[column]).startswith("<") else odd
    return replace(table, rows=[*table.rows[:at], row, *table.rows[at + 1 :]]), f"{odd!r} in row {at + 1}"


def _heading_again(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    if isinstance(table.around, tuple) and isinstance(table.around[1], str):
        return _row_twice(random, table)
    at = random.randrange(len(table.rows) + 1)
    return replace(table, rows=[*table.rows[:at], table.headings, *table.rows[at:]]), f"heading before row {at + 1}"


def _no_rows(random: Random, table: tables.Table) -> tuple[tables.Table, str]:
    return replace(table, rows=[], more=[]), "no rows"


def _encoding(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format not in TEXTS:
        return None
    own = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    other = random.choice([e for e in ENCODINGS if e != own])
    return content.decode(own).removeprefix("\ufeff").encode(other, errors="replace"), f"written in {other}"


def _delimiter(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format != "csv":
        return None
    own = sample.contract.options(CsvOptions).delimiter.encode()
    other = random.choice([d for d in (b";", b",", b"\t", b"|") if d != own])
    if random.random() < 0.5:
        return content.replace(own, other), f"{other!r} for {own!r}"
    lines = content.splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    lines[at] = lines[at].replace(own, other)
    return b"".join(lines), f"{other!r} for {own!r} in line {at + 1}"


def _other_period(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str] | None:
    if sample.contract.format not in TEXTS or not sample.states_period:
        return None
    encoding = sample.contract.encoding if sample.contract.format == "csv" else "utf-8"
    text = content.decode(encoding)
    for ours, other in (("2026-10", "2026-09"), ("10.2026", "09.2026")):
        text = text.replace(ours, other)
    return (text.encode(encoding), "September in it") if text != content.decode(encoding) else None


def _empty(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    made = random.choice((b"", b"\n", b"   ", b"\xef\xbb\xbf", b"\0" * 100, b"\xff\xfe", b"[]", b"{}", b"null"))
    return made, f"only {made[:8]!r}"


def _wrong_magic(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    made = random.choice(
        (
            b"<html><body>502 Bad Gateway</body></html>\n", b"%PDF-1.4\n" + content, b"PK\x03\x04" + content,
            bytes.fromhex("d0cf11e0a1b11ae1") + content, b"\x1f\x8b\x08" + content, content[::-1],
            random.randbytes(2000),
        )
    )  # fmt: skip
    return made, f"begins with {made[:12]!r}"


def _glued(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    return content + content, "the file twice in one"


def _junk_behind(random: Random, sample: Sample, content: bytes) -> tuple[bytes, str]:
    junk = random.choice((b"\x1a", b"ERROR: connection reset\n", b"\0" * 512, b"</html>", b"\n\n\n"))
    return content + junk, f"{junk[:12]!r} behind its end"


KINDS: dict[str, Change] = {
    "truncate": _truncate,
    "truncate_at_line": _truncate_at_line,
    "flip_bits": _flip_bits,
    "overwrite": _overwrite,
    "insert_nuls": _insert_nuls,
    "hole": _hole,
    "delete_line": _lines(_delete_line),
    "duplicate_line": _lines(_duplicate_line),
    "swap_lines": _lines(_swap_lines),
    "blank_lines": _lines(_blank_lines),
    "unfinished_line": _lines(_unfinished_line),
    "joined_lines": _lines(_joined_lines),
    "line_ends": _lines(_line_ends),
    "quote": _lines(_quote),
    "drop_column": _table(_drop_column),
    "rename_column": _table(_rename_column),
    "reorder": _table(_swap_headings),
    "row_gone": _table(_row_gone),
    "row_twice": _table(_row_twice),
    "huge_field": _table(_huge_field),
    "odd_text": _table(_odd_text),
    "heading_again": _table(_heading_again),
    "no_rows": _table(_no_rows),
    "encoding": _encoding,
    "delimiter": _delimiter,
    "other_period": _other_period,
    "empty": _empty,
    "wrong_magic": _wrong_magic,
    "glued": _glued,
    "junk_behind": _junk_behind,
}
WHOLE_ARCHIVE = frozenset(("archive_truncate", "archive_flip_bits", "archive_overwrite", "archive_hole"))
OF_FILES = ("other_registry", "file_gone", "file_twice")


def mutate(random: Random, sample: Sample, others: list[Sample]) -> Mutant:
    """One mutant of a sample, of a kind drawn by `random`."""
    while True:
        kind = random.choice((*KINDS, *OF_FILES, *(WHOLE_ARCHIVE if sample.is_zipped else ())))
        mutant = _mutant(random, kind, sample, others)
        if mutant is not None and mutant.delivered() != sample_files(sample):
            return mutant


def sample_files(sample: Sample) -> dict[str, bytes]:
    """The files of the good extract as they are landed."""
    return {"extract.zip": derived.zipped(sample.files)} if sample.is_zipped else sample.files


def _mutant(random: Random, kind: str, sample: Sample, others: list[Sample]) -> Mutant | None:
    name = random.choice(sorted(sample.files))
    if kind in WHOLE_ARCHIVE:
        whole = derived.zipped(sample.files)
        content, what = KINDS[kind.removeprefix("archive_")](random, sample, whole)  # type: ignore[misc]
        return Mutant(kind, sample, {"extract.zip": content}, what, is_cut=kind == "archive_truncate")
    if kind == "other_registry":
        other = random.choice([o for o in others if o.contract.stage != sample.contract.stage])
        content = next(iter(other.files.values()))
        return Mutant(kind, sample, {name: content}, f"a file of {other.contract.registry}", is_foreign=True)
    if kind == "file_gone":
        files = {n: c for n, c in sample.files.items() if n != name}
        return Mutant(kind, sample, files, f"{name} gone") if files else None
    if kind == "file_twice":
        return Mutant(kind, sample, sample.files | {f"again-{name}": sample.files[name]}, f"{name} twice")
    changed = KINDS[kind](random, sample, sample.files[name])
    if changed is None:
        return None
    content, what = changed
    is_cut = kind in ("truncate", "truncate_at_line")
    rest = sample.files[name][len(content) :] if is_cut else b""
    at_record = is_cut and sample.contract.format in ("csv", "jsonl") and content.endswith(b"\n")
    return Mutant(
        kind, sample, sample.files | {name: content}, what, is_cut and bool(rest.strip()), at_record,
    )  # fmt: skip
