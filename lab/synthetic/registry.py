"""What the generator knows of a registry: its rows as SQL, the columns of its file, and how the file is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.writing import Written


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
class Line:
    """Spoils the written line; the registry's writer knows how."""

    outcome: str | None = None


# `outcome` says what intake owes to the row where that differs from the kind's own (see `dirt.Kind`).
Fault = Cell | Extra | Line


@dataclass(frozen=True)
class Registry:
    """Its file `sql/<name>.sql` makes the view `<name>_clean`.

    The view has a unique `key`, the columns of `labels` as text, helpers named h_…, and `part` where the extract has
    parts whose records are numbered apart. `where` gives two SQL expressions over `n` (number of the row from 0, within
    its part) and the row's columns: the file that holds the row, and its record number there, from 1.
    `faults` are those that its extract has, by the names of `dirt.KINDS`. An extract that does not state its period
    cannot be told from last month's. `place_truth` are the columns of the good rows that tell where each really is,
    for a registry whose rows say it in free words.
    """

    name: str
    id_column: str
    labels: dict[str, str]
    write: Callable[[duckdb.DuckDBPyConnection, Path, Month], list[Written]]
    where: Callable[[duckdb.DuckDBPyConnection, Month], tuple[str, str]]
    order: str = "mixed(key, 'order')"
    has_parts: bool = False
    faults: Mapping[str, Fault] = field(default_factory=dict)
    states_period: bool = True
    place_truth: str | None = None

    @property
    def is_shuffled(self) -> bool:
        """Whether rows stand in the file in an arbitrary order."""
        return self.order.startswith("mixed")
