"""The named faults of the extracts: their default rates, what intake owes to such a row, and the statement that puts
them into rows. How a fault looks in an extract stands with the registry.

A row carries at most one fault of the kinds `Cell` and `Line`; kinds `Extra` add a row beside a good one. Every
fault is written to the truth. Legacy font slots are no fault of this table: each cp1251 file carries all Kazakh
letters so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from lab.synthetic.registry import Cell, Extra, Registry

OUTCOMES = ("quarantined", "duplicate", "warned", "corrected", "kept", "refused")


@dataclass(frozen=True)
class Kind:
    """A kind of fault: share of rows that draw it, and what intake owes to the row.

    quarantined: a critical rule finds it. duplicate: it is left out as an exact repetition. warned: it is staged with a
    warning. corrected: it is staged with the good value again. kept: it is staged as it is; a later step has to see it.
    refused: the whole extract is (see `whole`).
    """

    name: str
    rate: float
    outcome: str
    what: str


KINDS: tuple[Kind, ...] = (
    Kind("iin_bad_checksum", 0.003, "quarantined", "check digit of ИИН is wrong"),
    Kind("iin_missing", 0.002, "quarantined", "ИИН is empty"),
    Kind("iin_short", 0.005, "quarantined", "leading zeros of ИИН are lost; only where there are any"),
    Kind("birth_date_disagrees", 0.003, "warned", "birth date differs by some days from the one in ИИН: a warning"),
    Kind("birth_date_unparsable", 0.001, "warned", "birth date is no date"),
    Kind("homoglyph", 0.005, "corrected", "Latin letters of the same look in a Cyrillic text"),
    Kind("lost_letters", 0.004, "warned", "Kazakh letters came as question marks; only where there are any"),
    Kind("exact_duplicate", 0.003, "duplicate", "the row stands in the file twice"),
    Kind("conflicting_duplicate", 0.002, "quarantined", "the same ИИН again with another address that is older"),
    Kind("unknown_district_code", 0.001, "kept", "a district code that the dictionary does not hold"),
    Kind(
        "abolished_district_code", 0.005, "kept", "the code of an abolished district that became part of the right one"
    ),
    Kind("rca_missing", 0.1, "kept", "the code of the address register is empty"),
    Kind("rca_unknown", 0.003, "kept", "an address code that the register does not hold"),
    Kind("amount_negative", 0.001, "quarantined", "a sum below zero"),
    Kind("amount_not_number", 0.001, "quarantined", "a sum that is no number"),
    Kind("code_as_float", 0.003, "corrected", "a code went through a spreadsheet's number"),
    Kind("code_short", 0.003, "quarantined", "leading zeros of a code are lost; only where there are any"),
    Kind("code_in_exponent", 0.001, "quarantined", "a spreadsheet showed a long code as a power of ten"),
    Kind("unknown_kato", 0.001, "kept", "a KATO code that no edition holds"),
    Kind("test_row", 0.0005, "quarantined", "a test record left in production data"),
    Kind("trailing_spaces", 0.005, "corrected", "spaces after the text"),
    Kind("future_date", 0.001, "quarantined", "a date after the extract was made"),
    Kind("arrival_before_call", 0.003, "quarantined", "the brigade arrived before it was called"),
    Kind("arrival_missing", 0.01, "kept", "the time of arrival was not written"),
    Kind("wrong_period", 0.001, "quarantined", "a row of last month"),
    Kind("total_row", 0.0005, "quarantined", "a total among the rows"),
    Kind("column_count", 0.001, "quarantined", "the line lacks its last field"),
    Kind("unknown_status", 0.001, "quarantined", "a word or code that the list of values does not hold"),
    Kind("swapped_day_month", 0.002, "warned", "day and month of the birth date changed places; still a date"),
    Kind(
        "iin_two_swapped", 0.002, "quarantined", "two neighbouring digits of ИИН changed places; only where that shows"
    ),
    Kind("russian_spelling", 0.01, "kept", "a Kazakh name in its Russian spelling"),
    Kind("married_name", 0.004, "kept", "a woman's surname from before or after the marriage"),
    Kind("legacy_letters", 0.003, "corrected", "Kazakh letters in the slots of an old font, in a file of UTF-8"),
    Kind("header_in_middle", 0.0005, "quarantined", "the heading stands among the rows once more"),
    Kind("swapped_coordinates", 0.002, "quarantined", "longitude and latitude changed places"),
    Kind(
        "removed_on_paper", 0.01, "kept", "a dump is reported as removed, without a day, and is still seen from space"
    ),
    Kind("bin_bad_checksum", 0.003, "quarantined", "check digit of БИН is wrong"),
    Kind("date_unparsable", 0.001, "quarantined", "a date that is no date"),
    Kind("answered_before_received", 0.003, "quarantined", "the answer is older than the question"),
    Kind("unknown_category", 0.002, "warned", "a topic that the list of values does not hold"),
    Kind("out_of_scale", 0.003, "quarantined", "an answer outside the scale"),
    Kind("attached_elsewhere", 0.01, "kept", "a person is with another clinic than that of the home"),
    Kind("dead_still_listed", 0.01, "kept", "a person who died stands in the list; beside somebody of the household"),
    Kind("heads_disagree", 0.05, "kept", "a household tells half of the animals that the identification system knows"),
    Kind("holder_dead", 0.01, "kept", "the right is still that of a person who died; only where somebody did"),
    Kind("vacancy_hidden", 0.005, "quarantined", "a post is said to be filled, and nobody holds it"),
    Kind("done_on_paper", 0.005, "warned", "reported as done, and other columns of the row show that it is not"),
    Kind("payee_closed", 0.005, "kept", "money is asked for an organisation that the business register has as closed"),
    Kind("half_a_file", 0.0, "refused", "the file ends in its middle"),
    Kind("file_of_last_month", 0.0, "refused", "last month's file under this month's name"),
    Kind("merged_cells", 0.01, "corrected", "a cell is empty because it was merged with the one above"),
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}


def rates(dirt: float | Mapping[str, float] = 1.0) -> dict[str, float]:
    """Rate of every kind. A number is a factor on the default rates: 0 gives clean files. A mapping sets rates by name;
    its key `*` is the factor for kinds that it does not name, so `{"*": 0, "iin_missing": 0.5}` leaves one kind only.

    Raises ValueError for an unknown kind or a rate outside 0–1.
    """
    given = {"*": float(dirt)} if isinstance(dirt, (int, float)) else dict(dirt)
    factor = given.pop("*", 1.0)
    unknown = set(given) - set(BY_NAME)
    if unknown:
        raise ValueError(f"unknown kinds of dirt: {', '.join(sorted(unknown))}; known are {', '.join(BY_NAME)}")
    result = {name: given.get(name, kind.rate * factor) for name, kind in BY_NAME.items()}
    for name, rate in result.items():
        if not 0 <= rate <= 1:
            raise ValueError(f"rate of {name} is {rate}, expected 0 to 1")
    return result


def outcome_of(registry: Registry, kind: str) -> str:
    """What intake owes to a row of `registry` with this fault."""
    return registry.faults[kind].outcome or BY_NAME[kind].outcome


def spoil(con: duckdb.DuckDBPyConnection, registry: Registry, rate: Mapping[str, float]) -> None:
    """From the view `<registry>_clean` make the table `<registry>_row` in the order of the file.

    It has the columns of the view and _kind, _column, _was, _became, _id (null where nothing was done to the row).
    Raises ValueError when the registry has a fault of no known kind.
    """
    strange = set(registry.faults) - set(BY_NAME)
    if strange:
        raise ValueError(f"{registry.name}: unknown kinds of dirt: {', '.join(sorted(strange))}")
    view = f"{registry.name}_clean"
    cells: dict[str, Cell] = {}
    lines: list[str] = []
    extras: dict[str, Extra] = {}
    reach = 0.0
    choose = []
    for kind in KINDS:
        how = registry.faults.get(kind.name)
        if how is None or rate[kind.name] == 0:
            continue
        if isinstance(how, Extra):
            extras[kind.name] = how
            continue
        reach = min(1.0, reach + rate[kind.name])
        if isinstance(how, Cell):
            cells[kind.name] = how
            choose.append(f"when _at < {reach!r} then case when {how.when} then '{kind.name}' end")
        else:
            lines.append(kind.name)
            choose.append(f"when _at < {reach!r} then '{kind.name}'")
    columns = list(registry.labels)
    by_column = {column: [name for name, cell in cells.items() if cell.column == column] for column in columns}
    replaced = [
        f"case when _kind in ({_quoted(names)}) then _became else {column} end as {column}"
        for column, names in by_column.items()
        if names
    ]

    def by_kind(values: Mapping[str, str]) -> str:
        cases = "".join(f" when '{name}' then {value}" for name, value in values.items())
        return f"case drawn_kind{cases} end" if cases else "null::varchar"

    statement = f"""
        create or replace table {registry.name}_row as
        -- materialised: each kind of added row reads it again
        with clean as materialized (
            from {view}
        ),
        drawn as (
            select *, u(key, 'dirt {registry.name}') as _at from clean
        ),
        chosen as (
            select
                * exclude (_at),
                case {" ".join(choose) or "when false then ''"} end as drawn_kind,
                {registry.order}::hugeint as _order,
                0 as _extra
            from drawn
        ),
        told as (
            select
                *,
                {by_kind({name: f"({cell.became})::varchar" for name, cell in cells.items()})} as _became,
                {by_kind({name: cell.column for name, cell in cells.items()})} as _was,
                {by_kind({name: f"'{registry.labels[cell.column]}'" for name, cell in cells.items()})} as _column
            from chosen
        ),
        done as (
            select
                * exclude (drawn_kind),
                case
                    when _became is distinct from _was or drawn_kind in ({_quoted(lines) or "''"}) then drawn_kind
                end as _kind,
                {registry.id_column} as _id
            from told
        ),
        spoiled as (
            select * {"replace (" + ", ".join(replaced) + ")" if replaced else ""} from done
        )
        select * from spoiled
        {"".join(_extra_rows(name, how, rate[name], reach, registry) for name, how in extras.items())}
        order by {"part, " if registry.has_parts else ""}_order, key, _extra
    """
    con.execute(statement)


def _extra_rows(name: str, how: Extra, rate: float, reach: float, registry: Registry) -> str:
    changes = [f"({value})::varchar as {column}" for column, value in how.changes.items()]
    first = next(iter(how.changes), None)
    number = 1 + [kind.name for kind in KINDS].index(name)
    order = registry.order.replace("key", f"(key + {number}000000000)") if registry.is_shuffled else registry.order
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
            -- beside a spoiled row an exact duplicate would not be one
            and u(key, 'dirt {registry.name}') >= {reach!r}
    """


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
