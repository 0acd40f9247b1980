"""Tiny extracts of every registry, written by hand, for tests that change one thing in a good one."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.iin import check_digit

PERIOD = "2026-10"


def iin(number: int, birth: str = "1990-03-12", sex: str = "m") -> str:
    """A valid ИИН for a birth date; `number` tells persons of one day apart."""
    century = {"19": 3, "20": 5}[birth[:2]] + (sex == "f")
    while True:
        first = birth[2:4] + birth[5:7] + birth[8:10] + str(century) + f"{number:04d}"
        digit = check_digit(first)
        if digit is not None:
            return first + digit
        number += 5000


def person(number: int, **changes: str | None) -> dict[str, str | None]:
    """A person of ГБД ФЛ as the elements of its message."""
    good: dict[str, str | None] = {
        "iin": iin(number), "surname": "ОМАРОВ", "name": "АЙБЕК", "patronymic": "СЕРІКҰЛЫ", "birthDate": "1990-03-12",
        "deathDate": None, "gender/code": "1", "lifeStatus/code": "0", "district": "1907244", "city": "ШЕЛЕК",
        "beginDate": "2015-01-01", "arCode": None, "removed": "false",
    }  # fmt: skip
    return good | changes


def population_xml(
    persons: list[dict[str, str | None]], period: str = PERIOD, part: int = 1, parts: int = 1, count: int | None = None,
    made: str = "2026-11-01T02:00:00.000+05:00",
) -> bytes:  # fmt: skip
    """A ГБД ФЛ answer with these persons."""

    def element(name: str, value: str | None) -> str:
        return f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{value}</{name}>"

    rows = "\n".join(
        "<person>"
        + "".join(
            element(n, p[n]) for n in ("iin", "surname", "name", "patronymic", "birthDate", "deathDate") if n in p
        )
        + f"<gender>{element('code', p['gender/code'])}</gender>"
        + f"<lifeStatus>{element('code', p['lifeStatus/code'])}</lifeStatus><regAddress><district>"
        + f"{element('code', p['district'])}</district>{element('city', p['city'])}"
        + element("beginDate", p["beginDate"])
        + f"{element('arCode', p['arCode'])}</regAddress>{element('removed', p['removed'])}</person>"
        for p in persons
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ns2:SendMessageResponse '
        'xmlns:ns2="http://bip.bee.kz/SyncChannel/v10/Types" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<response><responseInfo><responseDate>{made}</responseDate></responseInfo><responseData><data>"
        f"<period>{period}</period><part>{part}</part><parts>{parts}</parts><persons>\n{rows}\n</persons>"
        f"<personCount>{len(persons) if count is None else count}</personCount></data></responseData></response>"
        "</ns2:SendMessageResponse></soap:Body></soap:Envelope>\n"
    ).encode()


SOCIAL_HEADING = (
    "№;ИИН;ФАМИЛИЯ;ИМЯ;ОТЧЕСТВО;ДАТА РОЖДЕНИЯ;ВИД ПОМОЩИ;СУММА, ТЕНГЕ;ПЕРИОД;ДАТА НАЗНАЧЕНИЯ;ЛИЦЕВОЙ СЧЕТ СЕМЬИ;"
    "ЧЛЕНОВ СЕМЬИ;РАЙОН;СЕЛЬСКИЙ ОКРУГ;НАСЕЛЕННЫЙ ПУНКТ"
)


def social_row(number: int, **changes: str) -> list[str]:
    """A recipient as a line of the paper."""
    good = {
        "№": str(number), "ИИН": iin(number), "ФАМИЛИЯ": "ОМАРОВ", "ИМЯ": "АЙБЕК", "ОТЧЕСТВО": "СЕРІКОВИЧ",
        "ДАТА РОЖДЕНИЯ": "12.03.1990", "ВИД ПОМОЩИ": "АСП", "СУММА, ТЕНГЕ": "46 228,00", "ПЕРИОД": "10.2026",
        "ДАТА НАЗНАЧЕНИЯ": "01.10.2026", "ЛИЦЕВОЙ СЧЕТ СЕМЬИ": "100", "ЧЛЕНОВ СЕМЬИ": "5",
        "РАЙОН": "Енбекшиказахский район", "СЕЛЬСКИЙ ОКРУГ": "Шелекский с.о.", "НАСЕЛЕННЫЙ ПУНКТ": "с.Шелек",
    }  # fmt: skip
    return list((good | changes).values())


def social_csv(rows: list[list[str]], heading: str = SOCIAL_HEADING, encoding: str = "cp1251") -> bytes:
    """The file of social assistance with these lines."""
    text = io.StringIO()
    text.write(heading + "\r\n")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


LIVESTOCK_HEADING = (
    "ИНЖ", "Вид", "Пол", "Дата рождения", "Владелец ИИН/БИН", "КАТО", "Населенный пункт", "Дата вакцинации",
    "Дата исследования на бруцеллез", "Результат исследования", "Дата отчета",
)  # fmt: skip


def animal(number: int, **changes: object) -> list[object]:
    """An animal as a row of the sheet."""
    good: dict[str, object] = dict(
        zip(
            LIVESTOCK_HEADING,
            (
                f"KZB1{number:08d}", "КРС", "самка", "01.02.2022", iin(number), "194083100", "Шелек", "05.05.2026",
                "06.05.2026", "отрицательный", "31.10.2026",
            ),
            strict=True,
        )
    )  # fmt: skip
    return list((good | changes).values())


def livestock_xlsx(
    path: Path, sheets: dict[str, list[list[object]]], heading: tuple[str, ...] = LIVESTOCK_HEADING
) -> Path:
    """A workbook: title, an empty row, the heading, then the rows."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "Сведения о сельскохозяйственных животных по состоянию на 31.10.2026")
            sheet.write_row(2, 0, heading)
            for at, row in enumerate(rows, start=3):
                sheet.write_row(at, 0, row)
    return path


