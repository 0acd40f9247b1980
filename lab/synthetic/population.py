"""Population: the answer of ГБД ФЛ, XML of the government gateway.

One person a line, at most 200,000 persons a file.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import duckdb

from lab.synthetic.engine import Month, sql
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written, write_file

PERSONS_PER_FILE = 200_000


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write the parts, of equal length."""
    rows, size = _sizes(con)
    parts = max(1, -(-rows // size))
    written = []
    for part in range(parts):
        first, after = part * size, min(rows, (part + 1) * size)
        head, tail = _envelope(month, part + 1, parts, after - first, _seed(con))
        query = sql("population_line", first=str(first), after=str(after))
        written.append(write_file(con, query, folder / f"population_{month.period}_part{part + 1:03d}.xml", head, tail))
    return written


def _where(con: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    _, size = _sizes(con)
    return f"'population_{month.period}_part' || pad(n // {size} + 1, 3) || '.xml'", f"n % {size} + 1"


def _sizes(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    rows = con.execute("select count(*) from population_row").fetchall()[0][0]
    parts = max(1, -(-rows // PERSONS_PER_FILE))
    return rows, max(1, -(-rows // parts))


def _seed(con: duckdb.DuckDBPyConnection) -> int:
    return int(con.execute("select getvariable('seed')").fetchall()[0][0])


def _envelope(month: Month, part: int, parts: int, persons: int, seed: int) -> tuple[str, str]:
    name = f"auyl:{seed}:{month.period}:{part}"
    message, correlation = uuid.uuid5(uuid.NAMESPACE_URL, name), uuid.uuid5(uuid.NAMESPACE_URL, name + ":answer")
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        '<ns2:SendMessageResponse xmlns:ns2="http://bip.bee.kz/SyncChannel/v10/Types" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<response><responseInfo><messageId>{message}</messageId><correlationId>{correlation}</correlationId>"
        f"<responseDate>{month.produced}T02:00:00.000+05:00</responseDate>"
        "<status><code>SCSS001</code><message>Message has been processed successfully</message></status></responseInfo>"
        f"<responseData><data><period>{month.period}</period><part>{part}</part><parts>{parts}</parts><persons>\n"
    )
    tail = (
        f"</persons><personCount>{persons}</personCount></data></responseData></response>"
        "</ns2:SendMessageResponse></soap:Body></soap:Envelope>\n"
    )
    return head, tail


FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "iin_short": Cell("iin", "ltrim(iin, '0')", "length(iin) = 12 and iin[1] = '0'"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])", outcome="quarantined"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)", outcome="warned"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra(
        {
            "begin_date": (
                "greatest(birth_date::date, begin_date::date - 200 - roll(key, 'older', 3000)::integer)::varchar"
            ),
            "district_code": "getvariable('other_gbd')[1 + roll(key, 'other', len(getvariable('other_gbd')))]",
            "city": "getvariable('other_city')[1 + roll(key, 'other', len(getvariable('other_city')))]",
            "rca": "''",
        },
        when="begin_date > birth_date",
    ),
    "unknown_district_code": Cell("district_code", "'1907999'"),
    "abolished_district_code": Cell("district_code", "h_gbd_old_code", "h_gbd_old_code is not null"),
    "rca_missing": Cell("rca", "''"),
    "rca_unknown": Cell("rca", "'9' || substr(rca, 2)"),
    "test_row": Extra({"iin": "'000000000000'", "surname": "'ТЕСТОВ'", "name": "'ТЕСТ'", "patronymic": "'ТЕСТОВИЧ'"}),
    "trailing_spaces": Cell("surname", "surname || '  '"),
    "future_date": Cell("begin_date", "a_future_day(key)::varchar", outcome="warned"),
}

REGISTRY = Registry(
    name="population",
    id_column="iin",
    labels={
        "iin": "iin",
        "surname": "surname",
        "name": "name",
        "patronymic": "patronymic",
        "birth_date": "birthDate",
        "death_date": "deathDate",
        "sex": "gender/code",
        "nationality": "nationality/code",
        "district_code": "regAddress/district/code",
        "city": "regAddress/city",
        "street": "regAddress/street",
        "building": "regAddress/building",
        "flat": "regAddress/flat",
        "begin_date": "regAddress/beginDate",
        "rca": "regAddress/arCode",
    },
    write=write,
    where=_where,
    faults=FAULTS,
)
