"""The files are valid in their formats, and without faults they agree with the ground truth."""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from tests.lab.synthetic.readers import PEOPLE, PERIOD, SLOTS, Oblast

WEIGHTS = (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2))


def check_digit(eleven: str) -> int:
    """The two passes of the rule for ИИН and БИН; 10 for a number that is never issued."""
    for weights in WEIGHTS:
        digit = sum(int(d) * w for d, w in zip(eleven, weights, strict=True)) % 11
        if digit < 10:
            return digit
    return 10


def test_every_person_has_a_unique_valid_iin_with_birth_date_and_sex(clean: Oblast) -> None:
    persons = clean.persons()
    assert len({p["iin"] for p in persons}) == len(persons)
    for p in persons:
        iin, birth = p["iin"], p["birth_date"]
        assert check_digit(iin[:11]) == int(iin[11])
        assert iin[:6] == f"{birth:%y%m%d}"
        assert int(iin[6]) == (3 if birth.year < 2000 else 5) + (p["sex"] == "2")


def test_the_second_pass_is_used_where_the_first_gives_ten(clean: Oblast) -> None:
    second = [p for p in clean.persons() if sum(int(d) * w for d, w in zip(p["iin"], WEIGHTS[0])) % 11 == 10]  # noqa: B905
    assert 0.05 < len(second) / len(clean.persons()) < 0.13


def test_the_oblast_is_as_large_young_and_uneven_as_asked(clean: Oblast) -> None:
    living = [p for p in clean.persons() if p["is_alive"]]
    assert abs(len(living) / PEOPLE - 1) < 0.03
    young = sum((date(2026, 10, 31) - p["birth_date"]).days < 15 * 365.25 for p in living)
    assert 0.27 < young / len(living) < 0.35
    sizes = sorted(Counter(p["okrug_kato"] for p in living).values())
    assert sizes[-1] > 20 * sizes[0]
    dead = len(clean.persons()) - len(living)
    assert 0.001 < dead / len(living) < 0.012


def test_clean_population_agrees_with_the_ground_truth_of_persons(clean: Oblast) -> None:
    rows = {row["iin"]: row for row in clean.rows("population").values()}
    persons = clean.persons()
    assert len(rows) == len(persons)
    address = dict(
        line.split(",") for line in (clean.extracts / "reference" / "address.csv").read_text().splitlines()[1:]
    )
    for p in persons:
        row = rows[p["iin"]]
        assert row["birthDate"] == str(p["birth_date"])
        assert row["gender/code"] == p["sex"]
        assert (row["lifeStatus/code"] == "1") == (row["deathDate"] not in (None, "")) == (not p["is_alive"])
        assert row["birthDate"] <= (row["regAddress/beginDate"] or "") <= "2026-10-31"
        assert re.fullmatch("[0-9]{16}", row["regAddress/arCode"] or "")
        assert address[row["regAddress/arCode"]] == p["settlement_kato"]


def test_population_names_are_upper_case_kazakh_and_russian_with_many_values(clean: Oblast) -> None:
    rows = clean.rows("population").values()
    assert all(re.fullmatch("[А-ЯӘҒҚҢӨҰҮҺІЁ]+", row["surname"] or "") for row in rows)
    assert any(set("ӘҒҚҢӨҰҮІ") & set(row["surname"] or "") for row in rows)
    assert len({row["surname"] for row in rows}) > 900
    assert len({row["name"] for row in rows}) > 700


def test_population_parts_count_their_persons(clean: Oblast) -> None:
    paths = sorted(clean.folder("population").iterdir())
    assert [path.name for path in paths] == [f"population_{PERIOD}_part001.xml"]
    tree = etree.parse(paths[0])
    assert int(tree.findtext(".//personCount") or 0) == len(tree.findall(".//person"))
    assert tree.findtext(".//responseDate") == "2026-11-01T02:00:00.000+05:00"
    assert tree.findtext(".//period") == PERIOD


def test_members_of_a_household_share_address_and_code(clean: Oblast) -> None:
    homes = defaultdict(set)
    for row in clean.rows("population").values():
        homes[row["regAddress/arCode"]].add(
            (row["regAddress/street"], row["regAddress/building"], row["regAddress/city"])
        )
    assert all(len(addresses) == 1 for addresses in homes.values())
    assert len(homes) < PEOPLE / 3


@pytest.mark.parametrize(
    ("registry", "column"),
    [
        ("social_assistance", "ИИН"),
        ("ambulance", "patient_iin"),
        ("employment", "iin"),
        ("livestock", "Владелец ИИН/БИН"),
    ],
)
def test_the_other_registries_are_about_living_persons_of_the_register(
    clean: Oblast, registry: str, column: str
) -> None:
    living = {p["iin"] for p in clean.persons() if p["is_alive"]}
    ids = [row[column] for row in clean.rows(registry).values() if row[column]]
    assert ids
    businesses = [i for i in ids if i not in living]
    assert all(registry == "livestock" and i[4] == "4" and check_digit(i[:11]) == int(i[11]) for i in businesses)
    assert len(businesses) < len(ids) / 5


