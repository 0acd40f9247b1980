"""GeoJSON (RFC 7946): the features of one collection, their properties as text, their geometry as one point."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import GEOMETRY, Contract
from auyl.contracts.options import GeojsonOptions
from auyl.formats import objects
from auyl.formats.common import RawResult, distinct, empty, write_part
from auyl.formats.encoding import check_text

if TYPE_CHECKING:
    import duckdb

MAX_BYTES = 256 << 20
# About a centimetre.
DECIMALS = 7
PLACES = frozenset(("Point", "Polygon", "MultiPolygon"))
OTHER_GEOMETRIES = frozenset(("MultiPoint", "LineString", "MultiLineString"))
DEGREES = ("CRS84", "EPSG:4326", "EPSG::4326")


@dataclass(frozen=True)
class _Point:
    lon: float
    lat: float


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read feature collections of at most 256 MiB. Options: `GeojsonOptions`.

    A column's source is the name of a property, or `geometry:lon`, `geometry:lat`: degrees of the point, or of the
    centroid of the first ring. `_record` counts features from 1. No geometry is null. Raises ExtractRefused
    for a geometry of another kind, coordinates that are no pair of numbers, a reference system other than WGS 84.
    """
    import pyarrow

    result = RawResult()
    for number, file in enumerate(files, start=1):
        collection = _collection(contract, file)
        features = collection["features"]
        if not features:
            raise empty(contract, file, "a collection without a feature")
        result.add_envelope(contract, file, objects.envelope(contract, file, collection))
        total = objects.count(contract, file, collection, contract.options(GeojsonOptions).total)
        if total is not None and total != len(features):
            raise contract.refusal(file, f"{total} features, as the collection says", f"{len(features)} features")
        properties = [_properties(contract, file, n, feature) for n, feature in enumerate(features, start=1)]
        matched, unknown = result.match_keys(contract, {key for one in properties for key in one}, file)
        points = [feature.get("geometry") for feature in features]
        table = {column.name: objects.column(properties, matched.get(column, ())) for column in contract.columns}
        for column in contract.columns:
            if column.source.startswith(GEOMETRY):
                axis = column.source.removeprefix(GEOMETRY)
                cells = [None if point is None else f"{getattr(point, axis):.{DECIMALS}f}" for point in points]
                table[column.name] = pyarrow.array(cells, pyarrow.string())
        for name, shown in zip(unknown, distinct(unknown), strict=True):
            table[f"unknown:{shown}"] = objects.column(properties, [name])
        table["_file"] = pyarrow.array([file.name] * len(features), pyarrow.string())
        table["_record"] = pyarrow.array(range(1, len(features) + 1), pyarrow.int64())
        con.register("features", pyarrow.table(table))
        result.rows[file.name] = write_part(con, "select * from features", folder, number)
        con.unregister("features")
    return result


def _collection(contract: Contract, file: Path) -> dict[str, Any]:
    check_text(contract, file, "utf-8")

    def point(node: dict[str, Any]) -> Any:
        # Coordinates become a point as soon as they are read, so that a large collection is never held whole.
        return _point(contract, file, node) if "coordinates" in node or "geometries" in node else node

    collection = objects.load(contract, file, MAX_BYTES, object_hook=point)
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        kind = collection.get("type") if isinstance(collection, dict) else type(collection).__name__
        raise contract.refusal(file, "a FeatureCollection", f"{kind}")
    if not isinstance(collection.get("features"), list):
        raise contract.refusal(file, "a list «features»", f"keys {', '.join(list(collection)[:9])}")
    system = json.dumps(collection.get("crs"), default=str)
    if collection.get("crs") is not None and not any(name in system for name in DEGREES):
        raise contract.refusal(file, "degrees of WGS 84 (RFC 7946)", f"crs {system[:120]}")
    return collection


def _point(contract: Contract, file: Path, node: dict[str, Any]) -> Any:
    kind, coordinates = node.get("type"), node.get("coordinates")
    if kind in OTHER_GEOMETRIES or kind == "GeometryCollection":
        raise contract.refusal(file, f"geometry of {', '.join(sorted(PLACES))}", f"a {kind}")
    if kind not in PLACES:
        return node
    try:
        if kind == "Point":
            lon, lat = _pair(coordinates)
            return _Point(lon, lat)
        ring = coordinates[0] if kind == "Polygon" else coordinates[0][0]  # type: ignore[index]
        return _centroid([_pair(position) for position in ring])
    except (TypeError, ValueError, IndexError, KeyError) as error:
        found = json.dumps(coordinates, ensure_ascii=False, default=str)[:120]
        raise contract.refusal(file, f"coordinates of a {kind}", found) from error


def _pair(position: Any) -> tuple[float, float]:
    lon, lat = position[0], position[1]
    if not (isinstance(lon, objects.Number) and isinstance(lat, objects.Number)):
        raise ValueError("no numbers")
    if abs(float(lon)) > 180 or abs(float(lat)) > 90:
        raise ValueError("no degrees")
    return float(lon) + 0, float(lat) + 0


def _centroid(ring: list[tuple[float, float]]) -> _Point:
    """Centroid of the area inside a ring; the mean of its corners where there is none."""
    if len(ring) < 4 or ring[0] != ring[-1]:
        raise ValueError("a ring is closed and has four positions at least")
    # Relative to a corner: far from the origin the terms would lose their digits.
    x0, y0 = ring[0]
    area = x = y = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        cross = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        area += cross
        x += (x1 + x2 - 2 * x0) * cross
        y += (y1 + y2 - 2 * y0) * cross
    if abs(area) < 1e-14:
        corners = ring[:-1]
        return _Point(sum(p[0] for p in corners) / len(corners), sum(p[1] for p in corners) / len(corners))
    return _Point(x0 + x / (3 * area), y0 + y / (3 * area))


def _properties(contract: Contract, file: Path, number: int, feature: Any) -> dict[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        kind = feature.get("type") if isinstance(feature, dict) else type(feature).__name__
        raise contract.refusal(file, f"a Feature in place {number}", f"{kind}")
    if not (feature.get("geometry") is None or isinstance(feature["geometry"], _Point)):
        found = json.dumps(feature["geometry"], ensure_ascii=False, default=str)[:120]
        raise contract.refusal(file, f"geometry of feature {number}: {', '.join(sorted(PLACES))} or null", found)
    properties = feature.get("properties")
    if not isinstance(properties, dict | None):
        raise contract.refusal(file, f"properties of feature {number} as an object", type(properties).__name__)
    return properties or {}


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins."""
    text = file.read_bytes().decode("utf-8-sig")
    decoder, lines = json.JSONDecoder(), {}
    at = text.find("[", text.find('"features"')) + 1
    counted = line = 0
    for number in range(1, max(records, default=0) + 1):
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if number in records:
            line += text.count("\n", counted, at)
            counted = at
            lines[number] = line + 1
        _, at = decoder.raw_decode(text, at)
    return lines
