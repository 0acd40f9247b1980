"""Groups come in many words and leave as four; who is paid for a disability has one."""

from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("disability", spoiled, settings)


def test_stage_knows_four_groups_and_terms_that_end_or_do_not(settings: Settings, clean: Path) -> None:
    result = take_in("disability", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("disability", settings)
    assert {row["disability_group"] for row in rows} == {"1", "2", "3", "child"}
    assert {row["cause"] for row in rows} == {"illness", "from_childhood", "work_injury", "military_service"}
    assert all(row["is_indefinite"] == (row["disability_group"] == "1") for row in rows)
    assert all((row["valid_until_on"] is None) == row["is_indefinite"] for row in rows)
    assert all(str(row["valid_until_on"]) >= f"{PERIOD}-01" for row in rows if row["valid_until_on"])
    assert not {"iin", "surname", "given_name", "valid_until"} & set(rows[0])


def test_whoever_is_paid_for_a_disability_is_in_the_register(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    known = {row["iin"] for row in made.rows("disability").values()}
    paid = {row["ИИН"] for row in made.rows("social_assistance").values() if row["ВИД ПОМОЩИ"] == "ИНВ"}
    assert paid and paid < known
    persons = {p["iin"]: p for p in made.persons()}
    assert all(persons[iin]["is_alive"] for iin in known)
    assert 0.02 < len(known) / len(persons) < 0.06
