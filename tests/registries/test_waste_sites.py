"""Waste sites: what akimats report beside what is seen from space, in one registry."""

import json

import pytest

from auyl.settings import REPOSITORY, Settings
from tests.lab.synthetic.readers import Oblast
from tests.registries.taken import Taken, assert_faults_are_judged, corrected


@pytest.fixture(scope="module")
def registry() -> str:
    """Of this module."""
    return "waste_sites"


def test_broken_rows_are_found_and_good_ones_pass(taken_dirty: Taken) -> None:
    assert_faults_are_judged(taken_dirty)


def test_spoiled_names_and_codes_are_mended(taken_dirty: Taken, taken_clean: Taken) -> None:
    corrected(taken_dirty, taken_clean, {"kato": "kato", "settlement": "settlement_name"}, "site_id")


def test_sites_are_typed_and_stand_where_the_file_says(taken_clean: Taken) -> None:
    rows = taken_clean.oblast.rows("waste_sites")
    assert len(rows) == len(taken_clean.stage)
    for at, staged in taken_clean.stage.items():
        lon, lat = json.loads(rows[at]["geometry"] or "")
        assert float(staged["lon"]) == pytest.approx(lon, abs=1e-6)
        assert float(staged["lat"]) == pytest.approx(lat, abs=1e-6)
        assert (staged["source"] == "akimat") == (staged["kato"] is not None)
        assert (staged["status"] == "open") == (staged["removed_on"] is None)
        assert staged["_warned"] is None
    assert {row["status"] for row in taken_clean.stage.values()} == {"open", "closed", "removed"}
    assert {row["kind"] for row in taken_clean.stage.values()} == {"landfill", "dump"}


def test_what_was_removed_on_paper_is_staged_with_a_warning_and_still_seen(taken_dirty: Taken) -> None:
    paper = [f for f in taken_dirty.oblast.faults("waste_sites") if f["kind"] == "removed_on_paper"]
    assert paper
    for fault in paper:
        row = taken_dirty.stage[fault["file"], fault["record"]]
        assert (row["status"], row["removed_on"], row["_warned"]) == ("removed", None, ["removed_has_a_day"])


def test_last_months_file_under_this_months_name_is_refused(settings: Settings, clean_oblast: Oblast) -> None:
    from auyl import intake

    files = sorted(clean_oblast.folder("waste_sites").iterdir())
    result = intake.load(intake.land_files("waste_sites", "2026-11", files, settings), settings)
    assert result.status == "refused" and "period 2026-10" in str(result.refusal)


def test_a_dump_that_an_akimat_calls_open_is_seen_from_space_at_its_place(clean_oblast: Oblast) -> None:
    rows = list(clean_oblast.rows("waste_sites").values())
    seen = {row["id"]: json.loads(row["geometry"] or "") for row in rows if row["source"] == "космос"}
    told = [row for row in rows if row["space_id"]]
    assert told
    for row in told:
        lon, lat = json.loads(row["geometry"] or "")
        assert seen[row["space_id"]] == pytest.approx([lon, lat], abs=0.0006)


def test_collections_are_geojson_with_closed_rings(clean_oblast: Oblast) -> None:
    for path in clean_oblast.folder("waste_sites").iterdir():
        collection = json.loads(path.read_bytes())
        assert (collection["type"], collection["period"]) == ("FeatureCollection", "2026-10")
        for feature in collection["features"]:
            if feature["geometry"]["type"] == "Polygon":
                (ring,) = feature["geometry"]["coordinates"]
                assert len(ring) == 5 and ring[0] == ring[-1]


def test_the_contract_names_the_sources_of_geometry() -> None:
    from auyl import contracts

    contract = contracts.load("waste_sites", REPOSITORY / "include")
    sources = {column.name: column.source for column in contract.columns}
    assert (sources["lon"], sources["lat"], contract.format) == ("geometry:lon", "geometry:lat", "geojson")
