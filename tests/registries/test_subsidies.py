"""Applications for subsidies have one number each in whatever way it is written, and one status in two languages."""

import json
import re
from pathlib import Path

from auyl.settings import Settings
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    result = load_and_judge("subsidies", spoiled, settings)
    assert result.notes["unknown_columns"] == ["?column?"]


def test_stage_speaks_one_language_and_numbers_have_six_digits(settings: Settings, clean: Path) -> None:
    result = take_in("subsidies", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("subsidies", settings)
    assert {row["status"] for row in rows} == {"new", "review", "approved", "refused", "paid", "withdrawn"}
    assert len({row["category"] for row in rows}) == 7 and None not in {row["category"] for row in rows}
    assert all(re.fullmatch(r"[0-9]{4}-[0-9]{7}-[0-9]{6}", str(row["document_number"])) for row in rows)
    items = json.loads((clean / PERIOD / "subsidies" / "page-00001.json").read_bytes())["items"]
    lengths = {len(item["docnum"].rsplit("-", 1)[1]) for item in items}
    assert len(lengths) > 2 and lengths <= set(range(2, 7))
    assert {row["applicant_bin"] for row in rows} == {item["bin"] for item in items}
    assert sum(row["amount_kzt"] for row in rows) == sum(int(item["sum"].split(".")[0]) for item in items)
    assert not {"applicant_number", "applicant_name"} & set(rows[0])
    assert all((row["refusal_reason"] is not None) == (row["status"] == "refused") for row in rows)
