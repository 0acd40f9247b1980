"""What the lake has lost is made again: landed bytes by the same bytes, everything else by a load."""

from pathlib import Path

import pytest

from auyl import intake, ledger
from auyl.errors import LandingLost
from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests.extracts import PERIOD, ambulance_csv, call, social_csv, social_row

ROWS = [*(social_row(n) for n in range(1, 41)), social_row(50, ИИН="123456789012")]


def take_in(settings: Settings, folder: Path, name: str = "s.csv") -> intake.BatchResult:
    file = folder / name
    file.write_bytes(social_csv(ROWS))
    return intake.load(intake.land_files("social_assistance", PERIOD, [file], settings), settings)


@pytest.mark.parametrize("is_damaged", [False, True], ids=["lost", "damaged"])
def test_the_same_bytes_put_a_lost_landing_back(settings: Settings, tmp_path: Path, is_damaged: bool) -> None:
    first = take_in(settings, tmp_path)
    lake, delivery = Lake(settings.lake), ledger.delivery(settings, first.delivery_id)
    landed = f"{delivery.landing_path}/s.csv"
    whole = lake.read(landed)
    if is_damaged:
        lake.write(landed, whole[:-40])
        lake.remove("stage/social_assistance")
        with pytest.raises(LandingLost, match=f"found one of {len(whole) - 40} bytes in place of {len(whole)}. Give"):
            intake.load(first.delivery_id, settings)
    else:
        for zone in ("landing", "raw", "stage", "linkable", "quarantine"):
            lake.remove(f"{zone}/social_assistance")
        with pytest.raises(
            LandingLost, match=rf"{landed} in the lake, found none. Give the same bytes again: auyl intake"
        ):
            intake.load(first.delivery_id, settings)
    again = take_in(settings, tmp_path, "another_name.csv")
    assert lake.read(landed) == whole
    assert (again.batch_id, again.staged, again.linkable) == (first.batch_id, 40, 1)
    assert list(quarantine(settings, "social_assistance")["_record"]) == [41]
    assert take_in(settings, tmp_path).status == "unchanged"
    assert [b.batch_id for b in ledger.accepted(settings, PERIOD, PERIOD)] == [first.batch_id]


def test_a_lost_stage_is_made_again_by_a_load(settings: Settings, tmp_path: Path) -> None:
    first = take_in(settings, tmp_path)
    lake = Lake(settings.lake)
    (batch,) = ledger.current_batches(settings, "social_assistance", PERIOD)
    before = lake.sha256(batch.stage_path)
    lake.remove("stage/social_assistance")
    assert intake.load(first.delivery_id, settings).batch_id == first.batch_id
    assert lake.sha256(batch.stage_path) == before


def test_changes_of_a_month_load_where_another_month_lost_its_rows(settings: Settings, tmp_path: Path) -> None:
    results = []
    for period in ("2026-09", PERIOD):
        file = tmp_path / "calls.csv"
        file.write_bytes(ambulance_csv([call(n) for n in range(1, 21)]).replace(b"2026-10-05", f"{period}-05".encode()))
        results.append(intake.load(intake.land_files("ambulance", period, [file], settings), settings))
        Lake(settings.lake).remove("stage/ambulance/2026-09")
    assert [r.status for r in results] == ["accepted", "accepted"]
    (drift,) = [d for d in results[1].drifts if d.kind == ledger.ROWS_MOVED]
    assert (drift.name, drift.found) == ("2026-09", "not compared: the lake lost rows")
