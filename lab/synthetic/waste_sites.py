"""Waste sites: GeoJSON, one collection of the akimats' points and one of polygons seen from space."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.registry import Cell, Extra, Fault, Registry
from lab.synthetic.writing import Written, write_file

LABELS = {
    "id": "id",
    "source": "source",
    "kind": "kind",
    "name": "name",
    "status": "status",
    "area": "area_ha",
    "found": "found_on",
    "removed": "removed_on",
    "checked": "checked_on",
    "space_id": "space_id",
    "district": "district",
    "kato": "kato",
    "settlement": "settlement",
    "position": "geometry",
}
_PARTS = {1: "official", 2: "space"}


def write(con: duckdb.DuckDBPyConnection, folder: Path, month: Month) -> list[Written]:
    """Write both collections. An empty cell is null, an area is a number where it reads as one."""
    values = {c: f"coalesce(to_json(nullif({c}, ''))::varchar, 'null')" for c in LABELS if c != "position"}
    values["area"] = f"case when try_cast(area as double) is not null then area else {values['area']} end"
    properties = " || ',' || ".join(f"'\"{LABELS[column]}\":' || {value}" for column, value in values.items())
    written = []
    for part, name in _PARTS.items():
        geometry = (
            """'{"type":"Point","coordinates":' || position || '}'"""
            if part == 1
            else """'{"type":"Polygon","coordinates":[' || square(position) || ']}'"""
        )
        query = f"""
            select
                case when n = first then '' else ',' end || '{{"type":"Feature","properties":{{' || {properties}
                || '}},"geometry":' || {geometry} || '}}' || chr(10) as line
            from (select *, rowid as n, min(rowid) over () as first from waste_sites_row where part = {part})
            order by n
        """
        head = (
            f'{{"type":"FeatureCollection","period":"{month.period}","asOf":"{month.as_of}","source":"{name}",'
            '"features":[\n'
        )
        written.append(write_file(con, query, folder / _file(month, name), head, "]}\n"))
    return written


def _file(month: Month, name: str) -> str:
    return f"waste_sites_{month.period}_{name}.geojson"


def _where(_: duckdb.DuckDBPyConnection, month: Month) -> tuple[str, str]:
    names = " ".join(f"when {part} then '{_file(month, name)}'" for part, name in _PARTS.items())
    return f"case part {names} end", "n + 1"


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("area", "'-' || area"),
    "amount_not_number": Cell("area", "choice(key, 'no area', ['н/д', '2-3 га', '#ЗНАЧ!'])"),
    "code_as_float": Cell("kato", "kato || '.0'", "kato <> ''"),
    "unknown_kato": Cell("kato", "left(kato, 4) || '99999'", "kato <> ''"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("checked", "a_future_day(key)::varchar"),
    "unknown_status": Cell("status", "choice(key, 'status', ['1', 'на контроле', '?'])"),
    "swapped_coordinates": Cell("position", r"regexp_replace(position, '\[(.*), (.*)\]', '[\2, \1]')"),
    "removed_on_paper": Cell("status", "'ликвидирована'", "h_is_open_dump"),
    "test_row": Extra({"id": "'TEST-1'", "name": "'Тест'"}),
}

REGISTRY = Registry("waste_sites", "id", LABELS, write, _where, has_parts=True, faults=FAULTS)
