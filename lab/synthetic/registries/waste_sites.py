"""Waste sites: GeoJSON, one collection with the points of the akimats and one with polygons seen from space."""

from pathlib import Path

import duckdb

from lab.synthetic.engine import Month
from lab.synthetic.files.writing import Written, write_file
from lab.synthetic.registry import Cell, Extra, Fault, Registry, kato_faults

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
_GEOMETRY = {
    1: """'{"type":"Point","coordinates":' || position || '}'""",
    2: """'{"type":"Polygon","coordinates":[' || square(position) || ']}'""",
}


class Collections:
    """A GeoJSON file per source."""

    def write(self, con: duckdb.DuckDBPyConnection, registry: Registry, folder: Path, month: Month) -> list[Written]:
        """Write both collections. An empty cell is null; an area is a number where it reads as one."""
        values = {c: f"coalesce(to_json(nullif({c}, ''))::varchar, 'null')" for c in LABELS if c != "position"}
        values["area"] = f"case when try_cast(area as double) is not null then area else {values['area']} end"
        properties = " || ',' || ".join(f"'\"{LABELS[column]}\":' || {value}" for column, value in values.items())
        written = []
        for part, name in _PARTS.items():
            query = f"""
                select
                    case when n = first then '' else ',' end || '{{"type":"Feature","properties":{{' || {properties}
                    || '}},"geometry":' || {_GEOMETRY[part]} || '}}' || chr(10) as line
                from (select *, rowid as n, min(rowid) over () as first from waste_sites_row where part = {part})
                order by n
            """
            head = (
                f'{{"type":"FeatureCollection","period":"{month.period}","asOf":"{month.as_of}","source":"{name}",'
                '"features":[\n'
            )
            written.append(write_file(con, query, folder / _file(month, name), head, "]}\n"))
        return written

    def where(self, con: duckdb.DuckDBPyConnection, registry: Registry, month: Month) -> tuple[str, str]:
        """The file of the row's part."""
        names = " ".join(f"when {part} then '{_file(month, name)}'" for part, name in _PARTS.items())
        return f"case part {names} end", "n + 1"


def _file(month: Month, name: str) -> str:
    return f"waste_sites_{month.period}_{name}.geojson"


FAULTS: dict[str, Fault] = {
    "homoglyph": Cell("settlement", "translate(settlement, 'Аае', 'Aae')"),
    "exact_duplicate": Extra(),
    "amount_negative": Cell("area", "'-' || area"),
    "amount_not_number": Cell("area", "choice(key, 'no area', ['н/д', '2-3 га', '#ЗНАЧ!'])"),
    **kato_faults(when="kato <> ''"),
    "trailing_spaces": Cell("settlement", "settlement || '  '"),
    "future_date": Cell("checked", "a_future_day(key)::varchar"),
    "unknown_status": Cell("status", "choice(key, 'status', ['1', 'на контроле', '?'])"),
    "swapped_coordinates": Cell("position", r"regexp_replace(position, '\[(.*), (.*)\]', '[\2, \1]')"),
    "removed_on_paper": Cell("status", "'ликвидирована'", "h_is_open_dump"),
    "test_row": Extra({"id": "'TEST-1'", "name": "'Тест'"}),
}

REGISTRY = Registry("waste_sites", "id", LABELS, Collections(), has_parts=True, faults=FAULTS)
