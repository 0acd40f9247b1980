"""The named faults of rows: default rates, what intake must do about each, and the SQL that puts them into the rows.

How a fault looks in an extract is in the module of the registry. A row has at most one fault of the types `Cell` and
`BrokenLine`; `Extra` adds a row next to a good one. Every fault is recorded in the ground truth. Legacy font slots are
not a fault here: all Kazakh letters of a cp1251 file are written that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Registry

OUTCOMES = ("quarantined", "duplicate", "warned", "corrected", "kept", "refused")


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault: the share of rows that draw it, and what intake must do with the row.

    quarantined: a critical rule finds it. duplicate: it is dropped as an exact repetition. warned: it is staged with a
    warning. corrected: it is staged with the good value. kept: it is staged unchanged; a later step has to find it.
    refused: the whole extract is (see `file_faults`).
    """

    name: str
    rate: float
    outcome: str
    description: str


KINDS: tuple[FaultKind, ...] = (
    FaultKind("iin_bad_checksum", 0.003, "quarantined", "check digit of ИИН is wrong"),
    FaultKind("iin_missing", 0.002, "quarantined", "ИИН is empty"),
    FaultKind("iin_short", 0.005, "quarantined", "leading zeros of ИИН are lost; only where there are any"),
    FaultKind("birth_date_disagrees", 0.003, "warned", "birth date differs by some days from the one in ИИН"),
    FaultKind("birth_date_unparsable", 0.001, "warned", "birth date is not a date"),
    FaultKind("homoglyph", 0.005, "corrected", "Latin letters that look the same in a Cyrillic text"),
    FaultKind("lost_letters", 0.004, "warned", "Kazakh letters became question marks; only where there are any"),
    FaultKind("exact_duplicate", 0.003, "duplicate", "the row is in the file twice"),
    FaultKind("conflicting_duplicate", 0.002, "quarantined", "the same ИИН a second time, with an older address"),
    FaultKind("unknown_district_code", 0.001, "kept", "a district code that the dictionary does not have"),
    FaultKind(
        "abolished_district_code", 0.005, "kept", "the code of an abolished district that is now part of the right one"
    ),
    FaultKind("rca_missing", 0.1, "kept", "the code of the address register is empty"),
    FaultKind("rca_unknown", 0.003, "kept", "an address code that the register does not have"),
    FaultKind("amount_negative", 0.001, "quarantined", "a negative amount"),
    FaultKind("amount_not_number", 0.001, "quarantined", "an amount that is not a number"),
    FaultKind("code_as_float", 0.003, "corrected", "a spreadsheet turned the code into a number"),
    FaultKind("code_short", 0.003, "quarantined", "leading zeros of a code are lost; only where there are any"),
    FaultKind("code_in_exponent", 0.001, "quarantined", "a spreadsheet showed a long code as a power of ten"),
    FaultKind("unknown_kato", 0.001, "kept", "a KATO code that no edition has"),
    FaultKind("test_row", 0.0005, "quarantined", "a test record left in production data"),
    FaultKind("trailing_spaces", 0.005, "corrected", "spaces after the text"),
    FaultKind("future_date", 0.001, "quarantined", "a date after the extract was made"),
    FaultKind("arrival_before_call", 0.003, "quarantined", "the ambulance arrived before it was called"),
    FaultKind("arrival_missing", 0.01, "kept", "the time of arrival is empty"),
    FaultKind("wrong_period", 0.001, "quarantined", "a row of last month"),
    FaultKind("total_row", 0.0005, "quarantined", "a row of totals"),
    FaultKind("column_count", 0.001, "quarantined", "the line lacks its last field"),
    FaultKind("unknown_status", 0.001, "quarantined", "a word or code that is not in the list of values"),
    FaultKind("swapped_day_month", 0.002, "warned", "day and month of the birth date swapped; still a date"),
    FaultKind(
        "iin_two_swapped",
        0.002,
        "quarantined",
        "two neighbouring digits of ИИН swapped; only where the check digit shows it",
    ),
    FaultKind("russian_spelling", 0.01, "kept", "a Kazakh name in its Russian spelling"),
    FaultKind("married_name", 0.004, "kept", "a woman's surname of before or after her marriage"),
    FaultKind("legacy_letters", 0.003, "corrected", "Kazakh letters in the slots of an old font, in a file of UTF-8"),
    FaultKind("header_in_middle", 0.0005, "quarantined", "the heading once more among the rows"),
    FaultKind("swapped_coordinates", 0.002, "quarantined", "longitude and latitude swapped"),
    FaultKind(
        "removed_on_paper", 0.01, "kept", "a dump is reported as removed, without a date, and still visible from space"
    ),
    FaultKind("bin_bad_checksum", 0.003, "quarantined", "check digit of БИН is wrong"),
    FaultKind("date_unparsable", 0.001, "quarantined", "a date that is not a date"),
    FaultKind("answered_before_received", 0.003, "quarantined", "the answer is older than the question"),
    FaultKind("unknown_category", 0.002, "warned", "a topic that is not in the list of values"),
    FaultKind("out_of_scale", 0.003, "quarantined", "an answer outside the scale"),
    FaultKind("attached_elsewhere", 0.01, "kept", "a person is attached to a clinic of another place"),
    FaultKind("dead_still_listed", 0.01, "kept", "a dead person is in the list, next to someone of the household"),
    FaultKind("heads_disagree", 0.05, "kept", "a household reports half of the animals in the identification system"),
    FaultKind("holder_dead", 0.01, "kept", "the title is still that of a dead person; only where someone died"),
    FaultKind("vacancy_hidden", 0.005, "quarantined", "a post is reported as filled, and nobody holds it"),
    FaultKind(
        "done_on_paper", 0.005, "warned", "reported as done, although other columns of the row show that it is not"
    ),
    FaultKind("payee_closed", 0.005, "kept", "a subsidy for an organisation that is closed in the business register"),
    FaultKind("half_a_file", 0.0, "refused", "the file is cut in the middle"),
    FaultKind("file_of_last_month", 0.0, "refused", "last month's file under this month's name"),
    FaultKind("merged_cells", 0.01, "corrected", "a cell is empty because it is merged with the one above"),
)