def jobseeker(number: int, **changes: object) -> dict[str, object]:
    """A jobseeker as an item of a page."""
    good: dict[str, object] = {
        "id": f"j-{number}", "iin": iin(number), "lastName": "Омаров", "firstName": "Айбек", "middleName": None,
        "birthDate": "1990-03-12", "registeredAt": "2026-09-01", "status": "SEEKING", "placedAt": None,
        "placementKind": None, "katoCode": "194083100", "settlement": "Шелек", "education": "среднее", "profession": "",
    }  # fmt: skip
    return good | changes


def page(
    items: list[dict[str, object]], number: int = 1, pages: int = 1, total: int | None = None, period: str = PERIOD
) -> bytes:
    """A page of the employment interface."""
    body = {
        "asOf": "2026-10-31", "period": period, "page": number, "pages": pages,
        "total": len(items) if total is None else total, "items": items,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


CALL_HEADING = (
    "call_id", "received_at", "category", "address", "patient_iin", "patient_age", "patient_sex", "reason", "brigade",
    "dispatched_at", "arrived_at", "finished_at", "outcome", "updated_at",
)  # fmt: skip


def call(number: int, **changes: str) -> list[str]:
    """A call as a row of the dispatch table."""
    good = dict(
        zip(
            CALL_HEADING,
            (
                str(number), "2026-10-05 10:00:00", "2", "Енбекшиказахский р-н, с.Шелек, ул.Абая 12", "", "40", "m",
                "боль", "7", "2026-10-05 10:02:00", "2026-10-05 10:14:00", "2026-10-05 11:00:00", "помощь",
                "2026-10-05 11:00:00",
            ),
            strict=True,
        )
    )  # fmt: skip
    return list((good | changes).values())


def ambulance_csv(rows: list[list[str]]) -> bytes:
    """Calls as the SQL source lands them."""
    text = io.StringIO()
    csv.writer(text).writerows([list(CALL_HEADING), *rows])
    return text.getvalue().encode()


BUDGET_HEADING = (
    "kato;id;code;name;utv;utch;plg;plgp;plgo;sumrg;obz;obzsumrg;plgpsumrg;plgsumrg;level;isLeaf;loaded;expanded;"
    "parentCode;parent_id;month"
)


def budget_csv(katos: list[str], month: str = "10.2026") -> bytes:
    """Budgets of these okrugs: income 100, of it tax 20, transfers 80; spending 90, thousand KZT."""
    lines = [BUDGET_HEADING]
    for kato in katos:
        for line_id, name, level, amount in (
            (1, "I. ДОХОДЫ", 0, 100.0),
            (6, "НАЛОГОВЫЕ ПОСТУПЛЕНИЯ", 1, 20.0),
            (7, "ПОСТУПЛЕНИЯ ТРАНСФЕРТОВ", 1, 80.0),
            (20, "II. ЗАТРАТЫ", 0, 90.0),
        ):
            lines.append(
                f"{kato};{line_id};1.0;{name};{amount};{amount};{amount};{amount};0.0;{amount};0.0;0.0;100.0;80.0;{level};"
                f"False;True;False;;;{month}"
            )
    return ("\ufeff" + "\n".join(lines) + "\n").encode()
