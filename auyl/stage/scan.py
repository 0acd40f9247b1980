"""The scan: every row of a batch against every rule of its suite, once, in DuckDB.

typed      query: the contract's columns with their types, `<name>__text` beside each (`auyl.stage.types`);
           `_filled` and `_unread` have a bit a column that holds something, and that holds what is no value
candidate  query: `include/sql/stage/<stage>.sql` over typed, what stage would hold
scan       table: candidate, made once, with the digest of the content, the key and the bits of the broken rules
verdict    table: the few rows that break a rule or repeat another; `row` is the rowid in scan, `outcome` one of
           duplicate, quarantined, linkable (rejected only for the person's number), warned (staged nevertheless)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from auyl.contracts import PERSON_COLUMNS, Column, Contract
from auyl.stage.attributes import believed, costly, rank_rows, settled
from auyl.stage.suites import PERSON_NUMBER, RowRule, Suite
from auyl.stage.types import typed_cells
from auyl.store import duck
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb

# Bits of one number; a contract of more columns has more such numbers.
COLUMNS_A_MASK = 60
# Of the rows in `verdict`; all others are staged.
OUTCOMES = ("duplicate", "quarantined", "linkable", "warned")
# The rows of `scan` that are staged.
STAGED = "scan as s anti join (select row from verdict where outcome <> 'warned') as v on s.rowid = v.row"

# Columns of `typed` and `candidate` that only the rules use, beside the texts.
HELPERS = (
    "_period", "_is_required_unread", "_is_optional_unread", "_is_marked", "_is_date_empty", "_is_before_birth"
)  # fmt: skip
# Before the name of a stage column in quarantine, where raw columns keep their own names.
STAGED_PREFIX = "_staged_"


@dataclass(frozen=True)
class Account:
    """The account of a batch, in rows. `failed` counts the rows that break each rule.

    `partly` of the staged rows count without an attribute that is not believed, and go back to the owner too.
    """

    rows_in: int
    staged: int
    linkable: int
    quarantined: int
    duplicates: int
    warned: int
    failed: dict[str, int]
    partly: int = 0

    @property
    def rejected(self) -> int:
        """Rows that the owner gets back to correct."""
        return self.linkable + self.quarantined

    @property
    def balances(self) -> bool:
        """Is every row accounted for exactly once?"""
        return self.rows_in == self.staged + self.linkable + self.quarantined + self.duplicates


def stage_sql(include: Path, contract: Contract) -> str:
    """The stage SQL of a contract, with the placeholder `row_origin`."""
    return duck.sql(include / "sql" / "stage" / f"{contract.stage}.sql")


@dataclass(frozen=True)
class Queries:
    """SQL of `typed` and `candidate`. DuckDB would bind a view of theirs when it is made and again where it is read."""

    typed: str
    candidate: str


def queries(
    con: duckdb.DuckDBPyConnection, include: Path, contract: Contract, parts: list[str], period: str
) -> Queries:
    """Create the view `raw` and return the queries over it. `parts` are addresses of the raw Parquet files."""
    files = ", ".join(map(literal, parts))
    con.execute(f"create or replace temp view raw as select * from read_parquet([{files}], union_by_name=true)")
    return queries_over(con, include, contract, "raw", period)


def queries_over(con: duckdb.DuckDBPyConnection, include: Path, contract: Contract, raw: str, period: str) -> Queries:
    """The queries over a relation of raw columns, which must not change any more."""
    cells = typed_cells(con, contract, raw)
    masks, summaries = _masks(contract, cells.odd), _summaries(contract, cells.odd)
    marked, summed = (", ".join(f"{sql} as {name}" for name, sql in part.items()) for part in (masks, summaries))
    typed = f"select *, {summed} from (select *, {marked}, {literal(period)} as _period from ({cells.query}))"
    origin = ", ".join(["_file", "_record", "_content", *masks, *HELPERS])
    query = duck.bind(stage_sql(include, contract), row_origin=origin)
    return Queries(typed, f"with typed as ({typed}) {query}")


def define_views_over(con: duckdb.DuckDBPyConnection, include: Path, contract: Contract, raw: str, period: str) -> None:
    """Create `typed` and `candidate` as views, for more than one reading."""
    over = queries_over(con, include, contract, raw, period)
    con.execute(f"create or replace temp view typed as {over.typed}")
    con.execute(f"create or replace temp view candidate as {over.candidate}")


def mask_bits(contract: Contract) -> Iterator[tuple[Column, int, int]]:
    """Each column of the contract with the number of its mask and its bit there."""
    for nth, column in enumerate(contract.columns):
        yield column, nth // COLUMNS_A_MASK, nth % COLUMNS_A_MASK


def _masks(contract: Contract, odd: frozenset[str]) -> dict[str, str]:
    """SQL of each mask over the columns of `typed`, by name; only cells of the columns in `odd` can be unreadable."""
    parts: dict[str, list[str]] = {}
    for column, number, bit in mask_bits(contract):
        name, text = identifier(column.name), identifier(column.name + "__text")
        parts.setdefault(f"_filled{number}", []).append(f"(({text} is not null)::bigint << {bit})")
        unread = parts.setdefault(f"_unread{number}", [])
        if column.name in odd:
            unread.append(f"(({text} is not null and {name} is null)::bigint << {bit})")
    return {name: " | ".join(bits) or "0::bigint" for name, bits in parts.items()}


def _summaries(contract: Contract, odd: frozenset[str]) -> dict[str, str]:
    """SQL of what the rules of `expectations/_cells.json` ask, over `typed` and its masks, by name."""
    dates = {column.name for column in contract.columns if column.type == "date"}
    texts = [f"{name}__text" for name in sorted(odd)]
    later = ", ".join(identifier(name) for name in sorted(dates - {"birth_date"}))
    return {
        "_is_before_birth": f"least({later}) < birth_date" if "birth_date" in dates and later else "false",
        "_is_required_unread": _any_unread(contract, lambda column: column.is_needed),
        "_is_optional_unread": _any_unread(contract, lambda column: not column.is_needed),
        "_is_marked": " or ".join(f"is_of_another_kind({identifier(name)})" for name in texts) or "false",
    }


def _any_unread(contract: Contract, chosen: Callable[[Column], bool]) -> str:
    """SQL condition: is a cell of any chosen column unreadable?"""
    masks: dict[int, int] = {}
    for column, number, bit in mask_bits(contract):
        if chosen(column):
            masks[number] = masks.get(number, 0) | 1 << bit
    return " or ".join(f"_unread{number} & {mask} <> 0" for number, mask in masks.items()) or "false"


def _unreadable_names(con: duckdb.DuckDBPyConnection, contract: Contract, of: str) -> str:
    """SQL list of the columns whose cell is unreadable in a row of `of`, an alias of the table `scan`."""
    numbers = sorted({number for _, number, _ in mask_bits(contract)})
    met = _one(con, "select " + ", ".join(f"coalesce(bit_or(_unread{n}), 0)" for n in numbers) + " from scan")
    lists = [
        _names_of_bits(
            f"{of}._unread{n}",
            {bit: column.name for column, number, bit in mask_bits(contract) if number == n and met[n] & 1 << bit},
        )
        for n in numbers
    ]
    return f"list_concat({', '.join(lists)})" if len(lists) > 1 else lists[0]


def _names_of_bits(bits: str, names: Mapping[int, str]) -> str:
    """SQL list of the names whose bit is set in `bits`, in the order of `names`."""
    if not names:
        return "[]::varchar[]"
    pairs = ", ".join(f"{{'bit': {1 << bit}, 'name': {literal(name)}}}" for bit, name in names.items())
    return f"[pair.name for pair in [{pairs}] if {bits} & pair.bit <> 0]"


def scan(
    con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, candidate: str, rejects: Mapping[str, int]
) -> Account:
    """Fill `scan` and `verdict`, return the account. `rejects` counts by rule the lines that never became rows."""
    _scan_rows(con, contract, suite, candidate)
    _find_duplicates(con)
    rank_rows(con, contract, suite, _mask(suite, suite.immediate))
    _decide(con, contract, suite)
    rows, duplicates, quarantined, linkable, warned, partly = _one(
        con,
        "select (select count(*) from scan), "
        + ", ".join(f"count(*) filter (outcome = '{outcome}')" for outcome in OUTCOMES)
        + f", count(*) filter (outcome = 'warned' and _bits & {costly(suite)} <> 0) from verdict",
    )
    alike = con.execute("select _bits, count(*) from verdict where outcome <> 'duplicate' group by _bits").fetchall()
    failed = {
        rule.rule: n for bit, rule in enumerate(suite.bits) if (n := sum(n for bits, n in alike if bits & 1 << bit))
    }
    lines = sum(rejects.values())
    return Account(
        rows_in=rows + lines,
        staged=rows - duplicates - quarantined - linkable,
        linkable=linkable,
        quarantined=quarantined + lines,
        duplicates=duplicates,
        warned=warned,
        failed=failed | dict(rejects),
        partly=partly,
    )


def _scan_rows(con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, candidate: str) -> None:
    bits = [f"(coalesce({rule.broken}, false)::bigint << {bit})" for bit, rule in enumerate(suite.immediate)]
    key = "hash(" + ", ".join(map(identifier, contract.keys)) + ")"
    required = [c.name for c in contract.columns if c.name in contract.keys and c.required]
    has_key = " and ".join(f"{identifier(name)} is not null" for name in required) or "true"
    hidden = ", ".join(map(literal, HELPERS))
    con.execute(
        f"create or replace temp table scan as "
        f"select columns(lambda name: name not in ({hidden}) and not ends_with(name, '__text')), "
        f"case when {has_key} then {key} end as _key, {' | '.join(bits) or '0::bigint'} as _bits from ({candidate})"
    )


def _find_duplicates(con: duckdb.DuckDBPyConnection) -> None:
    # Without a total order another one of equal rows would stay in the next run.
    con.execute(
        "create or replace temp table repeated as select row from ("
        "select rowid as row, row_number() over (partition by _content order by _file, _record) as nth from scan "
        "where _content in (select _content from scan group by _content having count(*) > 1)) where nth > 1"
    )


def _decide(con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite) -> None:
    number_rules = [rule for rule in suite.immediate if rule.about == PERSON_NUMBER and contract.names_person]
    number, critical = _mask(suite, number_rules), _mask(suite, suite.bits)
    ranked = sum(1 << bit for bit, rule in enumerate(suite.bits) if rule.needs_rank)
    con.execute(
        f"create or replace temp table verdict as select *, case when is_repeated then 'duplicate' "
        f"when _bits & {critical & ~number} <> 0 then 'quarantined' "
        f"when _bits & {number} <> 0 then 'linkable' else 'warned' end as outcome "
        f"from (select s.rowid as row, s._file, s._record, r.row is not null as is_repeated, "
        f"s._bits | case when k.row is not null then {ranked}::bigint else 0 end as _bits "
        f"from scan as s left join repeated as r on s.rowid = r.row left join ranked as k on s.rowid = k.row "
        f"where s._bits <> 0 or r.row is not null or k.row is not null)"
    )


def _mask(suite: Suite, rules: list[RowRule]) -> int:
    """Bits of the critical ones of `rules`."""
    return sum(1 << bit for bit, rule in enumerate(suite.bits) if rule.is_critical and rule in rules)


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    (row,) = con.execute(query).fetchall()
    return tuple(int(value) for value in row)


def _rule_list(suite: Suite, bits: str, critical: bool | None = None) -> str:
    chosen = enumerate(suite.bits)
    return _names_of_bits(bits, {n: r.rule for n, r in chosen if critical is None or r.is_critical == critical})


def stage_columns(con: duckdb.DuckDBPyConnection, contract: Contract, relation: str = "candidate") -> list[str]:
    """Columns of `candidate` that stage keeps: without hidden ones and without texts that were converted.

    After the scan its table, as `relation`, says the same without binding the view's SQL again.
    """
    hidden = {column.name for column in contract.columns if column.is_hidden}
    hidden |= {"_content", "_key", "_bits", *_masks(contract, frozenset()), *HELPERS}
    columns = [row[0] for row in con.execute(f"describe {relation}").fetchall()]
    return [name for name in columns if name not in hidden and not name.endswith("__text")]


def _measured_columns(con: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    """Columns that describe a row's place or are required: what quality measures of every row."""
    required = {column.name for column in contract.columns if column.required}
    measured = required | set(contract.place.values())
    address = contract.private_address
    known = [*stage_columns(con, contract, "scan"), *([address.name] if address else [])]
    return [name for name in known if name in measured]


