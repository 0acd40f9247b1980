"""Household book: a workbook for each district with a sheet for each rural okrug, as akimats keep it.

Title, okrug and date stand above the heading in the fifth row; a settlement is one cell merged over its households.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.workbook import Layout, write_workbook
from lab.synthetic.writing import Written

LABELS = {
    "no": "№ п/п",
    "kato": "КАТО",
    "settlement": "Населенный пункт",
    "account": "Лицевой счет",
    "head_name": "Глава хозяйства",
    "head_iin": "ИИН главы",
    "members": "Членов хозяйства",
    "land": "Земля, га",
    "cattle": "КРС, голов",
    "small_ruminants": "Овцы и козы, голов",
    "horses": "Лошади, голов",
    "camels": "Верблюды, голов",
    "poultry": "Птица, голов",
    "visited": "Дата обхода",
}
_COUNTS = ("members", "cattle", "small_ruminants", "horses", "camels", "poultry")


def _layout(month: Month) -> Layout:
    above = (
        "ПОХОЗЯЙСТВЕННАЯ КНИГА",
        "Сельский округ: {title}",
        f"по состоянию на {month.as_of:%d.%m.%Y}",
        "",
    )
    return Layout(
        above,
        LABELS,
        dates={"visited": "h_has_dates"},
        numbers=frozenset({"no", "land", *_COUNTS}),
        merged=frozenset({"kato", "settlement"}),
    )


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the workbooks; a district without a household has none."""
    layout = _layout(month)
    written = []
    for district, first_part in con.execute("""
        select left(district_kato, 4), (select count(distinct b.okrug_kato) from place as b
            where b.is_rural and b.district_kato < a.district_kato)
        from place as a
        where is_rural and left(district_kato, 4) in (select h_district from household_book_row)
        group by district_kato order by district_kato
    """).fetchall():
        con.execute(f"""
            create or replace temp table household_book_file as
            select * replace (part - {first_part} as part)
            from household_book_row where h_district = '{district}' order by rowid
        """)
        titles = con.execute(f"""
            select any_value(okrug_ru) from place where is_rural and left(district_kato, 4) = '{district}'
            group by okrug_kato order by okrug_kato
        """).fetchall()
        path = folder / f"household_book_{month.period}_{district}.xlsx"
        written.append(write_workbook(con, path, "household_book_file", [title for (title,) in titles], layout))
    con.execute("drop table if exists household_book_file")
    return written


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    return f"'household_book_{month.period}_' || h_district || '.xlsx#' || h_sheet", "n + 1"


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("head_iin", "wrong_check_digit(head_iin, key)", "length(head_iin) = 12"),
    "iin_missing": Cell("head_iin", "''", "length(head_iin) = 12"),
    "iin_short": Cell("head_iin", "ltrim(head_iin, '0')", "length(head_iin) = 12 and head_iin[1] = '0'"),
    "homoglyph": Cell("settlement", "homoglyphs(settlement)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("land", "'-' || land", "land <> '0.00'"),
    "amount_not_number": Cell("cattle", "choice(key, 'no number', ['много', 'н/д', '~5', '2 гол.'])"),
    "heads_disagree": Cell("cattle", "(cattle::bigint // 2)::varchar", "cattle <> '0'"),
    "code_as_float": Cell("kato", "kato || '.0'", "kato <> ''"),
    "trailing_spaces": Cell("account", "account || '  '"),
    "future_date": Cell("visited", "dmy(a_future_day(key))"),
    "header_in_middle": Extra({column: f"'{label}'" for column, label in LABELS.items()}),
    "test_row": Extra({"account": "account || '-1'", "head_name": "'Тестов Тест'"}),
    "total_row": Extra(
        {
            "no": "'ИТОГО'",
            "account": "''",
            "head_name": "''",
            "head_iin": "''",
            "cattle": "(100 + roll(key, 'sum', 9000))::varchar",
            "visited": "''",
        }
    ),
}

REGISTRY = Registry(
    "household_book",
    "account",
    LABELS,
    write,
    _where,
    order="no::bigint",
    has_parts=True,
    faults=FAULTS,
    states_period=False,
)
