"""The rows of the current batches as they came, each with its place and its person, for `by_hand`."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auyl import contracts, ledger
from auyl.settings import Settings
from auyl.stage.current import staged_rows
from auyl.stage.scan import STAGED_PREFIX
from auyl.store import duck, paths
from auyl.store.duck import identifier
from auyl.store.hash_key import set_person_key
from auyl.store.lake import Lake
from auyl.territory.resolver import address_key, claim_key, current_edition, open_territory, resolve
from lab import CORE_REGISTRIES

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
# settlement, okrug, district
Place = tuple[str | None, str | None, str | None]
NOWHERE: Place = (None, None, None)
LINKED = {"social_assistance": ("iin", "kind"), "employment": ("iin",)}
# Rows that break one of these are about nothing that the period counts, or are counted by another row.
NO_CASE = {"not_a_total", "not_a_test_row", "heading_repeated", "one_row_per_key", "kato_in_oblast"}
# A payment or a call of another month is one of that month.
FLOWS = ("ambulance", "social_assistance")


@dataclass
class Registry:
    """The rows of one registry that count, and the places of those that count nowhere.

    Beside its columns a counted row has `place` (what it says), `iin` (of its person), and `own_place`, the place that
    it counts in.
    """

    counted: list[Row] = field(default_factory=list)
    rejected: list[Place] = field(default_factory=list)


def read(settings: Settings, period: str) -> dict[str, Registry]:
    """The six registries by name."""
    lake = Lake(settings.lake)
    with contextlib.closing(duck.connect(settings, lake)) as con:
        set_person_key(con, settings)
        open_territory(con, settings, lake, current_edition(settings, lake))
        batches = {}
        for name in CORE_REGISTRIES:
            (batches[name],) = ledger.current_batches(settings, name, period)
            _say_places(con, settings, lake, name, batches[name])
        known = [(contracts.load(name, settings.include), f"said_{name}") for name in CORE_REGISTRIES]
        resolve(con, settings, known)
        (links,) = [path for path in lake.files("linkage/") if path.endswith("/link.parquet")]
        con.execute(f"create temp view link as from read_parquet('{lake.address(links)}')")
        identity = lake.address(paths.identity_file(batches["population"].name))
        con.execute(f"create temp view identity as from read_parquet('{identity}')")
        found = {name: _registry(con, settings, lake, name, batches[name]) for name in CORE_REGISTRIES}
    homes = {row["iin"]: row["place"] for row in found["population"].counted}
    for name, registry in found.items():
        for row in registry.counted:
            home = homes.get(row["iin"], NOWHERE) if name in LINKED else NOWHERE
            row["own_place"] = tuple(there or said for there, said in zip(home, row["place"], strict=True))
    return found


def _say_places(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, name: str, batch: ledger.Batch) -> None:
    """View `said_<registry>`: _file, _record, _state, _rules and what a row says of its place."""
    contract = contracts.load(name, settings.include)
    columns = list(dict.fromkeys(contract.place.values()))
    named = ", ".join(map(identifier, columns))
    was = ", ".join(f"{identifier(STAGED_PREFIX + column)} as {identifier(column)}" for column in columns)
    person = ", person_key" if contract.feeds_vault else ""
    nobody = ", null::uuid as person_key" if contract.feeds_vault else ""
    con.execute(
        f"create temp view said_{name} as select _file, _record, 'staged' as _state, []::varchar[] as _rules, "
        f"{named}{person} from {staged_rows(lake, contract, batch, with_address=True)} "
        f"union all by name select _file, _record, _outcome as _state, _rules, {was}{nobody} "
        f"from read_parquet('{lake.address(batch.quarantine_path)}') where _outcome in ('quarantined', 'linkable')"
    )


def _registry(
    con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, name: str, batch: ledger.Batch
) -> Registry:
    contract = contracts.load(name, settings.include)
    address = address_key(contract, "s.")
    table, key = ("address_place", address) if address else ("place", claim_key(contract, "s."))
    files = ", ".join(f"'{lake.address(path)}'" for path in lake.files(batch.raw_path))
    cursor = con.execute(
        f"select s._state, s._rules, l.settlement_kato, l.okrug_kato, l.district_kato, i.iin as iin_of_link, r.* "
        f"from said_{name} as s left join {table} as l on {key} = l._key "
        f"left join read_parquet([{files}], union_by_name = true) as r on s._file = r._file and s._record = r._record "
        f"left join link as k on k.registry = '{name}' and k.outcome = 'link' and s._file = k._file "
        f"and s._record = k._record left join identity as i on k.person_key = i.person_key "
        f"order by s._state <> 'staged', s._file, s._record"
    )
    names = [column[0] for column in cursor.description or []]
    registry, keys = Registry(), set()
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        row["place"] = place = (row["settlement_kato"], row["okrug_kato"], row["district_kato"])
        row["iin"] = row["iin_of_link"] or re.sub(r"\D", "", str(row.get("iin") or ""))
        of_key = tuple(str(row[column]).strip().upper() for column in LINKED.get(name, ()))
        if row["_state"] == "staged" or (row["iin_of_link"] and of_key not in keys):
            registry.counted.append(row)
            keys.add(of_key)
        elif (
            not row["iin_of_link"]
            and not NO_CASE & set(row["_rules"])
            and not (name in FLOWS and "month_is_the_period" in row["_rules"])
        ):
            registry.rejected.append(place)
    return registry
