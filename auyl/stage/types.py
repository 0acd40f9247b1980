"""Types: which value each cell of a contract's columns holds, as SQL over raw text.

A cell is a value, nothing, or unreadable: an error, a mark of a reader (`auyl.formats.marks`), two readings, or no
value of its type. The macros of `include/sql/macros/15_types.sql` read every accepted spelling (docs/contracts.md), at
about ten times the cost of a cast. So the rows are searched first for cells that are not spelt as usual in their
format; the different texts of those are read by the macros, and the rows look them up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auyl.contracts import Column, Contract
from auyl.store.duck import identifier, literal

if TYPE_CHECKING:
    import duckdb

# They write dates as ISO 8601 does and a dot before decimals.
MADE_BY_MACHINES = ("xml", "json", "jsonl", "geojson")
WORKBOOKS = ("xlsx", "xls")
# Of years in which no date means nothing.
_YEAR = "(?:19[1-9]|20[0-9])[0-9]"
_ISO_DAY, _DOTTED_DAY = f"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}(?: 00:00:00)?", rf"[0-9]{{2}}\.[0-9]{{2}}\.{_YEAR}"


@dataclass(frozen=True)
class Signs:
    """What a dot and a comma are in a column of numbers: `decimal`, `thousands`, or empty where nothing proves it."""

    dot: str = ""
    comma: str = ""


@dataclass(frozen=True)
class TypedCells:
    """The cells of a contract over a relation of raw rows, which must not change any more.

    `query` is SQL of the contract's columns with their types. Beside each stands its text, `<name>__text`, null where
    the cell holds nothing; a text without a value is unreadable. `_content` is the digest of the row as it came;
    `_is_date_empty` is true where a date or a moment means nothing. Only columns in `odd` can have unreadable cells.
    """

    query: str
    odd: frozenset[str]


def typed_cells(con: duckdb.DuckDBPyConnection, contract: Contract, raw: str) -> TypedCells:
    """Read the relation `raw` of raw columns, `_file` and `_record`. The texts of odd cells become temporary tables."""
    columns = contract.columns
    odd = _find_odd_texts(con, contract, raw)
    signs = _signs(con, contract, raw, [column.name for column in odd if column.type == "number"])
    for kind in dict.fromkeys(map(_kind, odd)):
        _read_odd_texts(con, kind, [column for column in odd if _kind(column) == kind], contract, signs)
    aliases = {column: f"odd_{number}" for number, column in enumerate(odd)}
    read = ", ".join(_usual(column, contract, column in aliases) for column in columns)
    values = ", ".join(_cell(column, aliases.get(column)) for column in columns)
    joins = "".join(
        f" left join {_table(_kind(column))} as {alias} on {alias}.raw = {_raw(column)} "
        f"and {alias}.of_column = {literal(column.name)}"
        for column, alias in aliases.items()
    )
    empty = [f"{alias}.means_nothing" for column, alias in aliases.items() if column.type in ("date", "timestamp")]
    is_empty = " or ".join(f"coalesce({flag}, false)" for flag in empty) or "false"
    content = f"hash({', '.join(identifier(column.name) for column in columns)}) as _content"
    return TypedCells(
        f"select {values}, {is_empty} as _is_date_empty, _file, _record, _content "
        f"from (select {read}, _file, _record, {content} from {raw}){joins}",
        frozenset(column.name for column in odd),
    )


def _kind(column: Column) -> str:
    """The type of a column, with codes as a type of their own."""
    return "code" if column.type == "string" and column.is_code else column.type


def _table(kind: str) -> str:
    return f"_odd_{kind}s"


def _find_odd_texts(con: duckdb.DuckDBPyConnection, contract: Contract, raw: str) -> list[Column]:
    """Create a table of the different texts of odd cells by column; return the columns that have any.

    The strings of a row are searched as one, since a search costs most by the call.
    """
    columns = contract.columns
    strings = [identifier(column.name) for column in columns if column.type == "string"]
    search = "odd_codes" if any(_kind(column) == "code" for column in columns) else "odd_cells"
    conditions = [_is_odd(column, contract) for column in columns if column.type != "string"]
    conditions += [f"{search}(concat_ws(chr(31), {', '.join(strings)}))"] if strings else []
    names = ", ".join(identifier(column.name) for column in columns)
    ((count,),) = con.execute(
        f"create or replace temp table _odd_rows as select {names} from {raw} where {' or '.join(conditions)}"
    ).fetchall()
    if not count:
        return []
    by_kind: dict[tuple[str, int], list[Column]] = {}
    for column in columns:
        by_kind.setdefault((_kind(column), column.decimals), []).append(column)
    texts = " union all ".join(
        f"from (select distinct unnest([{', '.join(literal(c.name) for c in alike)}]) as of_column, "
        f"unnest([{', '.join(identifier(c.name) for c in alike)}]) as raw from _odd_rows) "
        f"where {_is_odd(replace(alike[0], name='raw'), contract)}"
        for alike in by_kind.values()
    )
    con.execute(f"create or replace temp table _odd_texts as {texts}")
    found = {name for (name,) in con.execute("select distinct of_column from _odd_texts").fetchall()}
    return [column for column in columns if column.name in found]


def _read_odd_texts(
    con: duckdb.DuckDBPyConnection, kind: str, columns: list[Column], contract: Contract, signs: dict[str, Signs]
) -> None:
    """Create a table of the odd texts of these columns: of_column, raw, value, text, means_nothing of dates."""
    macro = {"string": "text", "timestamp": "moment"}.get(kind, kind)
    names = ", ".join(literal(column.name) for column in columns)
    read, relation = f"{macro}_cell(raw)", "_odd_texts"
    if kind == "number":
        rows = ", ".join(
            f"({literal(c.name)}, {literal(signs[c.name].dot)}, {literal(signs[c.name].comma)}, {c.decimals})"
            for c in columns
        )
        text = "as_shown(raw)" if contract.format in WORKBOOKS else "raw"
        read = f"number_cell({text}, dot, comma, {str(contract.format != 'csv').lower()}, decimals)"
        relation = f"_odd_texts inner join (values {rows}) as s (of_column, dot, comma, decimals) using (of_column)"
    con.execute(
        # Without the inner query each field of the cell would be read by itself.
        f"create or replace temp table {_table(kind)} as select of_column, raw, unnest(cell) "
        f"from (select of_column, raw, {read} as cell from {relation} where of_column in ({names}))"
    )


def _raw(column: Column) -> str:
    return identifier(column.name + "__raw")


def _cell(column: Column, odd: str | None) -> str:
    """Value and text of a column; `odd` is the alias of the table of its odd texts, if it has any."""
    name, text = identifier(column.name), identifier(column.name + "__text")
    value, said = name, f"nullif({_raw(column)}, '')"
    if odd is not None:
        value = f"case when {odd}.raw is null then {name} else try_cast({odd}.value as {_sql_type(column)}) end"
        said = f"case when {odd}.raw is null then {said} else {odd}.text end"
    if column.letters is not None:
        value = f"kazakh_letters({value})"
    return f"{value} as {name}, {said} as {text}"


def _sql_type(column: Column) -> str:
    kinds = {"integer": "bigint", "number": f"decimal(18, {column.decimals})", "string": "varchar"}
    return kinds.get(column.type, column.type)


def _usual(column: Column, contract: Contract, is_odd: bool) -> str:
    """The value of a cell that is spelt as usual, else null, beside its raw text."""
    name = identifier(column.name)
    condition, value = _reading(column, contract)
    if is_odd:
        value = f"case when {condition} then {value} end"
    return f"{value} as {name}, {name} as {_raw(column)}"


def _is_odd(column: Column, contract: Contract) -> str:
    """SQL condition: is the cell filled, and not spelt as usual?"""
    condition, value = _reading(column, contract)
    if column.type == "string":
        name = identifier(column.name)
        return f"odd_codes({name})" if column.is_code else f"odd_cells({name})"
    return f"{identifier(column.name)} <> '' and case when {condition} then {value} end is null"


def _reading(column: Column, contract: Contract) -> tuple[str, str]:
    """SQL of a raw column: is the cell spelt as usual, and its value if it is."""
    readings = {
        "string": _usual_string,
        "integer": _usual_integer,
        "number": _usual_number,
        "date": _usual_date,
        "timestamp": _usual_moment,
        "boolean": _usual_boolean,
    }
    return readings[column.type](identifier(column.name), column, contract)


def _usual_string(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    # The others are looked up by their text.
    return "true", f"nullif({text}, '')"


def _usual_integer(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    value = f"try_cast({text} as bigint)"
    return f"{value}::varchar = {text}", value


def _usual_number(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    if contract.format == "csv":
        whole, sign, value = "-?[0-9]{1,3}(?: ?[0-9]{3})*", "[.,]", f"replace(replace({text}, ' ', ''), ',', '.')"
    else:
        whole, sign, value = "-?[0-9]+", r"\.", text
    decimals = f"[0-9]{{1,{column.decimals}}}"
    if contract.format not in MADE_BY_MACHINES and column.decimals > 2:
        # Three digits behind a sign may be thousands.
        decimals = "[0-9]{1,2}" + f"|[0-9]{{4,{column.decimals}}}" * (column.decimals > 3)
    usual = literal(whole + f"(?:{sign}(?:{decimals}))?" * bool(column.decimals))
    return f"regexp_full_match({text}, {usual})", f"try_cast({value} as {_sql_type(column)})"


def _usual_date(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    if contract.format in MADE_BY_MACHINES:
        value = f"try_cast({text} as date)"
        return f"{text} between '1901' and '2100' and {value}::varchar = {text}", value
    usual = f"regexp_full_match({text}, '{_ISO_DAY}|{_DOTTED_DAY}')"
    dotted = f"try_strptime(nullif({text}, ''), '%d.%m.%Y')::date"
    return usual, f"case when {text}[3] = '.' then {dotted} else try_cast(left({text}, 10) as date) end"


def _usual_moment(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    usual = f"{text} between '1901' and '2100' and strlen({text}) = 19 and {text}[11] = ' '"
    return usual, f"try_strptime(nullif({text}, ''), '%Y-%m-%d %H:%M:%S')"


def _usual_boolean(text: str, column: Column, contract: Contract) -> tuple[str, str]:
    yes, no = f"{text} in ('true', 'да', 'есть')", f"{text} in ('false', 'нет')"
    return f"{yes} or {no}", f"case when {yes} then true when {no} then false end"


def _signs(con: duckdb.DuckDBPyConnection, contract: Contract, raw: str, columns: list[str]) -> dict[str, Signs]:
    """What the values of each of these columns of numbers prove of its dots and commas, by column.

    Only values with two readings («46.421») are read by them.
    """
    if contract.format in MADE_BY_MACHINES:
        return dict.fromkeys(columns, Signs(dot="decimal"))
    proofs = (
        "proves_decimal({}, '\\.', ',')",
        "proves_decimal({}, ',', '\\.')",
        "proves_thousands({}, '\\.', ',')",
        "proves_thousands({}, ',', '\\.')",
    )
    asked = _asked(con, raw, [(name, tuple(proof.format(identifier(name)) for proof in proofs)) for name in columns])
    signs = {}
    for name, (dot_decimal, comma_decimal, dot_thousands, comma_thousands) in asked.items():
        # Excel writes its own numbers with a dot.
        is_dot_decimal = dot_decimal or contract.format in WORKBOOKS
        signs[name] = Signs(
            _role(is_dot_decimal, dot_thousands or comma_decimal),
            _role(comma_decimal, comma_thousands or is_dot_decimal),
        )
    return signs


def _role(is_decimal: bool, is_thousands: bool) -> str:
    if is_decimal == is_thousands:
        return ""
    return "decimal" if is_decimal else "thousands"


def _asked(
    con: duckdb.DuckDBPyConnection, raw: str, columns: list[tuple[str, tuple[str, ...]]]
) -> dict[str, list[bool]]:
    """For each column which of its conditions any of its cells meets."""
    conditions = [condition for _, asked in columns for condition in asked]
    if not conditions:
        return {}
    parts = ", ".join(f"coalesce(bool_or({condition}), false)" for condition in conditions)
    (row,) = con.execute(f"select {parts} from {raw}").fetchall()
    answers = iter(row)
    return {name: [next(answers) for _ in asked] for name, asked in columns}
