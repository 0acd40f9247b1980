"""Territory as a registry: CSV in the shape of the official classifier, current edition and previous one.

The file of the previous edition has the columns of history after the six of the classifier.
"""

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.delimited import Delimited
from lab.synthetic.files.writing import Written
from lab.synthetic.registry import BrokenLine, Cell, Extra, Fault, Registry, heading_row

_COLUMNS = ("kato", "kato_version", "level", "type_code", "name_ru", "name_kk", "became_kato", "changed_on", "act")
LABELS = {column: column for column in _COLUMNS}
# name of the file and number of its columns, by part
_PARTS = {1: ("current", 6), 2: ("former", 9)}


class Editions:
    """A CSV file per edition."""

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write both files."""
        csv = Delimited(",", fields={column: f"csv_field({column})" for column in LABELS})
        return [
            csv.write_rows(
                con,
                f"(from territory_row where part = {part})",
                {column: column for column in _COLUMNS[:count]},
                folder / _file(month, name),
            )
            for part, (name, count) in _PARTS.items()
        ]

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The file of the row's part."""
        names = " ".join(f"when {part} then '{_file(month, name)}'" for part, (name, _) in _PARTS.items())
        return f"case part {names} end", "n + 1"


def _file(month: Month, name: str) -> str:
    return f"territory_{month.period}_{name}.csv"


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("name_ru", "translate(name_ru, 'Аае', 'Aae')"),
    "lost_letters": Cell("name_kk", "lost_letters(name_kk)"),
    "legacy_letters": Cell("name_kk", "legacy_letters(name_kk)"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra({"name_ru": "name_ru || ' (бывш.)'"}),
    "code_as_float": Cell("kato", "kato || '.0'"),
    "unknown_kato": Cell("became_kato", "left(became_kato, 4) || '99999'", "became_kato <> ''"),
    "trailing_spaces": Cell("name_ru", "name_ru || '  '"),
    "future_date": Cell("changed_on", "dmy(a_future_day(key))", "changed_on <> ''"),
    "unknown_status": Cell("level", "choice(key, 'level', ['settlment', 'village', '3'])"),
    "test_row": Extra({"kato": "'199999900'", "name_ru": "'Тест'", "name_kk": "'Тест'"}),
    "header_in_middle": heading_row(LABELS),
    "column_count": BrokenLine(),
}

REGISTRY = Registry(
    "territory", "kato", LABELS, Editions(), order="key", has_parts=True, faults=FAULTS, states_period=False
)
