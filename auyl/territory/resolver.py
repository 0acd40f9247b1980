"""Places: what the rows of registries say about their place, and the okrug that the resolver gives them.

A contract names the columns about the place, by role (`place` among its custom properties). Rows with the same values
are resolved once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auyl import ledger
from auyl.contracts import PLACE_ROLES, Contract
from auyl.errors import TerritoryMissing
from auyl.settings import Settings
from auyl.stage.current import stage_view
from auyl.store import duck, paths
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake

if TYPE_CHECKING:
    import duckdb

# They decide between places of the same name; a row without them is still complete.
SETTLING_ROLES = ("crew", "person")
ADDRESS_ROLES = ("address", *SETTLING_ROLES)
NO_CHANGES = (
    "(select null::varchar as code, null::varchar as successor_kato, null::varchar as kind, false as is_in_edition "
    "where false)"
)
CLAIM_ROLES = tuple(role for role in PLACE_ROLES if role not in ADDRESS_ROLES)


def editions(settings: Settings, lake: Lake) -> list[str]:
    """Editions of KATO that the lake holds, oldest first by name."""
    return sorted({paths.edition_of(p) for p in lake.files(paths.territory_root()) if p.endswith("/kato.parquet")})


def current_edition(settings: Settings, lake: Lake) -> str:
    """The edition that is set, else the one that was adopted last, else that of the last build, else the only one.

    Among several of which none was adopted or built with, the greatest name. Raises TerritoryMissing.
    """
    known = editions(settings, lake)
    edition = settings.kato_edition
    if edition is None and settings.dsn_or_none:
        decisions = ledger.edition_decisions(settings)
        wanted = [row["edition"] for row in decisions if row["is_adopted"]]
        if not decisions:
            wanted = [ledger.published_edition(settings)]
        edition = next((name for name in wanted if name in known), None)
    edition = edition or (known[-1] if known else None)
    if edition is None or edition not in known:
        raise TerritoryMissing(
            f"edition {edition or 'of KATO'} is not loaded: auyl territory load FILE; there are: "
            f"{', '.join(known) or 'none'}"
        )
    return edition


def changes_path(lake: Lake, edition: str) -> str | None:
    """The table of what became of earlier codes as of an edition (`auyl territory changes`), or None without one."""
    path = paths.changes_file(edition)
    return path if lake.exists(path) else None


def open_territory(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, edition: str) -> None:
    """Create the views `territory`, `crosswalk` and `address` of an edition, the table `former` of codes that it does
    not have, empty where `auyl territory changes` wrote none, and set the variable `oblast_name`.
    """
    for name, view in (("kato", "territory"), ("crosswalk", "crosswalk"), ("address", "address")):
        con.execute(
            f"create or replace temp view {view} as select * from read_parquet("
            f"{literal(lake.address(paths.territory_file(edition, name)))})"
        )
    path = changes_path(lake, edition)
    change = f"read_parquet({literal(lake.address(path))})" if path else NO_CHANGES
    former = duck.sql(settings.include / "sql" / "territory" / "resolve_former.sql")
    con.execute(f"create or replace temp table former as {duck.bind(former, change=change, kato='territory')}")
    # A district's name is only clear within its oblast; papers leave the oblast out.
    con.execute(
        f"set variable oblast_name = (select name_ru from territory where kato = {literal(settings.oblast_kato)})"
    )


def resolver_rules(include: Path) -> list[Path]:
    """The files that decide where a row is placed; who digests what placed rows rest on, digests them."""
    return sorted((include / "sql" / "territory").glob("resolve_*.sql"))


def claim_key(contract: Contract, row: str = "") -> str:
    """SQL of the key under which `place` holds the answer for a row of the contract's stage."""
    return f"claim_key({', '.join(_column(contract, role, row) for role in CLAIM_ROLES)})"


def address_key(contract: Contract, row: str = "") -> str | None:
    """SQL of the key under which `address_place` holds the answer, for a registry that has nothing but free words."""
    if "address" not in contract.place:
        return None
    return f"address_claim_key({', '.join(_column(contract, role, row) for role in ADDRESS_ROLES)})"


