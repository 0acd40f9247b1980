"""What the generator knows of a registry: its rows as SQL, its columns, the format of its file, and its faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written


@dataclass(frozen=True)
class Cell:
    """Replaces the value of one column by an SQL expression over the good row, where `when` is true."""

    column: str
    became: str
    when: str = "true"
    outcome: str | None = None


@dataclass(frozen=True)
class Extra:
    """Adds a copy of a good row with some columns changed."""

    changes: Mapping[str, str] = field(default_factory=dict)
    when: str = "true"
    outcome: str | None = None


@dataclass(frozen=True)
class BrokenLine:
    """Breaks the line in the file; the registry's format does it."""

    outcome: str | None = None


# `outcome` is what intake must do with the row where that differs from the kind's own (see `dirt.FaultKind`).
Fault = Cell | Extra | BrokenLine


class FileFormat(Protocol):
    """How the table `<registry>_row`, whose columns are text, becomes files."""

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the files, in the order of the rows."""

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """Two SQL expressions: the file that holds a row, and its record number there, from 1.

        They are over `n`, the number of the row from 0 within its part, and the row's columns.
        """


@dataclass(frozen=True)
class Registry:
    """A registry. Its file `sql/<name>.sql` makes the view `<name>_clean`.

    The view has a unique `key`, the columns of `labels` as text, helpers named h_…, and `part` where the extract has
    parts whose records are numbered separately. `labels` are the columns' names in the file.
    `faults` are those that its extract has, by the names of `dirt.KINDS`. An extract that does not state its period
    looks the same as last month's. `place_truth` are the columns of the good rows that say where each really is, for a
    registry whose rows say it in free text.
    """

    name: str
    id_column: str
    labels: Mapping[str, str]
    file: FileFormat
    order: str = "mixed(key, 'order')"
    has_parts: bool = False
    faults: Mapping[str, Fault] = field(default_factory=dict)
    states_period: bool = True
    place_truth: str | None = None

    @property
    def is_shuffled(self) -> bool:
        """Whether rows are in an arbitrary order in the file."""
        return self.order.startswith("mixed")


def iin_faults(column: str, when: str | None = "length({column}) = 12", outcome: str | None = None) -> dict[str, Fault]:
    """The three faults of a column with ИИН or БИН, for rows where `when` is true, for all rows without it."""
    condition = when.format(column=column) if when else "true"
    return {
        "iin_bad_checksum": Cell(column, f"wrong_check_digit({column}, key)", condition, outcome),
        "iin_missing": Cell(column, "''", condition, outcome),
        "iin_short": Cell(column, f"ltrim({column}, '0')", f"{condition} and {column}[1] = '0'", outcome),
    }


def kato_faults(column: str = "kato", when: str = "true") -> dict[str, Fault]:
    """The two faults of a column with KATO."""
    return {
        "code_as_float": Cell(column, f"{column} || '.0'", when),
        "unknown_kato": Cell(column, f"left({column}, 4) || '99999'", when),
    }


def heading_row(labels: Mapping[str, str], when: str = "true") -> Extra:
    """The heading once more among the rows."""
    return Extra({column: f"'{label}'" for column, label in labels.items()}, when)
