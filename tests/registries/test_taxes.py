"""Taxes name payers and what they owe; a firm keeps its number, a person becomes a key."""

from decimal import Decimal
from pathlib import Path

from auyl.settings import Settings
from tests.lab.synthetic.readers import READERS
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("taxes", spoiled, settings)


def test_a_payer_who_owes_has_not_paid_and_no_person_is_named(settings: Settings, clean: Path) -> None:
    result = take_in("taxes", clean, settings)
    rows = stage_rows("taxes", settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    assert not {"payer_number", "payer_name"} & set(rows[0])
    assert {row["payer_kind"] for row in rows} == {"citizen", "sole_trader", "farm", "legal_entity"}
    assert {row["tax"] for row in rows} == {"income", "property", "land", "vehicle", "single_land"}
    (file,) = (clean / PERIOD / "taxes").iterdir()
    given = {(r["payer/xin"], r["kbk"], r["kato"]): Decimal(r["arrears"] or "") for _, _, r in READERS["taxes"](file)}
    assert len(given) == len(rows)
    assert sum(Decimal(str(row["arrears_kzt"])) for row in rows) == sum(given.values()) > 0
    for row in rows:
        assert (row["payer_bin"] is None) == (row["payer_number_kind"] == "iin")
    owing = [row for row in rows if row["arrears_kzt"]]
    assert owing and all(row["paid_kzt"] == 0 and row["last_paid_on"] is None for row in owing)
