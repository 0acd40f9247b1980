"""The key of the keyed hashes: the ledger has its fingerprint, and work under another key is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text

from auyl.errors import HashKeyRefused
from auyl.identifiers import hmac_pads, key_fingerprint, keyed_hash
from auyl.settings import Settings
from auyl.store.postgres import reading, transaction

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class HashKey:
    """A key that became current. `settled_at` is null until every file of the lake was made with it."""

    key_no: int
    fingerprint: str
    since: datetime
    put_by: str
    reason: str
    settled_at: datetime | None


def current_hash_key(settings: Settings) -> HashKey | None:
    """The key that all stored hashes were made with; None before any keyed work."""
    with reading(settings) as con:
        row = con.execute(
            text(
                "select k.key_no, k.fingerprint, k.since, k.put_by, k.reason, s.settled_at from ledger.hash_key as k "
                "left join ledger.hash_key_settled as s using (key_no) order by k.key_no desc limit 1"
            )
        ).one_or_none()
    return HashKey(**row._mapping) if row else None


def check_hash_key(settings: Settings) -> HashKey:
    """The current key, if it is that of `settings`; the very first key becomes current.

    Raises HashKeyRefused when another key is current, or a rotation has not ended.
    """
    fingerprint = key_fingerprint(settings.hash_key)
    known = current_hash_key(settings) or _record_first(settings, fingerprint)
    if known.fingerprint != fingerprint:
        raise HashKeyRefused(
            f"hash key: expected the key {known.fingerprint}, current since {known.since:%Y-%m-%d %H:%M}; found "
            f"{fingerprint} in {settings.hash_key_file}. Restore that key, or rotate to the new one: auyl key rotate. "
            "Fix: a data engineer"
        )
    if known.settled_at is None:
        raise HashKeyRefused(
            f"hash key: the rotation to {fingerprint} was cut short; end it by auyl key rotate. Fix: a data engineer"
        )
    return known


def _record_first(settings: Settings, fingerprint: str) -> HashKey:
    """Record the first key, unless the vault holds persons of another one."""
    with transaction(settings) as con:
        person = con.execute(text("select iin, person_key::text from vault.person limit 1")).one_or_none()
        if person and keyed_hash(person[0], settings.hash_key) != person[1].replace("-", ""):
            raise HashKeyRefused(
                f"hash key: expected the key that the persons of the vault were made with; found another one in "
                f"{settings.hash_key_file}. Fix: a data engineer"
            )
        con.execute(
            text(
                "with first as (insert into ledger.hash_key (key_no, fingerprint, reason) values (1, :f, 'the first') "
                "on conflict (key_no) do nothing returning key_no) "
                "insert into ledger.hash_key_settled (key_no) select key_no from first"
            ),
            {"f": fingerprint},
        )
    current = current_hash_key(settings)
    if current is None:  # pragma: no cover - it was inserted a moment ago
        raise LookupError("ledger.hash_key")
    return current


def set_person_key(con: duckdb.DuckDBPyConnection, settings: Settings, macro: str = "person_key") -> None:
    """Define `person_key(iin)` on a connection: the keyed hash under the key of these settings, as uuid.

    128 bits as uuid take half the space of their text, and join, sort and compress faster. DuckDB prints the text of a
    macro, the value of a variable and every literal in plans, profiles, logs and errors; the pads stand in a temporary
    table of the connection, of which only the name is printed.
    """
    pads = f"{macro}_pads"
    con.execute(f"create or replace temp table {pads} (inner_pad blob, outer_pad blob)")
    con.execute(f"insert into {pads} values (?, ?)", [*hmac_pads(settings.hash_key)])
    inner, outer = f"(select inner_pad from temp.{pads})", f"(select outer_pad from temp.{pads})"
    con.execute(f"create or replace temp macro {macro}(t) as keyed_hash(t, {inner}, {outer})::uuid")
