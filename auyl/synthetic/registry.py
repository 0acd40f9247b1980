"""What the generator knows of a registry: its rows as SQL, the columns of its file, and how the file is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from auyl.synthetic.engine import Month
from auyl.synthetic.writing import Written


@dataclass(frozen=True)
class Registry:
    """Its file `sql/<name>.sql` makes the view `<name>_clean`.

    The view has a unique `key`, the columns of `labels` as text, helpers named h_…, and `part` where the extract has
    parts whose records are numbered apart. `where` gives two SQL expressions over `n` (number of the row from 0, within
    its part) and the row's columns: the file that holds the row, and its record number there, from 1.
    """

    name: str
    id_column: str
    labels: dict[str, str]
    write: Callable[[duckdb.DuckDBPyConnection, Path, Month], list[Written]]
    where: Callable[[duckdb.DuckDBPyConnection, Month], tuple[str, str]]
    order: str = "mixed(key, 'order')"
    has_parts: bool = False

    @property
    def is_shuffled(self) -> bool:
        """Whether rows stand in the file in an arbitrary order."""
        return self.order.startswith("mixed")