def _column(contract: Contract, role: str, row: str) -> str:
    return row + identifier(contract.place[role]) if role in contract.place else "null::varchar"


def addressed_view(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, contract: Contract, batches: list[ledger.Batch]
) -> str:
    """A relation of stage for `resolve`, with the private address of each row where the registry has one.

    Then `stage_<registry>` has the key of its claim in place of the text, `address_key`: nothing else reads the text.
    """
    column = contract.private_address
    if column is None:
        return stage_view(con, settings, lake, contract, batches)
    view = stage_view(con, settings, lake, contract, batches, with_address=True)
    con.execute(
        f"create or replace temp view stage_{contract.registry} as "
        f"select * exclude ({identifier(column.name)}), {address_key(contract)} as address_key from {view}"
    )
    return view


def resolve(con: duckdb.DuckDBPyConnection, settings: Settings, claims: list[tuple[Contract, str]]) -> None:
    """Create the tables `place` and `address_place` for the rows of all relations (contract, name of the relation).

    place: _key, settlement_kato, okrug_kato, district_kato, step. address_place: the same and confidence.
    """
    sql = settings.include / "sql" / "territory"
    claimed = [
        f"select distinct {', '.join(f'{_column(contract, role, str())} as {role}' for role in CLAIM_ROLES)} "
        f"from {relation}"
        for contract, relation in claims
        if set(contract.place) & set(CLAIM_ROLES)
    ]
    nothing = f"select {', '.join(f'null::varchar as {role}' for role in CLAIM_ROLES)} where false"
    con.execute(
        f"create or replace temp table place_claim as select distinct claim_key({', '.join(CLAIM_ROLES)}) as _key, *, "
        f"case when district_name is not null then getvariable('oblast_name') end as oblast_name "
        f"from ({' union all '.join([*claimed, nothing])})"
    )
    places = {"kato": "territory", "crosswalk": "crosswalk", "address": "address", "former": "former"}
    resolver = duck.bind(duck.sql(sql / "resolve_place.sql"), places="place_claim", **places)
    con.execute(f"create or replace temp table place as {resolver}")
    _address_claims(con, claims)
    of_text = duck.bind(
        duck.sql(sql / "resolve_address_text.sql"),
        texts="address_claim",
        kato="territory",
        oblast=literal(settings.oblast_kato),
    )
    con.execute(f"create or replace temp table address_place as {of_text}")


def _address_claims(con: duckdb.DuckDBPyConnection, claims: list[tuple[Contract, str]]) -> None:
    """Create `address_claim`: _key, address, crew, home_kato. Homes come from the register of persons among the claims.

    Without that register, or where a relation of it has no key of persons, no home settles anything.
    """
    texts = [
        f"select {address_key(contract)} as _key, "
        f"{', '.join(f'{_column(contract, role, str())}::varchar as {role}' for role in ADDRESS_ROLES)} from {relation}"
        for contract, relation in claims
        if "address" in contract.place and contract.place["address"] in _columns(con, relation)
    ]
    nothing = (
        f"select null::ubigint as _key, {', '.join(f'null::varchar as {role}' for role in ADDRESS_ROLES)} where false"
    )
    con.execute(
        "create or replace temp table address_said as select distinct * "
        f"from ({' union all '.join([*texts, nothing])}) where address is not null"
    )
    homes = [
        f"select r.person_key::varchar as person, min(p.settlement_kato) as home_kato from {relation} as r "
        f"inner join place as p on {claim_key(contract, 'r.')} = p._key "
        f"where r.person_key::varchar in (select person from address_said) group by r.person_key "
        f"having count(distinct p.settlement_kato) = 1"
        for contract, relation in claims
        if contract.feeds_vault and "person_key" in _columns(con, relation)
    ]
    homes.append("select null::varchar, null::varchar where false")
    con.execute(
        "create or replace temp table address_claim as select s._key, s.address, s.crew, h.home_kato "
        f"from address_said as s left join ({' union all '.join(homes)}) as h(person, home_kato) on s.person = h.person"
    )


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {relation}").fetchall()]
