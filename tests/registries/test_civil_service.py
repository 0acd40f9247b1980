"""Posts are filled by persons of the register or vacant, and 122 of 131 akims were elected."""

from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("civil_service", spoiled, settings)


def test_akims_have_terms_and_other_posts_may_stand_empty(settings: Settings, clean: Path) -> None:
    result = take_in("civil_service", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("civil_service", settings)
    akims = [row for row in rows if row["post"] == "akim"]
    assert len({row["kato"] for row in akims}) == len(akims) == 131
    assert Counter(row["took_office"] for row in akims) == {"elected": 122, "appointed": 9}
    assert 40 < sum(row["age"] for row in akims) / 131 < 49
    assert all(row["term_begins_on"] < row["term_ends_on"] for row in akims)
    assert all((row["nominated_by"] is None) == (row["took_office"] == "appointed") for row in akims)
    assert any(row["party"] for row in akims) and any(row["nominated_by"] == "self" for row in akims)
    vacant = Counter(row["post"] for row in rows if row["is_vacant"])
    assert vacant["veterinarian"] > 20 < vacant["land_surveyor"] and vacant["akim"] == 0
    assert all(row["is_vacant"] == (row["person_key"] is None) for row in rows)
    assert not {"iin", "surname", "given_name"} & set(rows[0])


def test_holders_are_living_persons_of_the_register(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    living = {p["iin"] for p in made.persons() if p["is_alive"]}
    holders = {row["holder/iin"] for row in made.rows("civil_service").values() if row["holder/iin"]}
    assert holders and holders <= living
