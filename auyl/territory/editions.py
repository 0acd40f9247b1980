"""Territory of one edition: the KATO file, the district dictionary of ГБД ФЛ and the address register, as Parquet.

What belongs here: reading these three, with errors that an engineer can act on, and writing
`<target>/<edition>/kato.parquet`, `crosswalk.parquet`, `address.parquet`. What stays out: placing rows
(`include/sql/territory/resolve_place.sql`). The rules stand in `include/sql/territory/`.

kato(kato, edition, level, kind, parent_kato, okrug_kato, district_kato, oblast_kato, name_ru, name_kk, name_key_ru,
name_key_kk, is_rural_akimat, is_main_settlement); level in oblast, district, okrug, settlement.
crosswalk(code, name_ru, name_kk, changed_on, kato, is_in_edition, district_kato, found_by, refused, name_key_ru,
name_key_kk); found_by in code, name, former code.
address(rca, kato, settlement_kato, okrug_kato, district_kato).
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from auyl.errors import ExtractRefused
from auyl.settings import REPOSITORY
from auyl.store.closed import make_folder
from auyl.store.duck import COMPACT, bind, literal, sql, write_parquet

LEVELS = ("oblast", "district", "sub_district", "settlement")
KATO_COLUMNS = ("kato", "kato_version", "level", "name_ru", "name_kk")
CROSSWALK_COLUMNS = ("CODE", "RU_NAME", "KZ_NAME", "CHANGE_DATE", "KATO")
ADDRESS_COLUMNS = ("rca", "kato")

_OWNERS = {
    "kato": "whoever downloaded the file from stat.gov.kz",
    "crosswalk": "whoever brought the district dictionary of ГБД ФЛ",
    "address": "the owner of the address register",
}
# The code of a table: its column, its pattern, and the pattern in words. Addresses are counted, not refused, in SQL.
_CODES = {
    "kato": ("kato", re.compile("[1-9][0-9]{8}"), "a code of 9 digits"),
    "crosswalk": ("CODE", re.compile("[0-9]{7}"), "a code of 7 digits"),
}


@dataclass(frozen=True)
class RefusedCode:
    """A row of the crosswalk whose KATO was rejected. `reason` is region, group or reused (see crosswalk.sql)."""

    code: str
    name_ru: str
    kato: str | None
    reason: str
    district_kato: str | None


@dataclass(frozen=True)
class TerritorySummary:
    """What one edition holds and where it was written."""

    edition: str
    folder: str
    places: dict[str, int]
    rural_akimats: int
    main_settlements: int
    crosswalk_codes: int
    crosswalk_placed: int
    crosswalk_refused: tuple[RefusedCode, ...]
    addresses: int
    addresses_not_in_edition: int
    sha256: dict[str, str]


def load(
    kato_file: Path,
    target: Path | str,
    con: duckdb.DuckDBPyConnection,
    *,
    edition: str | None = None,
    crosswalk_file: Path | None = None,
    address_file: Path | None = None,
    include: Path = REPOSITORY / "include",
) -> TerritorySummary:
    """Read the three files and write `<target>/<edition>/{kato,crosswalk,address}.parquet`.

    The same input gives the same bytes.

    `con` carries the macros (`auyl.store.duck`). `target` is a folder or an address that `con` can write to. Without
    `edition` it is the file's kato_version with the date of its workbook from `<name>.source.json` beside it, or with a
    digest of the file where that is absent. Without a crosswalk or an address file their tables are written empty.

    Raises ExtractRefused for a missing column, a code of a wrong form, a code given twice, an unknown level, a place
    without a parent, a wrong encoding, an empty file; nothing is written then.
    """
    kato = _read(kato_file, "kato", KATO_COLUMNS)
    _check_levels(kato_file, kato)
    edition = _checked_edition(kato_file, edition or edition_of(kato_file))
    crosswalk = (
        _read(crosswalk_file, "crosswalk", CROSSWALK_COLUMNS) if crosswalk_file else _empty(CROSSWALK_COLUMNS)
    ).rename_columns(["code", "name_ru", "name_kk", "changed_at", "kato", "line"])
    address = _read(address_file, "address", ADDRESS_COLUMNS) if address_file else _empty(ADDRESS_COLUMNS)

    rules = include / "sql" / "territory"
    con.register("_kato_source", kato)
    con.register("_crosswalk_source", crosswalk)
    con.register("_address_source", address)
    try:
        names = {"edition_name": literal(edition), "kato": "_kato"}
        for table, source in (
            ("kato", "_kato_source"),
            ("crosswalk", "_crosswalk_source"),
            ("address", "_address_source"),
        ):
            text = bind(sql(rules / f"{table}.sql"), source=source, **names)
            con.execute(f"create or replace temp table _{table} as {text}")
        _check_parents(kato_file, con)
        folder, digests = _write(con, str(target), edition)
        return _summary(con, edition, folder, address.num_rows, digests)
    finally:
        for table in ("kato", "crosswalk", "address"):
            con.unregister(f"_{table}_source")
            con.execute(f"drop table if exists temp._{table}")


def edition_of(kato_file: Path) -> str:
    """Name of the edition of a KATO file: `<kato_version>_<date of the workbook>`, or the file's digest for the date.

    The version alone is no key: codes change within it, month by month. Raises ExtractRefused when the file has
    several versions.
    """
    versions = sorted(set(_read(kato_file, "kato", KATO_COLUMNS).column("kato_version").to_pylist()))
    if len(versions) != 1 or not versions[0].strip():
        raise _refusal(
            "kato",
            kato_file,
            "one kato_version in the whole file",
            ", ".join(versions) or "none",
            column="kato_version",
        )
    note = kato_file.with_suffix(".source.json")
    date = json.loads(note.read_text(encoding="utf-8")).get("actualised_at") if note.exists() else None
    tail = date or hashlib.sha256(kato_file.read_bytes()).hexdigest()[:8]
    return edition_name(f"{versions[0].strip()}_{tail}")


def edition_name(text: str) -> str:
    """A version of the classifier as the name of an edition has it: it is a folder of the lake too."""
    return re.sub(r"[^\w.-]+", "-", text)


def _checked_edition(kato_file: Path, edition: str) -> str:
    if not re.fullmatch(r"[\w-][\w.-]{0,63}", edition):
        raise _refusal(
            "kato", kato_file, "an edition of letters, digits, '.', '-' and '_', as it names a folder", repr(edition)
        )
    return edition


def _refusal(
    table: str, file: Path, expected: str, found: str, *, line: int | None = None, column: str | None = None
) -> ExtractRefused:
    return ExtractRefused(
        registry=f"territory ({table})",
        file=file.name,
        expected=expected,
        found=found,
        owner=_OWNERS[table],
        line=line,
        column=column,
    )


def _empty(columns: tuple[str, ...]) -> pa.Table:
    return pa.table({**{name: pa.array([], pa.string()) for name in columns}, "line": pa.array([], pa.int64())})


def _text(file: Path, table: str) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _refusal(table, file, "a readable file", error.strerror or str(error)) from error
    if not content.strip():
        raise _refusal(table, file, "a table with a header", "an empty file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02x}; the file may be in cp1251"
        raise _refusal(table, file, "text in UTF-8", found, line=line) from error


def _read(file: Path, table: str, columns: tuple[str, ...]) -> pa.Table:
    """The wanted columns as text with `line`, the line of the file where each row starts."""
    text = _text(file, table)
    head = text[: text.find("\n")] if "\n" in text else text
    reader = csv.reader(text.splitlines(keepends=True), delimiter=";" if head.count(";") > head.count(",") else ",")
    header = [name.strip() for name in next(reader)]
    places = []
    for column in columns:
        if column not in header:
            near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
            headings = ", ".join(header) + (f"; the nearest is «{near[0]}»" if near else "")
            raise _refusal(table, file, f"a column «{column}»", headings, line=1, column=column)
        places.append(header.index(column))

    key, form, in_words = _CODES.get(table, ("", None, ""))
    where = columns.index(key) if key else 0
    seen: dict[str, int] = {}
    rows: list[list[str]] = []
    lines: list[int] = []
    start = reader.line_num + 1
    for record in reader:
        line, start = start, reader.line_num + 1
        if not record:
            continue
        if len(record) != len(header):
            raise _refusal(table, file, f"{len(header)} fields", f"{len(record)} fields", line=line)
        row = [record[place] for place in places]
        if form:
            code = row[where] = row[where].strip()
            if not form.fullmatch(code):
                raise _refusal(table, file, in_words, f"«{code}»", line=line, column=key)
            if code in seen:
                raise _refusal(
                    table, file, "each code once", f"«{code}» also in line {seen[code]}", line=line, column=key
                )
            seen[code] = line
        rows.append(row)
        lines.append(line)
    if not rows:
        raise _refusal(table, file, "rows under the header", "a header only")
    by_column = zip(*rows, strict=True)
    return pa.table(
        {
            **{n: pa.array(v, pa.string()) for n, v in zip(columns, by_column, strict=True)},
            "line": pa.array(lines, pa.int64()),
        }
    )


def _check_levels(file: Path, kato: pa.Table) -> None:
    for level, line in zip(kato.column("level").to_pylist(), kato.column("line").to_pylist(), strict=True):
        if level not in LEVELS:
            raise _refusal("kato", file, "one of " + ", ".join(LEVELS), f"«{level}»", line=line, column="level")


def _check_parents(file: Path, con: duckdb.DuckDBPyConnection) -> None:
    orphans = con.execute(
        """select source.kato, source.line from _kato as place join _kato_source as source using (kato)
        where place.oblast_kato is null or (place.parent_kato is null and place.level <> 'oblast')
        order by source.line limit 1"""
    ).fetchall()
    if orphans:
        expected = "a parent row by the first 6, 4 or 2 digits of the code, and the row of its oblast"
        raise _refusal("kato", file, expected, f"«{orphans[0][0]}» without one", line=orphans[0][1], column="kato")


def _write(con: duckdb.DuckDBPyConnection, target: str, edition: str) -> tuple[str, dict[str, str]]:
    folder = f"{target.rstrip('/')}/{edition}"
    is_local = "://" not in folder
    if is_local:
        make_folder(Path(folder))
    digests = {}
    for table in ("kato", "crosswalk", "address"):
        path = f"{folder}/{table}.parquet"
        # a reader of the folder never sees half a file
        part = f"{path}.{os.getpid()}.part" if is_local else path
        write_parquet(con, f"from _{table}", part, COMPACT)
        if is_local:
            digests[table] = hashlib.sha256(Path(part).read_bytes()).hexdigest()
            os.replace(part, path)
    return folder, digests


def _summary(
    con: duckdb.DuckDBPyConnection, edition: str, folder: str, addresses_read: int, digests: dict[str, str]
) -> TerritorySummary:
    def count(query: str) -> int:
        return int(con.execute(query).fetchall()[0][0])

    refused = con.execute(
        "select code, name_ru, kato, refused, district_kato from _crosswalk where refused is not null order by code"
    ).fetchall()
    addresses = count("select count(*) from _address")
    return TerritorySummary(
        edition=edition,
        folder=folder,
        places=dict(con.execute("select level, count(*) from _kato group by level").fetchall()),
        rural_akimats=count("select count(*) from _kato where is_rural_akimat"),
        main_settlements=count("select count(*) from _kato where is_main_settlement"),
        crosswalk_codes=count("select count(*) from _crosswalk"),
        crosswalk_placed=count("select count(district_kato) from _crosswalk"),
        crosswalk_refused=tuple(RefusedCode(*row) for row in refused),
        addresses=addresses,
        addresses_not_in_edition=addresses_read - addresses,
        sha256=digests,
    )