BY_NAME: dict[str, FaultKind] = {kind.name: kind for kind in KINDS}


def rates(dirt: float | Mapping[str, float] = 1.0) -> dict[str, float]:
    """Rate of every kind.

    A number is a factor on the default rates: 0 gives clean files. A mapping sets rates by name; its key `*` is the
    factor for kinds that it does not name, so `{"*": 0, "iin_missing": 0.5}` leaves one kind only.
    Raises ValueError for an unknown kind or a rate outside 0–1.
    """
    given = {"*": float(dirt)} if isinstance(dirt, (int, float)) else dict(dirt)
    factor = given.pop("*", 1.0)
    unknown = set(given) - set(BY_NAME)
    if unknown:
        raise ValueError(f"unknown kinds of faults: {', '.join(sorted(unknown))}; known are {', '.join(BY_NAME)}")
    result = {name: given.get(name, kind.rate * factor) for name, kind in BY_NAME.items()}
    for name, rate in result.items():
        if not 0 <= rate <= 1:
            raise ValueError(f"rate of {name} is {rate}, expected 0 to 1")
    return result


def outcome_of(registry: Registry, kind: str) -> str:
    """What intake must do with a row of `registry` that has this fault."""
    return registry.faults[kind].outcome or BY_NAME[kind].outcome


@dataclass
class _Chosen:
    """The faults of a registry whose rate is above zero."""

    cells: dict[str, Cell]
    lines: list[str]
    extras: dict[str, Extra]
    # branches of a CASE that gives each row its kind, and the share of rows that they reach
    branches: list[str]
    reach: float


def _choose(registry: Registry, rate: Mapping[str, float]) -> _Chosen:
    chosen = _Chosen({}, [], {}, [], 0.0)
    for kind in KINDS:
        fault = registry.faults.get(kind.name)
        if fault is None or rate[kind.name] == 0:
            continue
        if isinstance(fault, Extra):
            chosen.extras[kind.name] = fault
            continue
        chosen.reach = min(1.0, chosen.reach + rate[kind.name])
        value = f"'{kind.name}'"
        if isinstance(fault, Cell):
            chosen.cells[kind.name] = fault
            value = f"case when {fault.when} then '{kind.name}' end"
        else:
            chosen.lines.append(kind.name)
        chosen.branches.append(f"when _at < {chosen.reach!r} then {value}")
    return chosen


