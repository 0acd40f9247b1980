"""Nearly every resident is with the clinic of the home; who is not, is a disagreement that the truth names."""

from pathlib import Path

import duckdb

from auyl.settings import Settings
from tests.registries.ground_truth import PERIOD, faults, load_and_judge, stage_rows, take_in


def test_every_spoiled_attachment_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("clinic_attachment", spoiled, settings)
    kept = {f["kind"] for f in faults("clinic_attachment", spoiled) if f["outcome"] == "kept"}
    assert kept == {"attached_elsewhere", "dead_still_listed"}


def test_stage_has_97_of_100_residents_at_clinics_with_a_valid_number(settings: Settings, clean: Path) -> None:
    result = take_in("clinic_attachment", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    persons = str(clean / "truth" / PERIOD / "persons.parquet")
    ((residents,),) = duckdb.sql(f"select count(*) from '{persons}' where is_alive").fetchall()
    assert 0.96 < result.staged / residents < 0.98
    rows = stage_rows("clinic_attachment", settings)
    assert not {"iin"} & set(rows[0])
    assert {len(row["clinic_bin"]) for row in rows} == {12}
    assert 100 < len({row["clinic_bin"] for row in rows}) < 400
    assert all(row["site_number"].isdigit() for row in rows)
