"""The kinds of damage: one table. A mutant is a good extract with damage of one kind.

cells       to values
messages    to JSON and XML
delimited   to lines and headings of tables
containers  to workbooks and archives, and other containers under the promised name
rows        to rows and columns
damage      to bytes and lines
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.formats import derived
from tests.formats.fuzz import cells, containers, damage, delimited, messages, rows

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample


@dataclass(frozen=True)
class Mutant:
    """Damaged files; `members` are those of an archive. `is_cut`: the end of a file is missing.

    `at_record` marks a cut that fell just behind a record, which leaves a file that is whole in itself.
    """

    kind: str
    sample: Sample
    files: dict[str, bytes]
    what: str
    is_cut: bool = False
    at_record: bool = False
    is_foreign: bool = False

    @property
    def is_archive_itself(self) -> bool:
        """Are `files` archives, and not their members?"""
        return self.kind in (*OF_ARCHIVES, "members")

    def delivered(self) -> dict[str, bytes]:
        """The files as they are landed."""
        if self.sample.is_zipped and not self.is_archive_itself:
            return {"extract.zip": derived.zipped(self.files)}
        return self.files


# Of one file. What the fuzz knows of values: that a cell is no value, has two readings, or is one in other clothes.
VALUES: dict[str, cells.Change] = {
    "error_text": cells.cells(cells.one_of(cells.ERRORS)),
    "word_for_nothing": cells.cells(cells.one_of(cells.NOTHINGS)),
    "instant": cells.cells(cells.instant, cells.MOMENTS),
    "zoned_day": cells.cells(cells.zoned_day, cells.MOMENTS),
    "no_date": cells.cells(cells.one_of(cells.NO_DATES), cells.MOMENTS),
    "typed_date": cells.cells(cells.retyped_day, cells.MOMENTS),
    "no_integer": cells.cells(cells.one_of(cells.NO_INTEGERS), ("integer",)),
    "grouped_integer": cells.cells(cells.one_of(cells.GROUPED), ("integer",)),
    "odd_amount": cells.cells(cells.one_of(cells.AMOUNTS), ("number",)),
    "other_separators": cells.cells(cells.dotted_amount, ("number",)),
    "invisible_marks": cells.cells(cells.invisible),
    "decomposed_letters": cells.cells(cells.decomposed, ("string",)),
    "latin_letters": cells.cells(cells.latin_letters, ("string",)),
    "json_structure": cells.cells(cells.one_of(cells.STRUCTURES), formats=cells.JSON),
    "json_scalar": cells.cells(cells.one_of(cells.JSON_SCALARS), formats=cells.JSON),
    "repeated_key": messages.repeated_key,
    "repeated_element": messages.repeated_element,
    "mixed_content": messages.mixed_content,
    "book_cell": cells.cells(cells.one_of(cells.BOOK_CELLS), formats=("xlsx", "xls")),
}
# Of one file. What the values stand in.
CONTAINERS: dict[str, containers.Change] = {
    "other_container": containers.other_container,
    "ghost_cells": containers.ghost_cells,
    "dimension": containers.dimension,
    "no_references": containers.no_references,
    "hidden_sheet": containers.hidden_sheet,
    "more_sheets": containers.more_sheets,
    "member_of_book_gone": containers.member_gone,
    "title_rows": delimited.title_rows,
    "ctrl_z": delimited.ctrl_z,
    "spare_fields": delimited.spare_fields,
    "odd_quotes": delimited.odd_quotes,
    "total_line": delimited.total_line,
    "mojibake_line": delimited.mojibake_line,
    "shifted_fields": delimited.shifted_fields,
    "headings": delimited.headings,
    "envelope": messages.envelope,
    "nested": messages.nested,
    "geometry": messages.geometry,
    "message": messages.message,
}
# Of one file. Rows, columns, lines, bytes.
TRANSPORT: dict[str, damage.Change] = {
    "truncate": damage.truncate,
    "truncate_at_line": damage.truncate_at_line,
    "flip_bits": damage.flip_bits,
    "overwrite": damage.overwrite,
    "insert_nuls": damage.insert_nuls,
    "hole": damage.hole,
    "delete_line": damage.lines(damage.delete_line),
    "duplicate_line": damage.lines(damage.duplicate_line),
    "swap_lines": damage.lines(damage.swap_lines),
    "blank_lines": damage.lines(damage.blank_lines),
    "unfinished_line": damage.lines(damage.unfinished_line),
    "joined_lines": damage.lines(damage.joined_lines),
    "line_ends": damage.lines(damage.line_ends),
    "quote": damage.lines(damage.quote),
    "drop_column": rows.table(rows.drop_column),
    "rename_column": rows.table(rows.rename_column),
    "reorder": rows.table(rows.swap_headings),
    "row_gone": rows.table(rows.row_gone),
    "row_twice": rows.table(rows.row_twice),
    "huge_field": rows.table(rows.huge_field),
    "odd_text": rows.table(rows.odd_text),
    "heading_again": rows.table(rows.heading_again),
    "no_rows": rows.table(rows.no_rows),
    "encoding": damage.encoding,
    "delimiter": damage.delimiter,
    "other_period": damage.other_period,
    "empty": damage.empty,
    "wrong_magic": damage.wrong_magic,
    "glued": damage.glued,
    "junk_behind": damage.junk_behind,
}
OF_A_FILE = VALUES | CONTAINERS | TRANSPORT
# Of the whole extract: a file of another registry, one missing, one twice under another name.
OF_FILES = ("other_registry", "file_gone", "file_twice")
# Of the archive that the files are in.
OF_ARCHIVES = {f"archive_{name}": OF_A_FILE[name] for name in ("truncate", "flip_bits", "overwrite", "hole")}


KINDS = (*OF_A_FILE, *OF_FILES, *OF_ARCHIVES, "members")
MOST_DRAWS = 100


def mutate(random: Random, sample: Sample, others: list[Sample], kinds: Sequence[str] = ()) -> Mutant | None:
    """One mutant of a sample, of a kind drawn by `random`, from `kinds` if some are named; None where none fits."""
    for _ in range(MOST_DRAWS):
        mutant = _mutant(random, random.choice(kinds or KINDS), sample, others)
        if mutant is not None and mutant.delivered() != good_files(sample):
            return mutant
    return None


def good_files(sample: Sample) -> dict[str, bytes]:
    """The files of the good extract as they are landed."""
    return {"extract.zip": derived.zipped(sample.files)} if sample.is_zipped else sample.files


def _mutant(random: Random, kind: str, sample: Sample, others: list[Sample]) -> Mutant | None:
    name = random.choice(sorted(sample.files))
    if not sample.is_zipped and kind in (*OF_ARCHIVES, "members"):
        return None
    if kind == "members":
        content, what = containers.members(random, sample.files)
        return Mutant(kind, sample, {"extract.zip": content}, what)
    if kind in OF_ARCHIVES:
        changed = OF_ARCHIVES[kind](random, sample, derived.zipped(sample.files))
        return changed and Mutant(kind, sample, {"extract.zip": changed[0]}, changed[1], kind == "archive_truncate")
    if kind == "other_registry":
        other = random.choice([o for o in others if o.contract.stage != sample.contract.stage])
        content = next(iter(other.files.values()))
        return Mutant(kind, sample, {name: content}, f"a file of {other.contract.registry}", is_foreign=True)
    if kind == "file_gone":
        files = {n: c for n, c in sample.files.items() if n != name}
        return Mutant(kind, sample, files, f"{name} gone") if files else None
    if kind == "file_twice":
        return Mutant(kind, sample, sample.files | {f"again-{name}": sample.files[name]}, f"{name} twice")
    changed = OF_A_FILE[kind](random, sample, sample.files[name])
    if changed is None:
        return None
    content, what = changed
    is_cut = kind in ("truncate", "truncate_at_line")
    rest = sample.files[name][len(content) :] if is_cut else b""
    at_record = is_cut and sample.contract.format in ("csv", "jsonl") and content.endswith(b"\n")
    return Mutant(kind, sample, sample.files | {name: content}, what, is_cut and bool(rest.strip()), at_record)
