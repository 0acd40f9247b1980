"""The DuckDB connection that makes the oblast, and its source of chance.

Every draw is a hash of (seed, row, salt), so values do not depend on threads or on the order of work. Float sums do
depend on it, so nothing that is written may come from one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from string import Template

import duckdb

from auyl.periods import LOCAL

SQL = Path(__file__).with_name("sql")

# The oblast begins in this month; births, deaths and moves are simulated from it on.
ORIGIN = 2025 * 12


@dataclass(frozen=True)
class Month:
    """A period and its dates. Raises ValueError for a text that is not YYYY-MM."""

    period: str

    def __post_init__(self) -> None:
        date.fromisoformat(self.period + "-01")

    @property
    def index(self) -> int:
        """Months since year 0, as SQL counts them."""
        return int(self.period[:4]) * 12 + int(self.period[5:7]) - 1

    @property
    def first(self) -> date:
        """First day."""
        return date.fromisoformat(self.period + "-01")

    @property
    def as_of(self) -> date:
        """Last day: extracts show the state at its end."""
        return self.produced - timedelta(days=1)

    @property
    def produced(self) -> date:
        """Day on which extracts are produced, at 02:00 +05:00."""
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def stated(self) -> date:
        """Day on which extracts say that they were produced: of a month that has not ended, the day before today."""
        return min(self.produced, datetime.now(tz=LOCAL).date() - timedelta(days=1))

    @property
    def quarter(self) -> str:
        """Quarter of the year in Roman digits."""
        return ("I", "II", "III", "IV")[(self.first.month - 1) // 3]

    @property
    def previous(self) -> Month:
        """The month before."""
        return Month((self.first - timedelta(days=1)).strftime("%Y-%m"))


def connect(
    month: Month, people: int, seed: int, spill: Path, threads: int | None = None, memory: str = "3500MB"
) -> duckdb.DuckDBPyConnection:
    """An in-memory database with the macros of this package and the variables that its SQL uses.

    seed, people, m (months since year 0), origin, as_of, first_day, last_month_day.
    """
    spill.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(spill),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if threads:
        config["threads"] = threads
    con = duckdb.connect(config=config)
    con.execute("set enable_progress_bar = false")
    con.execute(f"set variable seed = {int(seed)}::bigint")
    con.execute(f"set variable people = {int(people)}::bigint")
    con.execute(f"set variable m = {month.index}::bigint")
    con.execute(f"set variable origin = {ORIGIN}::bigint")
    con.execute(f"set variable as_of = date '{month.as_of}'")
    con.execute(f"set variable first_day = date '{month.first}'")
    con.execute(f"set variable last_month_day = date '{month.previous.as_of}'")
    con.execute(sql("macros"))
    return con


def sql(name: str, **names: str) -> str:
    """Text of `sql/<name>.sql` with `${…}` filled in."""
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    return Template(text).substitute(names) if names else text
