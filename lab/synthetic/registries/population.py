"""Population: ГБД ФЛ through the government gateway, one person per line."""

from lab.synthetic.engine import sql
from lab.synthetic.files.messages import Message
from lab.synthetic.registry import Cell, Extra, Fault, Registry, iin_faults

LABELS = {
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
}


class PersonMessage(Message):
    """A message whose lines have more elements than the registry has columns."""

    def key(self, registry: Registry, seed: int) -> str:
        """Identifiers do not depend on the registry."""
        return f"auyl:{seed}"

    def query(self, registry: Registry, first: int, after: int) -> str:
        """SQL of the lines of the rows from `first` up to, not including, `after`."""
        return sql("population_line", first=str(first), after=str(after))


FILE = PersonMessage("persons", "person", "personCount")

FAULTS: dict[str, Fault] = {
    **iin_faults("iin"),
    "birth_date_disagrees": Cell("birth_date", "days_before(birth_date::date, key)::varchar"),
    "birth_date_unparsable": Cell(
        "birth_date", "choice(key, 'no date', ['0000-00-00', '1985-02-31', '2001-13-05', 'н/д'])"
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

REGISTRY = Registry("population", "iin", LABELS, FILE, faults=FAULTS)
