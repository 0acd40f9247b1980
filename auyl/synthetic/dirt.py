"""The named faults of the extracts, in one table, and the statement that puts them into rows.

A row carries at most one fault of the kinds `Cell` and `Line`; kinds `Extra` add a row beside a good one. Every
fault is written to the truth. Legacy font slots are no fault of this table: each cp1251 file carries all Kazakh
letters so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from auyl.synthetic.registry import Registry


@dataclass(frozen=True)
class Cell:
    """Replaces the value of one column by an SQL expression over the good row, where `when` is true."""

    column: str
    became: str
    when: str = "true"


@dataclass(frozen=True)
class Extra:
    """Adds a copy of a good row with some columns changed."""

    changes: Mapping[str, str] = field(default_factory=dict)
    when: str = "true"


@dataclass(frozen=True)
class Line:
    """Spoils the written line; the registry's writer knows how."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: share of rows that draw it, what it does, and how in each registry that has it."""

    name: str
    rate: float
    what: str
    on: Mapping[str, Cell | Extra | Line]


_BAD_CHECK = "left({0}, 11) || ((digit({0}, 12) + 1 + roll(key, 'bad digit', 9)) % 10)::varchar"
_PEOPLE = ("population", "social_assistance", "employment")


def _on(registries: tuple[str, ...], spoil: Cell | Extra | Line) -> dict[str, Cell | Extra | Line]:
    return dict.fromkeys(registries, spoil)


def _iin(became: str, when: str = "true") -> dict[str, Cell | Extra | Line]:
    columns = dict.fromkeys(_PEOPLE, "iin") | {"ambulance": "patient_iin", "livestock": "owner"}
    return {
        registry: Cell(column, became.format(column), f"length({column}) = 12 and ({when.format(column)})")
        for registry, column in columns.items()
    }


_HOMOGLYPH = "translate({0}, 'АЕКМНОРСТХаеорсх', 'AEKMHOPCTXaeopcx')"
_LOST = "translate({0}, 'ӘҒҚҢӨҰҮҺәғқңөұүһ', '????????????????')"
_TOTAL = "'ИТОГО'"
_LAST_MONTH = "strftime(getvariable('last_month_day'), '{0}')"

