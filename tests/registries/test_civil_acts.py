"""Acts of civil status speak of the persons of the register, and what they change is changed there."""

import re
from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from lab import synthetic
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_act_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("civil_acts", spoiled, settings)


def test_stage_holds_every_act_with_its_kind_and_no_name(settings: Settings, clean: Path) -> None:
    result = take_in("civil_acts", clean, settings)
    rows = stage_rows("civil_acts", settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    assert set(Counter(row["kind"] for row in rows)) >= {"birth", "death", "marriage"}
    assert all((row["second_person_key"] is not None) for row in rows if row["kind"] in ("marriage", "divorce"))
    assert {row["month"] for row in rows} == {PERIOD}
    assert not {"iin", "surname", "given_name", "second_iin", "surname_before"} & set(rows[0])


def test_births_deaths_and_surnames_of_the_acts_are_those_of_the_population(tmp_path: Path) -> None:
    months = [Oblast(tmp_path, synthetic.make(tmp_path, period, 12_000, dirt=0)) for period in ("2026-09", "2026-10")]
    before, after = ({row["iin"]: row for row in one.rows("population").values()} for one in months)
    acts = list(months[1].rows("civil_acts").values())
    kinds = {kind: [a for a in acts if a["type/code"] == kind] for kind in "12345"}
    assert {a["person/iin"] for a in kinds["1"]} == set(after) - set(before)
    died = {i for i, row in after.items() if row["deathDate"] and not before[i]["deathDate"]}
    assert {a["person/iin"] for a in kinds["2"]} == died
    renamed = {i for i, row in after.items() if i in before and row["surname"] != before[i]["surname"]}
    assert renamed
    told = {a["person/iin"]: a for a in kinds["3"] + kinds["5"] if a["person/surname"] != a["person/surnameBefore"]}
    assert renamed == set(told)
    for iin, act in told.items():
        assert (act["person/surnameBefore"], act["person/surname"]) == (before[iin]["surname"], after[iin]["surname"])


def test_an_act_names_its_office_and_counts_itself(clean: Path) -> None:
    text = (clean / PERIOD / "civil_acts" / f"civil_acts_{PERIOD}_01.xml").read_text(encoding="utf-8")
    ((count,),) = (re.findall(r"<actCount>(\d+)</actCount>", text),)
    assert int(count) == text.count("<act>")
