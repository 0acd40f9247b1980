"""Whether the codes of a row lie in the oblast that this installation serves.

An extract of another oblast is well formed, and would take the place of ours. A code that an earlier edition of KATO
gave to a place of this oblast belongs to it, whatever it begins with. ГБД district codes and РКА are other systems:
the resolver reads them, and what it places elsewhere does not count in coverage.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from auyl.contracts import Contract
from auyl.settings import Settings
from auyl.stage.suites import IN_OBLAST, RowRule
from auyl.store import duck, paths
from auyl.store.binding import lake_of
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb


def oblast_rule(settings: Settings, lake: Lake, contract: Contract) -> RowRule | None:
    """The rule that the KATO of a row lies in AUYL_OBLAST; None for a registry without one, or of all oblasts."""
    code = kato_column(contract)
    if code is None:
        return None
    former = former_codes(settings, lake)
    known = f" and {code} not in ({', '.join(map(literal, former))})" if former else ""
    ours = literal(settings.oblast_kato[:2])
    return replace(IN_OBLAST, broken=f"(kato_is_wellformed({code}) and left({code}, 2) <> {ours}{known})")


def kato_column(contract: Contract) -> str | None:
    """SQL of the column of stage with the KATO of a row's place, which has to lie in this oblast; None without one.

    The oblast's own budget has lines of okrugs beside those of no place.
    """
    columns = {contract.place.get("kato"), *(c.name for c in contract.columns if c.name == "kato")} - {None}
    return None if contract.other_oblasts or not columns else identifier(str(columns.pop()))


def oblasts_of_rows(con: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, int]:
    """Rows of `scan` by the first two digits of their KATO, the most first."""
    code = kato_column(contract)
    if code is None:
        return {}
    counted = con.execute(
        f"select left({code}, 2), count(*) from scan where kato_is_wellformed({code}) group by 1 order by 2 desc, 1"
    )
    return dict(counted.fetchall())


def former_codes(settings: Settings, lake: Lake) -> tuple[str, ...]:
    """Codes of other oblasts, sorted, that an earlier edition gave to places of this one (`auyl territory changes`)."""
    files = [path for path in lake.files(paths.changes_root()) if path.endswith(".parquet")]
    versions = tuple((path, hashlib.sha256(lake.read(path)).hexdigest()) for path in files)
    return _former_codes(settings, versions) if versions else ()


@cache
def _former_codes(settings: Settings, versions: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    lake = lake_of(settings)
    addresses = ", ".join(literal(lake.address(path)) for path, _ in versions)
    ours = literal(settings.oblast_kato[:2])
    with contextlib.closing(duck.cursor(settings, lake)) as con:
        rows = con.execute(
            f"select distinct code from read_parquet([{addresses}], union_by_name = true) "
            f"where left(successor_kato, 2) = {ours} and left(code, 2) <> {ours} and kato_is_wellformed(code) "
            "order by 1"
        ).fetchall()
    return tuple(row[0] for row in rows)