def test_social_assistance_is_cp1251_with_kazakh_letters_in_font_slots(clean: Oblast) -> None:
    text = next(clean.folder("social_assistance").iterdir()).read_bytes().decode("cp1251")
    assert not set(text) & set(SLOTS.values()) - set("ІіҺһ")
    assert set(text) & {chr(code) for code in SLOTS}
    lines = text.split("\r\n")
    assert lines[0].startswith("№;ИИН;ФАМИЛИЯ") and lines[-1] == ""
    for row in clean.rows("social_assistance").values():
        assert re.fullmatch(r"[0-9]{1,3}( [0-9]{3})*,[0-9]{2}", row["СУММА, ТЕНГЕ"] or "")
        assert row["ПЕРИОД"] == "10.2026"


def test_livestock_tags_are_unique_and_dates_follow_a_life(clean: Oblast) -> None:
    rows = clean.rows("livestock")
    tags = [row["ИНЖ"] or "" for row in rows.values()]
    assert len(set(tags)) == len(tags)
    digits = {"КРС": "1", "МРС": "2", "Лошади": "4", "Верблюды": "5"}
    for (file, _), row in rows.items():
        assert re.fullmatch("KZB" + digits[file.split("#")[1]] + "[0-9]{8}", row["ИНЖ"] or "")
        born, *later = (
            date(*map(int, reversed(text.split("."))))
            for text in (row["Дата рождения"], row["Дата вакцинации"], row["Дата исследования на бруцеллез"])
            if text
        )
        assert all(born < day <= date(2026, 10, 31) for day in later)
    assert {"отрицательный", ""} <= {row["Результат исследования"] for row in rows.values()}


def test_some_dates_of_the_workbook_are_dates_and_some_are_text(clean: Oblast) -> None:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(next(clean.folder("livestock").iterdir()))
    kinds = {type(row[3]) for row in book.get_sheet_by_name("МРС").to_python()[3:]}
    assert kinds == {str, date}


def test_a_call_goes_through_its_times_in_order(clean: Oblast) -> None:
    rows = list(clean.rows("ambulance").values())
    for row in rows:
        times = [row[c] for c in ("received_at", "dispatched_at", "arrived_at", "finished_at", "updated_at") if row[c]]
        assert times == sorted(times, key=str)
        assert (row["received_at"] or "").startswith(PERIOD)
    assert 0.3 < sum(bool(row["patient_iin"]) for row in rows) / len(rows) < 0.5
    assert [row["call_id"] for row in rows] == sorted(row["call_id"] or "" for row in rows)


def test_employment_pages_are_whole_and_know_their_number(clean: Oblast) -> None:
    pages = [json.loads(path.read_bytes()) for path in sorted(clean.folder("employment").iterdir())]
    assert [page["page"] for page in pages] == list(range(1, len(pages) + 1))
    assert {page["pages"] for page in pages} == {len(pages)}
    assert {page["total"] for page in pages} == {sum(len(page["items"]) for page in pages)}
    assert {page["asOf"] for page in pages} == {"2026-10-31"}
    for item in (item for page in pages for item in page["items"]):
        assert (item["status"] == "PLACED") == (item["placedAt"] is not None) == (item["placementKind"] is not None)
        assert item["registeredAt"] <= (item["placedAt"] or "2026-10-31") <= "2026-10-31"


def test_every_total_of_a_budget_is_the_sum_of_its_parts(clean: Oblast) -> None:
    okrugs = defaultdict(list)
    for row in clean.rows("budget_okrug").values():
        okrugs[row["kato"]].append(row)
    assert len(okrugs) == 131
    for rows in okrugs.values():
        for column in ("utv", "utch", "plg", "plgp", "sumrg", "obz"):
            parts: dict[str, Decimal] = defaultdict(Decimal)
            for row in rows:
                if row["parent_id"]:
                    parts[row["parent_id"]] += Decimal(row[column] or "0")
            amounts = {f"{row['id']}.0": Decimal(row[column] or "0") for row in rows}
            assert all(amounts[parent] == amount for parent, amount in parts.items())
        assert [row["name"] for row in rows if row["level"] == "0"] == ["I. ДОХОДЫ", "II. ЗАТРАТЫ"]
        assert sum(row["level"] == "1" for row in rows[:22]) == 4


def test_the_summary_counts_the_rows_of_the_files(oblast: Oblast) -> None:
    for registry, files in oblast.summary.rows.items():
        counts = Counter(file.split("#")[0] for file, _ in oblast.rows(registry))
        assert counts == Counter(files)
        assert oblast.summary.total(registry) == len(oblast.rows(registry))
    assert oblast.summary.residents == sum(p["is_alive"] for p in oblast.persons())
