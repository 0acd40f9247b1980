"""Organisations keep their public number, sole traders become a key, and ОКЭД is one code however it is written."""

import re
from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("business_register", spoiled, settings)


def test_stage_knows_kind_activity_size_and_who_is_closed(settings: Settings, clean: Path) -> None:
    result = take_in("business_register", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("business_register", settings)
    given = list(Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0)).rows("business_register").values())
    assert any("." in (row["Основной код ОКЭД"] or "") for row in given)
    assert all(re.fullmatch("[0-9]{5}", str(row["oked"])) for row in rows)
    kinds = Counter(row["kind"] for row in rows)
    assert set(kinds) == {"farm", "legal_entity", "sole_trader"}
    assert {"agriculture", "food_processing", "trade", "services"} <= {row["activity"] for row in rows}
    assert {row["size"] for row in rows} == {"small", "medium"}
    assert sum(row["status"] == "closed" for row in rows) == sum(bool(row["Дата ликвидации"]) for row in given) > 0
    assert all((row["bin"] is None) == (row["kind"] == "sole_trader") for row in rows)
    assert not {"organisation_number", "organisation_name", "head_name"} & set(rows[0])


def test_who_is_lent_or_paid_money_is_registered(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    known = {row["БИН/ИИН"] for row in made.rows("business_register").values()}
    assert {row["bin"] for row in made.rows("subsidies").values()} <= known
    assert {row["ИИН/БИН заявителя"] for row in made.rows("loans").values()} <= known
