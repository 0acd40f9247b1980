"""A plot has one number in whatever way it is written, and its area keeps four decimals behind a comma."""

import re
from decimal import Decimal
from pathlib import Path

from auyl.settings import Settings
from tests.lab.synthetic.readers import READERS
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path, clean: Path) -> None:
    load_and_judge("land", spoiled, settings)
    names = {row["settlement_name"] for row in stage_rows("land", settings)}
    (file,) = (clean / PERIOD / "land").iterdir()
    known = {row["НАСЕЛЕННЫЙ ПУНКТ"] for _, _, row in READERS["land"](file)}
    assert {name for name in names if "?" not in str(name)} <= known, "look-alikes and old letters are corrected"


def test_three_spellings_of_a_number_are_one_and_areas_are_exact(settings: Settings, clean: Path) -> None:
    result = take_in("land", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = {row["cadastral_number"]: row for row in stage_rows("land", settings)}
    (file,) = (clean / PERIOD / "land").iterdir()
    given = [row for _, _, row in READERS["land"](file)]
    assert {re.sub("[0-9]", "", row["КАДАСТРОВЫЙ НОМЕР"] or "") for row in given} == {"---", ":::", ""}
    assert len(rows) == len(given) == result.staged
    for row in given:
        digits = re.sub("[^0-9]", "", row["КАДАСТРОВЫЙ НОМЕР"] or "")
        found = rows["-".join((digits[:2], digits[2:5], digits[5:8], digits[8:]))]
        assert found["area_ha"] == Decimal((row["ПЛОЩАДЬ, ГА"] or "").replace(" ", "").replace(",", "."))
        assert found["is_pasture"] == (row["ПАСТБИЩЕ"] in ("да", "иә"))
    assert {row["purpose"] for row in rows.values()} == {
        "homestead", "arable", "hayfield", "pasture", "common_pasture", "reserve",
    }  # fmt: skip
    assert {row["land_right"] for row in rows.values()} == {"private", "lease", "permanent_use", "state"}
    assert any(row["returned_on"] for row in rows.values()) and "holder_number" not in next(iter(rows.values()))
    assert all(row["land_right"] in ("permanent_use", "state") for row in rows.values() if row["returned_on"])
