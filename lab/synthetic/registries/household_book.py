"""Household book: a workbook per district with a sheet per rural okrug, as akimats keep it.

Title, okrug and date stand above the heading in the fifth row; a settlement is one cell merged over its households.
"""

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.workbook import Workbook, write_workbook
from lab.synthetic.files.writing import Written
from lab.synthetic.registry import Cell, Extra, Fault, Registry, heading_row, iin_faults

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


class DistrictBooks(Workbook):
    """A workbook per district that has a household; its sheets are named after the okrugs."""

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the workbooks."""
        layout = self.layout(registry, month)
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

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The sheet of the row's okrug."""
        return f"'household_book_{month.period}_' || h_district || '.xlsx#' || h_sheet", "n + 1"


FILE = DistrictBooks(
    sheets=(),
    above=(
        "ПОХОЗЯЙСТВЕННАЯ КНИГА",
        "Сельский округ: {title}",
        "по состоянию на {month.as_of:%d.%m.%Y}",
        "",
    ),
    dates=frozenset({"visited"}),
    numbers=frozenset({"no", "land", *_COUNTS}),
    merged=frozenset({"kato", "settlement"}),
)

FAULTS: dict[str, Fault] = {
    **iin_faults("head_iin"),
    "homoglyph": Cell("settlement", "homoglyphs(settlement)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("land", "'-' || land", "land <> '0.00'"),
    "amount_not_number": Cell("cattle", "choice(key, 'no number', ['много', 'неизвестно', '~5', '2 гол.'])"),
    "heads_disagree": Cell("cattle", "(cattle::bigint // 2)::varchar", "cattle <> '0'"),
    "code_as_float": Cell("kato", "kato || '.0'", "kato <> ''"),
    "trailing_spaces": Cell("account", "account || '  '"),
    "future_date": Cell("visited", "dmy(a_future_day(key))"),
    "header_in_middle": heading_row(LABELS),
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
    "household_book", "account", LABELS, FILE, order="no::bigint", has_parts=True, faults=FAULTS, states_period=False
)
