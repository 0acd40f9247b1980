"""Disability: JSON pages of the central data base of persons with disabilities; values in both languages."""

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults, kato_faults

LABELS = {
    "case_number": "caseNumber",
    "iin": "iin",
    "surname": "lastName",
    "name": "firstName",
    "patronymic": "middleName",
    "birth_date": "birthDate",
    "grade": "group",
    "cause": "cause",
    "established": "establishedAt",
    "expires": "validUntil",
    "kato_code": "katoCode",
    "settlement": "settlement",
}
FILE = Pages(5_000, null_when_empty=frozenset({"patronymic"}), prefix="{registry}_{period}_", digits=3)

FAULTS: dict[str, Fault] = {
    **iin_faults("iin"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'неизвестно'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "russian_spelling": Cell("settlement", "russified(settlement)"),
    "exact_duplicate": Extra(),
    "dead_still_listed": Extra(
        {
            "iin": "h_dead_iin",
            "surname": "h_dead_surname",
            "name": "h_dead_name",
            "birth_date": "h_dead_birth_date",
            "case_number": "case_number || '/2'",
        },
        "h_dead_iin is not null",
    ),
    **kato_faults("kato_code"),
    "test_row": Extra({"iin": "'111111111111'", "surname": "'Тестов'", "name": "'Тест'"}),
    "trailing_spaces": Cell("grade", "grade || '  '"),
    "future_date": Cell("established", "a_future_day(key)::varchar"),
    "unknown_status": Cell("grade", "choice(key, 'odd group', ['IV группа', '0', 'не установлена'])"),
}

REGISTRY = Registry("disability", "iin", LABELS, FILE, faults=FAULTS)
