"""Civil service: the personnel system through the government gateway; a line is a post of an akimat."""

from lab.synthetic.files.messages import Message
from lab.synthetic.registry import Cell, Extra, Fault, Registry, kato_faults

LABELS = {
    "post": "postNumber",
    "body_bin": "body/bin",
    "body_name": "body/nameRu",
    "kato": "body/kato",
    "post_code": "post/code",
    "category": "post/category",
    "is_vacant": "post/vacant",
    "vacant_since": "post/vacantSince",
    "pay": "post/pay",
    "iin": "holder/iin",
    "surname": "holder/surname",
    "name": "holder/name",
    "age": "holder/age",
    "since": "holder/appointedOn",
    "is_first_time": "holder/firstTime",
    "is_new": "holder/newToService",
    "trained_on": "holder/schoolOfAkims",
    "took_office": "term/kind",
    "nominated_by": "term/nominatedBy",
    "term_begin": "term/begin",
    "term_end": "term/end",
    "month": "month",
}
FILE = Message(
    "posts",
    "position",
    "positionCount",
    nil=frozenset({"vacant_since", "since", "trained_on", "term_begin", "term_end"}),
)

FAULTS: dict[str, Fault] = {
    "iin_bad_checksum": Cell("iin", "wrong_check_digit(iin, key)", "length(iin) = 12"),
    "iin_missing": Cell("iin", "''", "length(iin) = 12"),
    "lost_letters": Cell("surname", "lost_letters(surname)"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("pay", "'-' || pay"),
    "amount_not_number": Cell("pay", "choice(key, 'no sum', ['н/д', 'по штату', '250-300 тыс.'])"),
    **kato_faults(),
    "test_row": Extra({"post": "post || '9'", "surname": "'ТЕСТОВ'", "name": "'ТЕСТ'", "iin": "'123456789012'"}),
    "future_date": Cell("since", "a_future_day(key)::varchar", "since <> ''"),
    "wrong_period": Cell("month", "strftime(getvariable('last_month_day'), '%Y-%m')"),
    "unknown_status": Cell("post_code", "'X9'"),
    "vacancy_hidden": Cell("is_vacant", "'false'", "is_vacant = 'true'"),
}

REGISTRY = Registry("civil_service", "post", LABELS, FILE, order="key", faults=FAULTS)
