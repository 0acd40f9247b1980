"""GeoJSON: properties become columns, a geometry one point, and what is no whole collection is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl.formats import geojson
from auyl.intake import quarantine
from auyl.settings import Settings
from auyl.store.lake import Lake
from tests import extracts
from tests.formats.conftest import LoadDerived
from tests.formats.derived import collection, feature

OPTIONS: dict[str, Any] = {
    "format": "geojson",
    "columns": {
        "lon": {"physicalName": "geometry:lon", "logicalType": "number", "description": "degrees"},
        "lat": {"physicalName": "geometry:lat", "logicalType": "number", "description": "degrees"},
    },
}
POINT = {"type": "Point", "coordinates": [77.25, 43.5, 900]}
SQUARE = [[77.0, 43.0], [77.2, 43.0], [77.2, 43.1], [77.0, 43.1], [77.0, 43.0]]
HOLE = [[77.01, 43.01], [77.02, 43.01], [77.02, 43.02], [77.01, 43.01]]
Refusal = Callable[..., str]


def seekers(*geometries: object, **changes: object) -> list[dict[str, object]]:
    return [feature(extracts.jobseeker(n, **changes), one) for n, one in enumerate(geometries, start=1)]


def raw(settings: Settings) -> list[tuple[Any, ...]]:
    lake = Lake(settings.lake)
    (path,) = lake.files("raw")
    return duckdb.sql(f"select lon, lat, iin, _record from '{lake.address(path)}' order by _record").fetchall()


def test_a_geometry_is_its_point_or_the_centroid_of_its_first_ring(
    load_derived: LoadDerived, settings: Settings
) -> None:
    features = seekers(
        POINT, {"type": "Polygon", "coordinates": [SQUARE, HOLE]}, {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        None, {"type": "Polygon", "coordinates": [[[77.0, 43.0], [77.2, 43.0], [77.4, 43.0], [77.0, 43.0]]]},
    )  # fmt: skip
    result = load_derived("employment", OPTIONS, {"p.geojson": collection(features)})
    assert (result.status, result.rows_in) == ("accepted", 5)
    places = [("77.2500000", "43.5000000"), ("77.1000000", "43.0500000"), ("77.1000000", "43.0500000"), (None, None)]
    places.append(("77.2000000", "43.0000000"))
    assert raw(settings) == [(*place, extracts.iin(n), n) for n, place in enumerate(places, start=1)]


def test_the_centroid_is_that_of_the_area() -> None:
    triangle = [(70.0, 50.0), (70.3, 50.0), (70.0, 50.6), (70.0, 50.0)]
    place = geojson._centroid(triangle)
    assert (round(place.lon, 9), round(place.lat, 9)) == (70.1, 50.2)
    corner = [(70.0, 50.0), (70.2, 50.0), (70.2, 50.1), (70.1, 50.1), (70.1, 50.2), (70.0, 50.2), (70.0, 50.0)]
    place = geojson._centroid(corner)
    assert (round(place.lon, 6), round(place.lat, 6)) == (70.083333, 50.083333)

    back = geojson._centroid(corner[::-1])
    assert (round(back.lon, 9), round(back.lat, 9)) == (round(place.lon, 9), round(place.lat, 9))


def test_a_feature_is_found_on_its_line(load_derived: LoadDerived, settings: Settings, tmp_path: Path) -> None:
    features = seekers(*[POINT] * 20)
    features[7]["properties"] |= {"iin": "123456789012"}  # type: ignore[operator]
    load_derived("employment", OPTIONS, {"p.geojson": collection(features, name="x")})
    frame = quarantine.quarantine(replace(settings, include=tmp_path / "include"), "derived")
    assert list(zip(frame["_record"], frame["_line"], strict=True)) == [(8, 9)]


def test_another_period_or_total_than_stated_is_refused(refusal: Refusal) -> None:
    options = OPTIONS | {"envelope": {"period": "period"}, "total": "numberMatched"}
    text = refusal("employment", options, {"p.geojson": collection(seekers(POINT), period="2026-09")})
    assert "found period 2026-09" in text
    text = refusal("employment", options, {"p.geojson": collection(seekers(POINT), period="Омаров 980606350320")})
    assert "found period «АААААА 999999999999»" in text
    text = refusal("employment", options, {"p.geojson": collection(seekers(POINT), numberMatched=2)})
    assert "expected 2 features" in text and "found 1 features" in text


LINE = {"type": "LineString", "coordinates": [[77, 43], [78, 44]]}
METRES = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32643"}}


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (b"", "at least one record", "0 bytes"),
        (collection([]), "at least one record", "without a feature"),
        (collection(seekers(POINT, POINT))[:-40], "whole JSON", "Expecting"),
        (json.dumps(feature({}, POINT)).encode(), "a FeatureCollection", "the type AAAAAAA."),
        (json.dumps([1]).encode(), "a FeatureCollection", "list"),
        (b'{"type": "FeatureCollection"}', "a list «features»", "keys type"),
        (collection(seekers(None, LINE)), "geometry of feature 2: MultiPolygon, Point, Polygon", "a LineString"),
        (collection(seekers({"type": "Circle"}, LINE)), "geometry of feature 1", "of another type"),
        (collection(seekers({"type": "Point", "coordinates": []})), "coordinates of a Point", "[]"),
        (collection(seekers({"type": "Point", "coordinates": ["77", "43"]})), "of a Point", '["99", "99"]'),
        (
            collection(seekers({"type": "Point", "coordinates": [643210.5, 4791234.1]})),
            "of a Point",
            "[999999.9, 9999999.9]",
        ),
        (
            collection(seekers({"type": "Polygon", "coordinates": [SQUARE[:3]]})),
            "of a Polygon",
            "[[[99.9, 99.9], [99.9, 99.9]",
        ),
        (collection(seekers(POINT), crs=METRES), "degrees of WGS 84", "32643"),
        (collection(seekers(POINT), crs="980606350320"), "degrees of WGS 84", "999999999999"),
        (collection(seekers(POINT)).replace(b"77.25", b"NaN"), "coordinates of a Point", "[AAA, 99.9"),
        (collection(seekers(POINT)).decode().encode("utf-16"), "whole JSON in UTF-8", "text in UTF-16"),
        (collection([{"type": "Feature", "geometry": None, "properties": [1]}]), "properties of feature 1", "list"),
        (collection([{"geometry": None}]), "a Feature in place 1", "without a type"),
    ],
)
def test_what_is_no_complete_feature_collection_is_refused(
    refusal: Refusal, content: bytes, expected: str, found: str
) -> None:
    text = refusal("employment", OPTIONS, {"p.geojson": content})
    assert "p.geojson" in text and expected in text and found in text


BAD = [
    (LINE, "a LineString"),
    ({"type": "GeometryCollection", "geometries": [POINT]}, "a GeometryCollection"),
    ({"type": "Circle", "coordinates": [77, 43]}, "a geometry of type Circle"),
    ([77.25, 43.5], "a geometry of type list"),
    ({"type": "Point", "coordinates": ["77.25", "43.5"]}, '["77.25", "43.5"]'),
    ({"type": "Point", "coordinates": [77.25]}, "[77.25]"),
    ({"type": "Point", "coordinates": [77.25, None]}, "[77.25, null]"),
    ({"type": "Point", "coordinates": [643210.5, 4791234.1]}, "[643210.5, 4791234.1]"),
    ({"type": "Point", "coordinates": float("nan")}, "NaN"),
    ({"type": "Point", "coordinates": [float("inf"), 43.5]}, "[NaN, 43.5]"),
    ({"type": "Point"}, "null"),
    ({"type": "Polygon", "coordinates": []}, "[]"),
    ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "[[[77.0, 43.0], [77.2, 43.0], [77.2, 43.1]]]"),
    ({"type": "MultiPolygon", "coordinates": [SQUARE]}, "[[[77.0, 43.0], [77.2, 43.0],"),
]


def test_a_bad_geometry_costs_its_own_feature_only(load_derived: LoadDerived, settings: Settings) -> None:
    geometries = [POINT, *(geometry for geometry, _ in BAD), None, *[POINT] * 5 * len(BAD)]
    result = load_derived("employment", OPTIONS, {"p.geojson": collection(seekers(*geometries))})
    assert result.status == "accepted", result.refusal
    assert (result.staged, result.quarantined) == (2 + 5 * len(BAD), len(BAD))
    first, *bad, last = raw(settings)[: len(BAD) + 2]
    assert first == ("77.2500000", "43.5000000", extracts.iin(1), 1)
    for (lon, lat, iin, record), (_, found) in zip(bad, BAD, strict=True):
        assert lon == lat and lon.startswith(f"#STRUCTURE! {found}"), record
        assert iin == extracts.iin(record)
    assert last == (None, None, extracts.iin(len(BAD) + 2), len(BAD) + 2)


def test_what_is_no_feature_is_rejected_alone(load_derived: LoadDerived, settings: Settings) -> None:
    features: list[object] = [*seekers(*[POINT] * 18)]
    features[1:1] = [None, {"type": "Feature", "geometry": None, "properties": [1]}]
    result = load_derived("employment", OPTIONS, {"p.geojson": collection(features)})
    assert (result.status, result.rows_in, result.failed["record_unreadable"]) == ("accepted", 20, 2), result.refusal
    numbers = [1, *range(4, 21)]
    assert [(row[2], row[3]) for row in raw(settings)] == [(extracts.iin(n), r) for n, r in enumerate(numbers, 1)]


def test_a_property_named_like_a_geometry_is_a_property(load_derived: LoadDerived, settings: Settings) -> None:
    features = seekers(POINT, type="Point", coordinates="как в акте")
    result = load_derived("employment", OPTIONS, {"p.geojson": collection(features)})
    assert (result.status, raw(settings)[0][:2]) == ("accepted", ("77.2500000", "43.5000000")), result.refusal


def test_a_collection_that_is_too_large_is_refused(refusal: Refusal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson, "MAX_BYTES", 100)
    assert "at most 100 bytes" in refusal("employment", OPTIONS, {"p.geojson": collection(seekers(POINT))})