KINDS: tuple[Kind, ...] = (
    Kind("iin_bad_checksum", 0.003, "check digit of ИИН is wrong", _iin(_BAD_CHECK)),
    Kind("iin_missing", 0.002, "ИИН is empty", _iin("''")),
    Kind(
        "iin_short",
        0.005,
        "leading zeros of ИИН are lost; only where there are any",
        _iin("ltrim({0}, '0')", "{0}[1] = '0'"),
    ),
    Kind(
        "birth_date_disagrees",
        0.003,
        "birth date differs by some days from the one in ИИН: a warning",
        {
            "population": Cell("birth_date", "(birth_date::date - 1 - roll(key, 'shift', 25)::integer)::varchar"),
            "social_assistance": Cell("birth_date", "dmy(h_birth_date - 1 - roll(key, 'shift', 25)::integer)"),
            "employment": Cell("birth_date", "(birth_date::date - 1 - roll(key, 'shift', 25)::integer)::varchar"),
        },
    ),
    Kind(
        "birth_date_unparsable",
        0.001,
        "birth date is no date",
        {
            "population": Cell(
                "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])"
            ),
            "social_assistance": Cell(
                "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.1985', '05.13.2001', 'н/д'])"
            ),
            "employment": Cell(
                "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])"
            ),
            "livestock": Cell(
                "birth_date", "choice(key, 'no date', ['00.00.0000', '31.02.2021', '05.13.2020', 'весна 2022'])"
            ),
        },
    ),
    Kind(
        "homoglyph",
        0.005,
        "Latin letters of the same look in a Cyrillic text",
        {
            **_on(_PEOPLE, Cell("surname", _HOMOGLYPH.format("surname"))),
            "livestock": Cell("settlement", _HOMOGLYPH.format("settlement")),
            "ambulance": Cell("address", _HOMOGLYPH.format("address")),
            "budget_okrug": Cell("name", "translate(name, 'Н', 'H')"),
        },
    ),
    Kind(
        "lost_letters",
        0.004,
        "Kazakh letters came as question marks; only where there are any",
        {
            "social_assistance": Cell("surname", _LOST.format("surname")),
            "employment": Cell("surname", _LOST.format("surname")),
            "ambulance": Cell("address", _LOST.format("address")),
        },
    ),
    Kind(
        "exact_duplicate",
        0.003,
        "the row stands in the file twice",
        _on(("population", "social_assistance", "livestock", "ambulance", "employment", "budget_okrug"), Extra()),
    ),
    Kind(
        "conflicting_duplicate",
        0.002,
        "the same ИИН again with another address that is older",
        {
            "population": Extra(
                {
                    "begin_date": (
                        "greatest(birth_date::date, begin_date::date - 200 - roll(key, 'older', 3000)::integer)"
                        "::varchar"
                    ),
                    "district_code": "getvariable('other_gbd')[1 + roll(key, 'other', len(getvariable('other_gbd')))]",
                    "city": "getvariable('other_city')[1 + roll(key, 'other', len(getvariable('other_city')))]",
                    "rca": "''",
                },
                "begin_date > birth_date",
            )
        },
    ),
    Kind(
        "unknown_district_code",
        0.001,
        "a district code that the dictionary does not hold",
        {"population": Cell("district_code", "'1907999'")},
    ),
    Kind(
        "abolished_district_code",
        0.005,
        "the code of an abolished district that became part of the right one",
        {"population": Cell("district_code", "h_gbd_old_code", "h_gbd_old_code is not null")},
    ),
    Kind("rca_missing", 0.1, "the code of the address register is empty", {"population": Cell("rca", "''")}),
    Kind(
        "rca_unknown",
        0.003,
        "an address code that the register does not hold",
        {"population": Cell("rca", "'9' || substr(rca, 2)")},
    ),
    Kind(
        "amount_negative",
        0.001,
        "a sum below zero",
        {
            "social_assistance": Cell("amount", "'-' || amount"),
            "budget_okrug": Cell("sumrg", "'-' || sumrg", "sumrg <> '0.0'"),
        },
    ),
    Kind(
        "amount_not_number",
        0.001,
        "a sum that is no number",
        {
            "social_assistance": Cell("amount", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!', '12 500 тг'])"),
            "budget_okrug": Cell("sumrg", "choice(key, 'no sum', ['-', 'н/д', '#ЗНАЧ!'])"),
        },
    ),
    Kind(
        "code_as_float",
        0.003,
        "a code went through a spreadsheet's number",
        {
            "livestock": Cell("kato", "kato || '.0'"),
            "employment": Cell("kato_code", "kato_code || '.0'"),
            "budget_okrug": Cell("kato", "kato || '.0'"),
        },
    ),
    Kind(
        "unknown_kato",
        0.001,
        "a KATO code that no edition holds",
        {
            "livestock": Cell("kato", "left(kato, 4) || '99999'"),
            "employment": Cell("kato_code", "left(kato_code, 4) || '99999'"),
        },
    ),
    Kind(
        "test_row",
        0.0005,
        "a test record left in production data",
        {
            "population": Extra(
                {"iin": "'000000000000'", "surname": "'ТЕСТОВ'", "name": "'ТЕСТ'", "patronymic": "'ТЕСТОВИЧ'"}
            ),
            "social_assistance": Extra(
                {"iin": "'123456789012'", "surname": "'Тестов'", "name": "'Тест'", "patronymic": "''"}
            ),
            "employment": Extra({"iin": "'111111111111'", "surname": "'Тестов'", "name": "'Тест'"}),
            "ambulance": Extra(
                {
                    "call_id": "(call_id::bigint + 9000000)::varchar",
                    "address": "'1 Для Теста'",
                    "patient_iin": "''",
                    "reason": "'ТЕСТ'",
                }
            ),
        },
    ),
    Kind(
        "trailing_spaces",
        0.005,
        "spaces after the text",
        {
            **_on(_PEOPLE, Cell("surname", "surname || '  '")),
            "livestock": Cell("settlement", "settlement || '  '"),
            "ambulance": Cell("address", "address || ' '"),
            "budget_okrug": Cell("name", "name || ' '"),
        },
    ),
    Kind(
        "future_date",
        0.001,
        "a date after the extract was made",
        {
            "population": Cell("begin_date", "(getvariable('as_of') + 20 + roll(key, 'ahead', 900)::integer)::varchar"),
            "social_assistance": Cell("assigned", "dmy(getvariable('as_of') + 20 + roll(key, 'ahead', 900)::integer)"),
            "livestock": Cell("vaccinated", "dmy(getvariable('as_of') + 20 + roll(key, 'ahead', 900)::integer)"),
            "employment": Cell(
                "registered_at", "(getvariable('as_of') + 20 + roll(key, 'ahead', 900)::integer)::varchar"
            ),
            "ambulance": Cell(
                "finished_at", "(finished_at::timestamp + interval 1 year)::varchar", "finished_at <> ''"
            ),
        },
    ),
    Kind(
        "arrival_before_call",
        0.003,
        "the brigade arrived before it was called",
        {
            "ambulance": Cell(
                "arrived_at",
                "(received_at::timestamp - to_minutes(5 + roll(key, 'before', 55)))::varchar",
                "arrived_at <> ''",
            )
        },
    ),
    Kind(
        "arrival_missing",
        0.01,
        "the time of arrival was not written",
        {"ambulance": Cell("arrived_at", "''", "arrived_at <> ''")},
    ),
    Kind(
        "wrong_period",
        0.001,
        "a row of last month",
        {
            "social_assistance": Cell("period", _LAST_MONTH.format("%m.%Y")),
            "livestock": Cell("report_date", _LAST_MONTH.format("%d.%m.%Y")),
            "ambulance": Cell("received_at", "(received_at::timestamp - to_days(day(getvariable('as_of'))))::varchar"),
            "budget_okrug": Cell("month", _LAST_MONTH.format("%m.%Y")),
        },
    ),
    Kind(
        "total_row",
        0.0005,
        "a total among the rows",
        {
            "social_assistance": Extra(
                {
                    c: _TOTAL if c == "no" else "''"
                    for c in (
                        "no",
                        "iin",
                        "surname",
                        "name",
                        "patronymic",
                        "birth_date",
                        "kind",
                        "assigned",
                        "account",
                        "members",
                    )
                }
                | {"amount": "'1 234 567,00'"}
            ),
            "livestock": Extra(
                {
                    c: _TOTAL if c == "tag" else "''"
                    for c in ("tag", "sex", "birth_date", "owner", "vaccinated", "tested", "result")
                }
                | {"species": "(10 + roll(key, 'sum', 900))::varchar"}
            ),
        },
    ),
    Kind("column_count", 0.001, "the line lacks its last field", _on(("social_assistance", "budget_okrug"), Line())),
    Kind(
        "unknown_status",
        0.001,
        "a word or code that the list of values does not hold",
        {
            "social_assistance": Cell("kind", "'ПРОЧЕЕ'"),
            "livestock": Cell("result", "'сомнительный'", "result <> ''"),
            "employment": Cell("status", "'PAUSED'"),
            "ambulance": Cell("category", "'9'"),
        },
    ),
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


def spoil(con: duckdb.DuckDBPyConnection, registry: Registry, rate: Mapping[str, float]) -> None:
    """From the view `<registry>_clean` make the table `<registry>_row` in the order of the file.

    It has the columns of the view and _kind, _column, _was, _became, _id (null where nothing was done to the row).
    """
    view = f"{registry.name}_clean"
    cells: dict[str, Cell] = {}
    lines: list[str] = []
    extras: dict[str, Extra] = {}
    reach = 0.0
    choose = []
    for kind in KINDS:
        how = kind.on.get(registry.name)
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
        with drawn as (
            select *, u(key, 'dirt {registry.name}') as _at from {view}
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
        from {registry.name}_clean
        where
            u(key, 'add {name} {registry.name}') < {rate!r} and ({how.when})
            -- beside a spoiled row an exact duplicate would not be one
            and u(key, 'dirt {registry.name}') >= {reach!r}
    """


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
