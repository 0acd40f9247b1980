"""A place that cannot be read costs its own row."""

from auyl.intake.quarantine import quarantine
from auyl.settings import Settings
from tests.formats.derived import collection, feature
from tests.intake.conftest import TakeIn

POINT = {"type": "Point", "coordinates": [77.25, 43.5]}
LINE = {"type": "LineString", "coordinates": [[77, 43], [78, 44]]}


def test_a_site_with_a_bad_or_no_geometry_is_quarantined_alone(take_in: TakeIn, settings: Settings) -> None:
    sites = [site(n, POINT) for n in range(1, 41)]
    sites[3]["geometry"], sites[7]["geometry"] = LINE, None
    result = take_in("waste_sites", {"w.geojson": collection(sites, period="2026-10", asOf="2026-11-01")})
    assert (result.status, result.staged, result.quarantined) == ("accepted", 38, 2), result.refusal
    frame = quarantine(settings, "waste_sites")
    assert sorted(zip(frame["_record"], frame["_line"], frame["site_id"], strict=True)) == [(4, 5, "4"), (8, 9, "8")]


def site(number: int, geometry: object) -> dict[str, object]:
    properties = {
        "id": str(number), "source": "акимат", "kind": "свалка", "name": "у реки", "status": "действует",
        "area_ha": 1.5, "found_on": "2026-05-01", "removed_on": None, "checked_on": "2026-10-10", "space_id": None,
        "district": "Енбекшиказахский район", "kato": "194083100", "settlement": "с.Шелек",
    }  # fmt: skip
    return feature(properties, geometry)
