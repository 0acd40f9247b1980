"""Civil acts: XML of АИС ЗАГС, one act per line, at most 1,000 acts in a file."""

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, write_file
from lab.synthetic.registry import Cell, Extra, Fault, Registry

ACTS_PER_FILE = 1_000

LABELS = {
    "act_number": "number",
    "kind": "type/code",
    "registered_on": "registeredOn",
    "event_on": "eventDate",
    "office": "office",
    "iin": "person/iin",
    "surname": "person/surname",
    "name": "person/name",
    "patronymic": "person/patronymic",
    "birth_date": "person/birthDate",
    "surname_before": "person/surnameBefore",
    "second_iin": "second/iin",
    "second_surname": "second/surname",
    "district_code": "address/district",
    "city": "address/city",
    "rca": "address/arCode",
}
_KINDS = ("Рождение", "Смерть", "Заключение брака", "Расторжение брака", "Перемена имени")


class Acts:
    """Files of ACTS_PER_FILE acts."""

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write the files. An unknown value is nil."""
        ((rows,),) = con.execute("select count(*) from civil_acts_row").fetchall()
        parts = max(1, -(-rows // ACTS_PER_FILE))
        written = []
        for part in range(parts):
            first, after = part * ACTS_PER_FILE, min(rows, (part + 1) * ACTS_PER_FILE)
            query = f"select {_line()} as line from civil_acts_row where rowid >= {first} and rowid < {after}"
            head = (
                '<?xml version="1.0" encoding="UTF-8"?>\n<zags:answer xmlns:zags="urn:zags:acts:v1" '
                'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
                f"<producedAt>{month.stated}T03:00:00.000+05:00</producedAt><period>{month.period}</period>"
                f"<part>{part + 1}</part><parts>{parts}</parts><acts>\n"
            )
            tail = f"</acts><actCount>{after - first}</actCount></zags:answer>\n"
            path = folder / f"civil_acts_{month.period}_{part + 1:02d}.xml"
            written.append(write_file(con, query, path, head, tail))
        return written

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The file that holds a row and its number there."""
        number = f"n // {ACTS_PER_FILE} + 1"
        return f"'civil_acts_{month.period}_' || pad({number}, 2) || '.xml'", f"n % {ACTS_PER_FILE} + 1"


def _line() -> str:
    """SQL of an act."""
    name_ru = "case kind" + "".join(f" when '{n}' then '{word}'" for n, word in enumerate(_KINDS, 1)) + " else '' end"
    return f"""
        concat(
            '<act>', {_element("number", "act_number")},
            '<type>', {_element("code", "kind")}, '<nameRu>', {name_ru}, '</nameRu></type>',
            {_element("registeredOn", "registered_on")}, {_element("eventDate", "event_on")}, {_element("office")},
            '<person>', {_element("iin")}, {_element("surname")}, {_element("name")}, {_element("patronymic")},
            {_element("birthDate", "birth_date")}, {_element("surnameBefore", "surname_before")}, '</person>',
            '<second>', {_element("iin", "second_iin")}, {_element("surname", "second_surname")}, '</second>',
            '<address>', {_element("district", "district_code")}, {_element("city")}, {_element("arCode", "rca")},
            '</address></act>', chr(10)
        )
    """


def _element(name: str, column: str = "") -> str:
    column = column or name
    text = f"concat('<{name}>', xml_text({column}), '</{name}>')"
    return f"""case when {column} = '' then '<{name} xsi:nil="true"/>' else {text} end"""


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'неизвестно'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)"),
    "exact_duplicate": Extra(),
    "unknown_district_code": Cell("district_code", "'1907999'"),
    "rca_missing": Cell("rca", "''"),
    "test_row": Extra({"iin": "'000000000000'", "surname": "'ТЕСТОВ'", "name": "'ТЕСТ'", "patronymic": "'ТЕСТОВИЧ'"}),
    "trailing_spaces": Cell("surname", "surname || '  '"),
    "future_date": Cell("event_on", "a_future_day(key)::varchar"),
    "wrong_period": Cell("registered_on", "getvariable('last_month_day')::varchar"),
    "unknown_status": Cell("kind", "'9'"),
}

REGISTRY = Registry("civil_acts", "act_number", LABELS, Acts(), faults=FAULTS)
