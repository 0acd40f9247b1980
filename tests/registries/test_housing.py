"""The plan is 758 houses in 55 settlements, and what is handed over was built."""

from pathlib import Path

from auyl.settings import Settings
from tests.lab.synthetic.readers import READERS
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path, clean: Path) -> None:
    load_and_judge("housing", spoiled, settings)
    (file,) = (clean / PERIOD / "housing").iterdir()
    names = {row["КАТО"]: row["Населенный пункт"] for _, _, row in READERS["housing"](file)}
    staged = [row for row in stage_rows("housing", settings) if not str(row["kato"]).endswith("99999")]
    assert all(row["settlement_name"] == names[str(row["kato"])] for row in staged), "names and codes are corrected"


def test_houses_of_the_plan_are_built_before_they_are_handed_over(settings: Settings, clean: Path) -> None:
    result = take_in("housing", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("housing", settings)
    assert sum(row["houses_planned"] for row in rows) == 758
    assert sum(row["houses_planned"] > 0 for row in rows) == 55
    assert 0 < sum(row["houses_handed_over"] for row in rows) < sum(row["houses_built"] for row in rows) < 758
    assert 0 < sum(row["persons_employed"] for row in rows) < sum(row["persons_moved"] for row in rows)
    assert {row["water"] for row in rows} == {"central", "wells", "delivered"}
    assert {"medical_post", "none"} <= {row["clinic"] for row in rows} <= {"clinic", "medical_post", "none"}
    assert {row["has_school"] for row in rows} == {True, False}


def test_the_file_is_what_a_spreadsheet_saves_as_unicode_text(clean: Path) -> None:
    (file,) = (clean / PERIOD / "housing").iterdir()
    content = file.read_bytes()
    assert content[:2] == b"\xff\xfe" and content.decode("utf-16").startswith("КАТО\tРайон\t")