def write_stage(con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, target: str) -> int:
    """Write the rows that stay to `target`: what stage SQL makes, without hidden columns; return how many.

    `_warned` lists the warning rules that the row breaks, `_unreadable` the columns whose cell could not be read; both
    are null for most. What a rule costs is missing; a fact that several rows of the key tell is that of the newest.
    """
    facts = contract.facts if contract.facts and _one(con, "select count(*) from key_fact")[0] else ()
    columns = ", ".join(
        f"{settled(facts, suite, name)} as {identifier(name)}" for name in stage_columns(con, contract, "scan")
    )
    newest = " left join key_fact as f on s.rowid = f.row" if facts else ""
    con.execute(
        f"create or replace temp table warned as select v.row, {_rule_list(suite, 'v._bits', False)} as _warned, "
        f"nullif({_unreadable_names(con, contract, 's')}, []) as _unreadable "
        f"from verdict as v inner join scan as s on v.row = s.rowid where v.outcome = 'warned'"
    )
    return duck.write_parquet(
        con,
        f"select {columns}, w._warned, w._unreadable from {STAGED} left join warned as w on s.rowid = w.row{newest}",
        target,
    )


def write_identity(con: duckdb.DuckDBPyConnection, contract: Contract, target: str) -> int:
    """Write who the staged rows are to `target`: person_key and the vault's columns; return how many."""
    hidden = ", ".join(f"s.{identifier(column.name)}" for column in contract.columns if column.is_vault)
    return duck.write_parquet(con, f"select s.person_key, {hidden} from {STAGED}", target)


