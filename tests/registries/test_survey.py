"""Answers stay on their scale, and weights add up to the adults of an okrug."""

from collections import Counter, defaultdict
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in

SCORES = ("trust_score", "roads_score", "water_score", "medicine_score", "heard_score")


def test_every_spoiled_answer_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("survey", spoiled, settings)


def test_stage_has_answers_from_1_to_5_or_none(settings: Settings, clean: Path) -> None:
    result = take_in("survey", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("survey", settings)
    for score in SCORES:
        assert {row[score] for row in rows} == {None, 1, 2, 3, 4, 5}
    assert {row["sex"] for row in rows} == {"m", "f"}
    assert {row["age_group"] for row in rows} == {"18-29", "30-44", "45-59", "60+"}
    assert all(row["district_name"] and row["okrug_name"] for row in rows)
    assert max(Counter((row["district_name"], row["okrug_name"]) for row in rows).values()) == 30


def test_weights_add_up_to_the_adults_of_the_okrug(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    adults = Counter(
        p["okrug_kato"] for p in made.persons() if p["is_alive"] and p["birth_date"].isoformat() <= "2008-10-31"
    )
    weights: dict[str, float] = defaultdict(float)
    for row in made.rows("survey").values():
        weights[str(row["Номер анкеты"]).split("-")[2]] += float(row["Вес"] or 0)
    assert len(weights) > 100
    assert all(abs(weight - adults[okrug]) < 1 for okrug, weight in weights.items())
