"""Employment: pages of the labour exchange's REST answer."""

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults, kato_faults

LABELS = {
    "id": "id",
    "iin": "iin",
    "surname": "lastName",
    "name": "firstName",
    "patronymic": "middleName",
    "birth_date": "birthDate",
    "registered_at": "registeredAt",
    "status": "status",
    "placed_at": "placedAt",
    "placement_kind": "placementKind",
    "kato_code": "katoCode",
    "settlement": "settlement",
    "education": "education",
    "profession": "profession",
}
FILE = Pages(1_000, null_when_empty=frozenset({"placed_at", "placement_kind"}))

FAULTS: dict[str, Fault] = {
    **iin_faults("iin"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'неизвестно'])"
    ),
    "homoglyph": Cell("surname", "homoglyphs(surname)", outcome="warned"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "exact_duplicate": Extra(),
    **kato_faults("kato_code"),
    "test_row": Extra({"iin": "'111111111111'", "surname": "'Тестов'", "name": "'Тест'"}),
    "trailing_spaces": Cell("surname", "surname || '  '"),
    "future_date": Cell("registered_at", "a_future_day(key)::varchar", outcome="warned"),
    "unknown_status": Cell("status", "'PAUSED'"),
}

REGISTRY = Registry("employment", "id", LABELS, FILE, faults=FAULTS)