def write_addresses(con: duckdb.DuckDBPyConnection, column: Column, target: str) -> int:
    """Write the private address of each staged row to `target`: _file, _record and the column; return how many."""
    return duck.write_parquet(con, f"select s._file, s._record, s.{identifier(column.name)} from {STAGED}", target)


def write_linkable(con: duckdb.DuckDBPyConnection, contract: Contract, suite: Suite, typed: str, target: str) -> int:
    """Write the linkable rows to `target`; return how many. `typed` is the query.

    Columns: those of stage except `person_key`, which would be that of a wrong number, then `iin` and what the row says
    of its person where stage leaves that out.
    """
    staged = [name for name in stage_columns(con, contract, "scan") if name != "person_key"]
    columns = [f"{believed(suite, name, 's')} as {identifier(name)}" for name in staged]
    columns += [f"t.{identifier(name)}" for name in ("iin", *PERSON_COLUMNS) if name not in staged]
    return duck.write_parquet(
        con,
        f"select {', '.join(columns)} from scan as s inner join verdict as v on s.rowid = v.row "
        f"inner join ({typed}) as t on s._file = t._file and s._record = t._record "
        f"where v.outcome = 'linkable' order by s._file, s._record",
        target,
    )


def write_quarantine(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    suite: Suite,
    rejects: list[tuple[str, int, str, str]],
    target: str,
) -> int:
    """Write the rows that are not staged, as they came, with every rule each breaks; return how many.

    And those that count without an attribute, which go back to the owner too: their `_outcome` is staged. Others are
    quarantined, linkable or duplicate. `_line` is known for lines that never became rows, `_text` is
    their text, `_unreadable` lists the columns whose cell could not be read. Columns `_staged_<name>` have what stage
    would hold of a row's place and of its required values.
    """
    raw_columns = ", ".join(f"r.{identifier(column.name)}" for column in contract.columns)
    empty = ", ".join(f"null::varchar as {identifier(column.name)}" for column in contract.columns)
    staged = "".join(
        f", s.{identifier(name)} as {identifier(STAGED_PREFIX + name)}" for name in _measured_columns(con, contract)
    )
    con.execute("create or replace temp table reject (_file varchar, _line bigint, _text varchar, _rule varchar)")
    if rejects:
        import pyarrow

        names = ("_file", "_line", "_text", "_rule")
        con.register("reject_rows", pyarrow.table({n: [r[i] for r in rejects] for i, n in enumerate(names)}))
        con.execute("insert into reject select _file, _line, _text, _rule from reject_rows")
        con.unregister("reject_rows")
    rows = (
        f"select r._file, r._record, null::bigint as _line, null::varchar as _text, "
        f"replace(v.outcome, 'warned', 'staged') as _outcome, {_rule_list(suite, 'v._bits')} as _rules, "
        f"{_unreadable_names(con, contract, 's')} as _unreadable, {raw_columns}{staged} "
        f"from raw as r inner join verdict as v using (_file, _record) inner join scan as s on v.row = s.rowid "
        f"where v.outcome <> 'warned' or v._bits & {costly(suite)} <> 0"
    )
    lines = (
        f"select _file, null::bigint as _record, _line, _text, 'quarantined' as _outcome, [_rule] as _rules, "
        f"[]::varchar[] as _unreadable, {empty} "
        f"from reject"
    )
    query = f"{rows} union all by name {lines} order by _file, _record, _line"
    return duck.write_parquet(con, query, target, duck.COMPACT)
