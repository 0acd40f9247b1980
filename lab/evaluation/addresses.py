"""How many free addresses of ambulance calls are resolved to the settlement of the ground truth.

The truth lies beside the extracts (`truth/<period>/place/ambulance.parquet`) and is read after the fact; intake and the
resolver never see it. Calls of which nothing tells the place are counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auyl import contracts, ledger
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.territory.resolver import addressed_view, current_edition, open_territory, resolve
from lab.evaluation import SQL

if TYPE_CHECKING:
    import duckdb

RIGHT_MIN_PCT = 97.0
WRONG_MAX_PCT = 0.5
# How the calls are broken down; the empty one is the whole.
BREAKDOWNS = ("", "told_by", "step, confidence", "form", "dirt", "fault", "name")


class AddressTruthMissing(AuylError):
    """There is no truth of the places of calls, or no call current to compare with it."""


@dataclass(frozen=True)
class Share:
    """Calls of one value of a breakdown, for instance of one form: how many were placed right, wrong and not at all."""

    breakdown: str
    value: str
    calls: int
    right: int
    wrong: int
    unresolved: int

    @property
    def right_pct(self) -> float:
        """Share of the calls that were placed where they were."""
        return 100 * self.right / self.calls

    @property
    def wrong_pct(self) -> float:
        """Share of the calls that were placed elsewhere."""
        return 100 * self.wrong / self.calls


@dataclass(frozen=True)
class AddressEvaluation:
    """`tellable` are the calls whose text or other columns tell the place, `all` those with `untellable`.

    `untellable` is None where there are none.
    """

    tellable: Share
    untellable: Share | None
    all: Share
    parts: tuple[Share, ...]

    @property
    def holds(self) -> bool:
        """Are enough of the tellable calls right, and few enough of all calls wrong?"""
        return self.tellable.right_pct >= RIGHT_MIN_PCT and self.all.wrong_pct <= WRONG_MAX_PCT


def evaluate_address(settings: Settings, extracts: Path, period: str) -> AddressEvaluation:
    """Resolve the current calls for `period` and compare them with the truth below `extracts`.

    Raises AddressTruthMissing, and TerritoryMissing where no edition of KATO is loaded.
    """
    truth = extracts / "truth" / period
    place = truth / "place" / "ambulance.parquet"
    if not place.is_file():
        raise AddressTruthMissing(f"no truth of {period}: expected truth/{period}/place/ambulance.parquet")
    lake = lake_of(settings)
    con = duck.connect(settings, lake)
    try:
        open_territory(con, settings, lake, current_edition(settings, lake))
        claims = []
        for registry in ("ambulance", "population"):
            contract = contracts.load(registry, settings.include)
            batches = ledger.current_batches(settings, registry, period, contract.is_delta)
            if registry == "ambulance" and not batches:
                raise AddressTruthMissing(f"no calls of {period} are current: auyl intake ambulance …")
            claims.append((contract, addressed_view(con, settings, lake, contract, batches)))
        resolve(con, settings, claims)
        con.execute(f"create temp view truth_place as select * from read_parquet({literal(str(place))})")
        con.execute(
            "create temp view truth_fault as select id, any_value(kind) as kind "
            f"from read_parquet({literal(str(truth / 'ambulance.parquet'))}) where \"column\" = 'address' group by id"
        )
        judged = duck.sql(SQL / "address.sql")
        con.execute(f"create temp table judged_address as {judged}")
        shares = {
            (breakdown, is_tellable): _shares(con, breakdown, is_tellable)
            for breakdown in BREAKDOWNS
            for is_tellable in ("true", "is_tellable", "not is_tellable")
        }
    finally:
        con.close()
    if not shares["", "is_tellable"]:
        raise AddressTruthMissing(f"none of the current calls for {period} stands in the truth")
    parts = tuple(share for breakdown in BREAKDOWNS[1:] for share in shares[breakdown, "is_tellable"])
    untellable = shares["", "not is_tellable"]
    return AddressEvaluation(
        shares["", "is_tellable"][0], untellable[0] if untellable else None, shares["", "true"][0], parts
    )


def _shares(con: duckdb.DuckDBPyConnection, breakdown: str, condition: str) -> list[Share]:
    value = f"concat_ws(', ', {breakdown})" if breakdown else "'all'"
    rows = con.execute(
        f"select {value} as value, count(*), "
        + ", ".join(f"count(*) filter (outcome = '{outcome}')" for outcome in ("right", "wrong", "unresolved"))
        + f" from judged_address where {condition} group by 1 order by 1"
    ).fetchall()
    return [Share(breakdown, *row) for row in rows]
