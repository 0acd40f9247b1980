"""122 items of the road map, a quarter of them done, and a plan for every village."""

from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("road_map", spoiled, settings)


def test_items_are_done_running_overdue_or_not_begun(settings: Settings, clean: Path) -> None:
    result = take_in("road_map", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("road_map", settings)
    of_oblast = Counter(row["status"] for row in rows if row["plan"] == "road_map")
    assert sum(of_oblast.values()) == 122 and 0.15 < of_oblast["done"] / 122 < 0.35
    of_villages = Counter(row["kato"] for row in rows if row["plan"] == "village_plan")
    assert len(of_villages) > 360 and set(of_villages.values()) == {5}
    assert {row["status"] for row in rows} == {"done", "running", "overdue", "not_begun"}
    for row in rows:
        assert (row["status"] == "done") == (row["done_on"] is not None)
        assert 0 <= row["spent_thousand_kzt"] <= row["planned_thousand_kzt"]
    assert all(str(row["deadline_on"]) <= f"{PERIOD}-31" for row in rows if row["status"] == "overdue")
