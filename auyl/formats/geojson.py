"""GeoJSON (RFC 7946): the features of one collection, their properties as text, their geometry as one point."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import GEOMETRY, Contract
from auyl.contracts.options import GeojsonOptions
from auyl.errors import shape
from auyl.formats import objects
from auyl.formats.common import RawResult, Reject, distinct, empty, write_part
from auyl.formats.encoding import check_text
from auyl.formats.marks import BROKEN_TEXT, STRUCTURE, mark

if TYPE_CHECKING:
    import duckdb

MAX_BYTES = 256 << 20
# About a centimetre.
DECIMALS = 7
PLACES = frozenset(("Point", "Polygon", "MultiPolygon"))
OTHER_GEOMETRIES = frozenset(("MultiPoint", "LineString", "MultiLineString", "GeometryCollection"))
DEGREES = ("CRS84", "EPSG:4326", "EPSG::4326")


@dataclass(frozen=True)
class _Point:
    lon: float
    lat: float


class _BadGeometry:
    """A geometry that is no place: what was expected, what was found, and how a refusal shows it."""

    def __init__(self, expected: str, found: str, shown: str | None = None) -> None:
        self.expected, self.found, self.shown = expected, found, shown or shape(found)


def _plain(value: Any) -> Any:
    """Coordinates as JSON writes them: `objects.Number` is a text."""
    if isinstance(value, list):
        return [_plain(one) for one in value[:9]]
    if isinstance(value, objects.Number):
        return float(value)
    return float("nan") if isinstance(value, str) and value.startswith(BROKEN_TEXT) else value


@dataclass(frozen=True)
class _Feature:
    number: int
    properties: dict[str, Any]
    place: _Point | _BadGeometry | None

    def cell(self, axis: str) -> str | None:
        """The degrees of an axis, or a mark."""
        if isinstance(self.place, _BadGeometry):
            return objects.as_text(mark(STRUCTURE, self.place.found))
        return None if self.place is None else f"{getattr(self.place, axis):.{DECIMALS}f}"


def read(contract: Contract, files: list[Path], folder: str, con: duckdb.DuckDBPyConnection, work: Path) -> RawResult:
    """Read feature collections of at most 256 MiB. Options: `GeojsonOptions`.

    A column's source is the name of a property, or `geometry:lon`, `geometry:lat`: degrees of the point, or of the
    centroid of the first ring. `_record` counts features from 1. No geometry is null; one of another kind, or whose
    coordinates are no degrees, is marked. What is no feature becomes a reject. Raises ExtractRefused, also where no
    feature has a geometry that can be read and some have a bad one: then the file is in another reference system.
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
        records = _features(contract, file, features, result)
        properties = [one.properties for one in records]
        matched, unknown = result.match_keys(contract, {key for one in properties for key in one}, file)
        table = {column.name: objects.column(properties, matched.get(column, ())) for column in contract.columns}
        for column in contract.columns:
            if column.source.startswith(GEOMETRY):
                axis = column.source.removeprefix(GEOMETRY)
                table[column.name] = pyarrow.array([one.cell(axis) for one in records], pyarrow.string())
        for name, shown in zip(unknown, distinct(unknown), strict=True):
            table[f"unknown:{shown}"] = objects.column(properties, [name])
        table["_file"] = pyarrow.array([file.name] * len(records), pyarrow.string())
        table["_record"] = pyarrow.array([one.number for one in records], pyarrow.int64())
        con.register("features", pyarrow.table(table))
        result.rows[file.name] = write_part(con, "select * from features", folder, number)
        con.unregister("features")
    return result


def _collection(contract: Contract, file: Path) -> dict[str, Any]:
    check_text(contract, file, "utf-8")

    def with_point(node: dict[str, Any]) -> dict[str, Any]:
        # Coordinates become a point as soon as they are read, so that a large collection is never held whole.
        if node.get("type") == "Feature" and node.get("geometry") is not None:
            node["geometry"] = _point(node["geometry"])
        return node

    collection = objects.load(contract, file, MAX_BYTES, object_hook=with_point)
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise contract.refusal(file, "a FeatureCollection", _type(collection))
    if not isinstance(collection.get("features"), list):
        raise contract.refusal(file, "a list «features»", f"keys {objects.keys_in_words(contract, collection)}")
    system = json.dumps(collection.get("crs"), default=str)
    if collection.get("crs") is not None and not any(name in system for name in DEGREES):
        code = re.search(r"EPSG:{1,2}[0-9]{4,6}", system)
        raise contract.refusal(file, "degrees of WGS 84 (RFC 7946)", f"crs {code.group() if code else shape(system)}")
    return collection


def _type(node: Any) -> str:
    if not isinstance(node, dict):
        return type(node).__name__
    stated = node.get("type")
    return "an object without a type" if stated is None else f"an object of the type {shape(stated)}"


def _features(contract: Contract, file: Path, features: list[Any], result: RawResult) -> list[_Feature]:
    """The features that are some; the others become rejects. Raises ExtractRefused when none is one."""
    records: list[_Feature] = []
    broken: dict[int, tuple[Any, str, str]] = {}
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            kind = _type(feature)
            broken[number] = feature, f"a Feature in place {number}", kind
        elif not isinstance(properties, dict | None):
            broken[number] = feature, f"properties of feature {number} as an object", type(properties).__name__
        else:
            # A key may have half of a surrogate pair, which no file of ours can hold.
            named = {key.encode("utf-8", "backslashreplace").decode(): v for key, v in (properties or {}).items()}
            records.append(_Feature(number, named, feature.get("geometry")))
    if not records:
        _, expected, found = broken[1]
        raise contract.refusal(file, expected, found)
    bad = [(one.number, one.place) for one in records if isinstance(one.place, _BadGeometry)]
    if bad and not any(isinstance(one.place, _Point) for one in records):
        number, place = bad[0]
        expected = f"geometry of feature {number}: {', '.join(sorted(PLACES))} or null; {place.expected}"
        raise contract.refusal(file, expected, place.shown)
    lines = locate(contract, file, set(broken)) if broken else {}
    for number, (feature, _, _) in broken.items():
        text = json.dumps(feature, default=vars)
        result.rejects.append(Reject(file.name, lines.get(number, 0), text, "record_unreadable"))
    return records


def _point(geometry: Any) -> _Point | _BadGeometry:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind in OTHER_GEOMETRIES:
        return _BadGeometry("a place", f"a {kind}", f"a {kind}")
    if kind not in PLACES:
        found = f"a geometry of type {kind or type(geometry).__name__}"
        return _BadGeometry("a place", found, "a geometry of another type")
    coordinates = geometry.get("coordinates")
    try:
        if kind == "Point":
            lon, lat = _pair(coordinates)
            return _Point(lon, lat)
        ring = coordinates[0] if kind == "Polygon" else coordinates[0][0]
        return _centroid([_pair(position) for position in ring])
    except (TypeError, ValueError, IndexError, KeyError):
        return _BadGeometry(f"coordinates of a {kind}", json.dumps(_plain(coordinates), ensure_ascii=False)[:120])


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


def locate(contract: Contract, file: Path, records: set[int]) -> dict[int, int]:
    """Line on which each of the `records` of a file begins."""
    text = file.read_bytes().rstrip(b"\0\x1a").decode("utf-8-sig")
    decoder, lines = json.JSONDecoder(strict=False), {}
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
