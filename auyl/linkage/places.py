"""Places: what the rows of registries say of their place, and the okrug that the resolver finds for it.

A contract names the columns that speak of the place, by role (`place` among its custom properties). Rows that say the
same are asked for once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auyl import duck
from auyl.contracts import PLACE_ROLES, Contract
from auyl.duck import identifier, literal
from auyl.errors import TerritoryMissing
from auyl.lake import Lake
from auyl.settings import Settings

if TYPE_CHECKING:
    import duckdb

CLAIM_ROLES = tuple(role for role in PLACE_ROLES if role != "address")


def editions(settings: Settings, lake: Lake) -> list[str]:
    """Editions of KATO that the lake holds, oldest first by name."""
    return sorted({p.split("/")[2] for p in lake.files("reference/territory") if p.endswith("/kato.parquet")})


def edition_in_force(settings: Settings, lake: Lake) -> str:
    """The edition that is set, or the newest one loaded. Raises TerritoryMissing."""
    known = editions(settings, lake)
    edition = settings.kato_edition or (known[-1] if known else None)
    if edition is None or edition not in known:
        raise TerritoryMissing(f"edition {edition or 'of KATO'} is not loaded: auyl territory FILE; there are {known}")
    return edition


def open_territory(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, edition: str) -> None:
    """Create the views `territory`, `crosswalk` and `address` of an edition and set the variable `oblast_name`."""
    reference = f"reference/territory/{edition}"
    for name, view in (("kato", "territory"), ("crosswalk", "crosswalk"), ("address", "address")):
        con.execute(
            f"create or replace temp view {view} as select * from read_parquet("
            f"{literal(lake.address(f'{reference}/{name}.parquet'))})"
        )
    # A district's name is only clear within its oblast; papers leave the oblast out.
    con.execute(
        f"set variable oblast_name = (select name_ru from territory where kato = {literal(settings.oblast_kato)})"
    )


def claim_key(contract: Contract, row: str = "") -> str:
    """SQL of the key under which `place` holds the answer for a row of the contract's stage."""
    return f"claim_key({', '.join(_column(contract, role, row) for role in CLAIM_ROLES)})"


def address_key(contract: Contract, row: str = "") -> str | None:
    """SQL of the free address under which `address_place` holds the answer, for a registry that has nothing better."""
    return _column(contract, "address", row) if "address" in contract.place else None


def _column(contract: Contract, role: str, row: str) -> str:
    return row + identifier(contract.place[role]) if role in contract.place else "null::varchar"


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, claims: list[tuple[Contract, str]]) -> None:
    """Create the tables `place` and `address_place` for the rows of all relations (contract, name of the relation).

    place: _key, settlement_kato, okrug_kato, district_kato, step. address_place: the same and confidence.
    """
    sql = settings.include / "sql" / "core"
    said = [
        f"select distinct {', '.join(f'{_column(contract, role, str())} as {role}' for role in CLAIM_ROLES)} "
        f"from {relation}"
        for contract, relation in claims
        if set(contract.place) & set(CLAIM_ROLES)
    ]
    nothing = f"select {', '.join(f'null::varchar as {role}' for role in CLAIM_ROLES)} where false"
    con.execute(
        f"create or replace temp table place_claim as select distinct claim_key({', '.join(CLAIM_ROLES)}) as _key, *, "
        f"case when district_name is not null then getvariable('oblast_name') end as oblast_name "
        f"from ({' union all '.join([*said, nothing])})"
    )
    places = {"kato": "territory", "crosswalk": "crosswalk", "address": "address"}
    resolver = duck.bind(duck.sql(sql / "resolve_place.sql"), places="place_claim", **places)
    con.execute(f"create or replace temp table place as {resolver}")
    texts = [
        f"select {_column(contract, 'address', '')} as address from {relation}"
        for contract, relation in claims
        if "address" in contract.place
    ]
    con.execute(
        "create or replace temp view address_claim as select distinct address as _key, address "
        f"from ({' union all '.join([*texts, 'select null::varchar as address where false'])}) "
        "where address is not null"
    )
    of_text = duck.bind(
        duck.sql(sql / "resolve_address_text.sql"),
        texts="address_claim",
        kato="territory",
        oblast=literal(settings.oblast_kato),
    )
    con.execute(f"create or replace temp table address_place as {of_text}")
