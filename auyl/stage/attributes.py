"""Attributes of a row that counts: those that are not believed, and those that another row of its key tells better.

A rule with `costs` costs the row these columns and nothing else. A contract with `facts` says which columns tell one
fact and when it was so: an older row of a key may know more of one fact than the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auyl.contracts import Contract
from auyl.contracts.options import Fact
from auyl.stage.suites import RANK, Suite
from auyl.store.duck import identifier

if TYPE_CHECKING:
    import duckdb


def costly(suite: Suite, column: str | None = None) -> int:
    """Bits of the rules that cost an attribute, or this column."""
    return sum(1 << bit for bit, rule in enumerate(suite.bits) if (column in rule.costs if column else rule.costs))


def believed(suite: Suite, column: str, of: str) -> str:
    """SQL of a column of `of`, an alias of the table `scan`: missing where a rule that the row breaks costs it."""
    value, mask = f"{of}.{identifier(column)}", costly(suite, column)
    return f"case when {of}._bits & {mask} = 0 then {value} end" if mask else value


def settled(facts: Sequence[Fact], suite: Suite, column: str) -> str:
    """The same of the alias `s`, or what `key_fact`, as `f`, has for it."""
    nth = next((nth for nth, fact in enumerate(facts) if column in fact.columns), None)
    value = believed(suite, column, "s")
    return value if nth is None else f"case when f.row is null then {value} else f.fact{nth}.{identifier(column)} end"


def rank_rows(con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, rejecting: int) -> None:
    """Create `ranked`, the rows that break a rule on their rank among the good rows of their key, and `key_fact`.

    key_fact: for each key of several good rows the row of rank 1, and each fact of the contract (`fact0` …) as the row
    with the newest date of it tells it. `rejecting` are the bits with which a row is not good.
    """
    rank, newest = (
        identifier(RANK),
        "".join(f"{believed(suite, n, 'scan')} desc nulls last, " for n in contract.newest_by),
    )
    con.execute(
        f"create or replace temp table rival as select scan.rowid as row, scan._key, "
        f"row_number() over (partition by _key order by {newest}_file, _record) as {rank} "
        f"from scan anti join repeated on scan.rowid = repeated.row "
        f"where _bits & {rejecting} = 0 and _key in ("
        f"select _key from scan where _key is not null group by _key having count(*) > 1)"
    )
    broken = " or ".join(f"({rule.broken})" for rule in suite.ranked) or "false"
    con.execute(f"create or replace temp table ranked as select row from rival where {broken}")
    if not contract.facts:
        return
    parts = []
    for nth, fact in enumerate(contract.facts):
        columns = ", ".join(f"{identifier(name)} := {believed(suite, name, 's')}" for name in fact.columns)
        dates = ", ".join(believed(suite, name, "s") for name in fact.by)
        parts.append(f"first(struct_pack({columns}) order by greatest({dates}) desc nulls last, r.{rank}) as fact{nth}")
    con.execute(
        f"create or replace temp table key_fact as select min(r.row) filter (r.{rank} = 1) as row, {', '.join(parts)} "
        f"from rival as r inner join scan as s on r.row = s.rowid group by r._key having count(*) > 1"
    )