def spoil(con: duckdb.DuckDBPyConnection, registry: Registry, rate: Mapping[str, float]) -> None:
    """From the view `<registry>_clean` make the table `<registry>_row`, in the order of the file.

    It has the columns of the view and _kind, _column, _was, _became, _id (null where the row is unchanged).
    Raises ValueError when the registry has a fault of no known kind.
    """
    unknown = set(registry.faults) - set(BY_NAME)
    if unknown:
        raise ValueError(f"{registry.name}: unknown kinds of faults: {', '.join(sorted(unknown))}")
    chosen = _choose(registry, rate)
    cells = chosen.cells
    replaced = _replaced(registry, cells)
    con.execute(f"""
        create or replace table {registry.name}_row as
        -- materialised: each kind of added row reads it again
        with clean as materialized (
            from {registry.name}_clean
        ),
        drawn as (
            select *, u(key, 'dirt {registry.name}') as _at from clean
        ),
        chosen as (
            select
                * exclude (_at),
                case {" ".join(chosen.branches) or "when false then ''"} end as drawn_kind,
                {registry.order}::hugeint as _order,
                0 as _extra
            from drawn
        ),
        described as (
            select
                *,
                {_by_kind({name: f"({cell.became})::varchar" for name, cell in cells.items()})} as _became,
                {_by_kind({name: cell.column for name, cell in cells.items()})} as _was,
                {_by_kind({name: f"'{registry.labels[cell.column]}'" for name, cell in cells.items()})} as _column
            from chosen
        ),
        done as (
            select
                * exclude (drawn_kind),
                case
                    when _became is distinct from _was or drawn_kind in ({_quoted(chosen.lines) or "''"})
                        then drawn_kind
                end as _kind,
                {registry.id_column} as _id
            from described
        ),
        spoiled as (
            select * {"replace (" + ", ".join(replaced) + ")" if replaced else ""} from done
        )
        select * from spoiled
        {"".join(_extra_rows(name, how, rate[name], chosen.reach, registry) for name, how in chosen.extras.items())}
        order by {"part, " if registry.has_parts else ""}_order, key, _extra
    """)
    if isinstance(registry.file, Pages):
        _leave_copies_on_one_page(con, f"{registry.name}_row", registry.file.size)


def _replaced(registry: Registry, cells: Mapping[str, Cell]) -> list[str]:
    """SQL of each column that a fault changes."""
    by_column = {column: [name for name, cell in cells.items() if cell.column == column] for column in registry.labels}
    return [
        f"case when _kind in ({_quoted(names)}) then _became else {column} end as {column}"
        for column, names in by_column.items()
        if names
    ]


def _leave_copies_on_one_page(con: duckdb.DuckDBPyConnection, table: str, size: int) -> None:
    """Leave out each added row that would begin a page, its original being the last of the page before.

    A record on two pages is what a source gives whose order changes while it is read.
    """
    begins = f"rowid % {size} = 0 and _extra > 0"
    while con.execute(f"select count(*) from {table} where {begins}").fetchall() != [(0,)]:
        con.execute(f"create or replace table {table} as select * from {table} where not ({begins}) order by rowid")


def _by_kind(values: Mapping[str, str]) -> str:
    """SQL of a value that depends on the drawn kind."""
    cases = "".join(f" when '{name}' then {value}" for name, value in values.items())
    return f"case drawn_kind{cases} end" if cases else "null::varchar"


def _extra_rows(name: str, how: Extra, rate: float, reach: float, registry: Registry) -> str:
    changes = [f"({value})::varchar as {column}" for column, value in how.changes.items()]
    first = next(iter(how.changes), None)
    number = 1 + [kind.name for kind in KINDS].index(name)
    is_apart = registry.is_shuffled and not isinstance(registry.file, Pages)
    order = registry.order.replace("key", f"(key + {number}000000000)") if is_apart else registry.order
    return f"""
        union all by name
        select
            * {"replace (" + ", ".join(changes) + ")" if changes else ""},
            {order}::hugeint as _order, {number} as _extra,
            '{name}' as _kind,
            '{" | ".join(registry.labels[column] for column in how.changes)}' as _column,
            {f"({how.changes[first]})::varchar" if first else "null"} as _became,
            {first or "null"} as _was,
            {registry.id_column} as _id
        from clean
        where
            u(key, 'add {name} {registry.name}') < {rate!r} and ({how.when})
            -- next to a spoiled row an exact duplicate would not be one
            and u(key, 'dirt {registry.name}') >= {reach!r}
    """


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
