"""Address register: pages of a REST answer."""

from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Fault, Registry, kato_faults

LABELS = {
    "rca": "rca",
    "ats_id": "atsId",
    "kato": "cato",
    "street_type": "geonimType",
    "street": "geonim",
    "building": "building",
    "flat": "flat",
    "status": "statusCode",
    "created": "createdAt",
    "updated": "updatedAt",
}
FILE = Pages(size=10_000, null_when_empty=frozenset({"flat"}))

FAULTS: dict[str, Fault] = {
    "code_short": Cell("rca", "ltrim(rca, '0')", "rca[1] = '0'"),
    # Street and building stay in the vault, so no stage shows them corrected.
    "homoglyph": Cell("building", "translate(building, 'А', 'A')", outcome="kept"),
    "lost_letters": Cell("street", "lost_letters(street)"),
    "legacy_letters": Cell("street", "legacy_letters(street)", outcome="kept"),
    "exact_duplicate": Extra(),
    "conflicting_duplicate": Extra({"updated": "(updated::date - 200)::varchar", "building": "building || '/9'"}),
    **kato_faults(),
    "trailing_spaces": Cell("kato", "kato || ' '"),
    "future_date": Cell("updated", "a_future_day(key)::varchar"),
    "unknown_status": Cell("status", "choice(key, 'status', ['0', '9', 'ACTIVE'])"),
    "test_row": Extra({"rca": "'0000000000000000'", "street": "'Тест'", "building": "'1'"}),
}

REGISTRY = Registry("address_register", "rca", LABELS, FILE, faults=FAULTS)
