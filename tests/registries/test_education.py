"""Schools are organisations with a БИН; their pupils are the children of the okrug."""

from collections import defaultdict
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_level_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("education", spoiled, settings)


def test_stage_has_twelve_levels_of_each_school(settings: Settings, clean: Path) -> None:
    result = take_in("education", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    levels = defaultdict(set)
    for row in stage_rows("education", settings):
        levels[row["school_bin"]].add(row["class_level"])
        assert row["language"] in ("kk", "ru", "mixed") and row["month"] == PERIOD
    assert len(levels) >= 131
    assert all(found == set(range(12)) for found in levels.values())


def test_pupils_are_the_children_of_their_okrug(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    children: dict[str, int] = defaultdict(int)
    for p in made.persons():
        months = (2026 - p["birth_date"].year) * 12 + 9 - p["birth_date"].month
        if p["is_alive"] and 6 <= months // 12 <= 17:
            children[p["okrug_kato"]] += 1
    okrug = {p["settlement_kato"]: p["okrug_kato"] for p in made.persons()}
    pupils: dict[str, int] = defaultdict(int)
    for row in made.rows("education").values():
        if row["kato"] in okrug:
            pupils[okrug[row["kato"]]] += int(row["pupils"] or 0)
    assert sum(pupils.values()) > 2_000
    assert all(pupils[k] <= children[k] for k in pupils)
    assert 0.95 < sum(pupils.values()) / sum(children.values()) < 1
