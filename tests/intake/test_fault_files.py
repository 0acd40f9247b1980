"""Every input of ../shared/faults/files gives what its kind says is right: the clean extract's values, or words.

The inputs were made from a clean synthetic oblast, so the oracle is that oblast taken in: a row of an input is staged
with the values of the clean row, or lacks one with a warning on the row, or is rejected by a rule.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest

from auyl import contracts, intake, ledger
from auyl.settings import Settings
from auyl.store.lake import Lake
from lab.synthetic import make
from tests.conftest import Once, fresh_installation
from tests.formats.derived import include_with
from tests.lab.synthetic.readers import Oblast

FOLDER = Path(os.environ.get("AUYL_FAULTS") or Path(__file__).resolve().parents[3] / "shared" / "faults" / "files")
PERIOD = "2026-10"
PEOPLE = 3_000
Row = dict[str, Any]

DERIVED = {
    "social_zip": ("social_assistance", {"format": "csv", "archive": "zip", "memberPattern": "*.csv"}),
    "emp_jsonl": ("employment", {"format": "jsonl"}),
}


@dataclass(frozen=True)
class Taken:
    """What became of files: the result, and the staged rows."""

    result: intake.BatchResult
    rows: list[Row]


class Oracle:
    """An installation with the derived contracts, and the clean oblast's staged rows by registry."""

    def __init__(self, settings: Settings, oblast: Oblast) -> None:
        self.settings = settings
        self._oblast = oblast
        self._clean: dict[str, Taken] = {}

    def take(self, registry: str, files: list[Path]) -> Taken:
        """Take in files as `auyl intake` does."""
        result = intake.load(intake.land_files(registry, PERIOD, files, self.settings), self.settings)
        batch = ledger.find_batch(self.settings, result.delivery_id)
        return Taken(result, [] if batch is None else _rows(Lake(self.settings.lake).address(batch.stage_path)))

    def clean(self, registry: str) -> Taken:
        """The clean extract of a registry, or of the base of a derived one."""
        base = DERIVED[registry][0] if registry in DERIVED else registry
        if base not in self._clean:
            self._clean[base] = self.take(base, sorted(self._oblast.folder(base).iterdir()))
            assert self._clean[base].result.accepted
        return self._clean[base]

    def files(self, file: str, registry: str) -> list[Path]:
        """An input, with the clean files that belong to the same extract."""
        beside = {"waste_sites": "waste_sites_2026-10_space.geojson"}.get(registry)
        return [FOLDER / file] + ([self._oblast.folder(registry) / beside] if beside else [])

    def changes(self, registry: str, rows: list[Row]) -> dict[str, list[tuple[Any, Any, list[str] | None]]]:
        """By column: the clean value, the staged one and the row's warnings, of rows whose values differ."""
        clean = self.clean(registry).rows
        keys = contracts.load(registry, self.settings.include).keys
        keys = tuple("person_key" if name not in clean[0] else name for name in keys)
        by_key: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in clean:
            by_key[tuple(row.get(name) for name in keys)].append(row)
        changes = defaultdict(list)
        for row in rows:
            same_key = by_key[tuple(row.get(name) for name in keys)]
            assert same_key, f"no clean row has the key of record {row['_record']}"
            names = [name for name in row if not name.startswith("_") and name != "row_number"]
            nearest = min(same_key, key=partial(_difference, row, names))
            for name in names:
                if nearest[name] != row[name]:
                    changes[name].append((nearest[name], row[name], row["_warned"]))
        return dict(changes)


def _difference(row: Row, names: list[str], other: Row) -> int:
    return sum(other[name] != row[name] for name in names)


def _rows(address: str) -> list[Row]:
    with duckdb.connect() as con:
        result = con.execute("from read_parquet(?)", [address])
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.fixture(scope="module")
def oracle(dsn: str, once: Once, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    if not FOLDER.is_dir():
        pytest.skip("needs the inputs of faults: AUYL_FAULTS or ../shared/faults/files")
    oblast = Oblast(*once("faults-clean", lambda folder: make(folder, PERIOD, PEOPLE, dirt=0)))
    folder = tmp_path_factory.mktemp("faults")
    include = include_with(folder, *((name, base, dict(options)) for name, (base, options) in DERIVED.items()))
    yield Oracle(replace(fresh_installation(dsn, folder), include=include), oblast)


# Everything is staged with the clean values, without a word.
READ_AS_CLEAN = {
    "06_csv_title_rows_above/social_assistance_2026-10.csv": "social_assistance",
    "07_csv_ctrl_z/social_assistance_2026-10.csv": "social_assistance",
    "14_json_utc_midnight/disability_2026-10_001.json": "disability",
    "15_timestamp_with_zone/ambulance_2026-10.csv": "ambulance",
    "17_nfd_text/housing_2026-10.txt": "housing",
    "17_nfd_text/housing_2026-10_heading.txt": "housing",
    "30_xlsx_no_refs_wrong_dimension/livestock_2026-10_dimA0.xlsx": "livestock",
    "30_xlsx_no_refs_wrong_dimension/livestock_2026-10_dimA1.xlsx": "livestock",
    "30_xlsx_no_refs_wrong_dimension/livestock_2026-10_dimall.xlsx": "livestock",
    "30_xlsx_no_refs_wrong_dimension/livestock_2026-10_noref.xlsx": "livestock",
    "32_xlsx_hidden_sheets/livestock_2026-10_instruction.xlsx": "livestock",
    "32_xlsx_hidden_sheets/livestock_2026-10_lists_veryhidden.xlsx": "livestock",
    "33_xlsx_ghost_cells/livestock_bottom_only.xlsx": "livestock",
    "33_xlsx_ghost_cells/livestock_last_cell.xlsx": "livestock",
    "33_xlsx_ghost_cells/livestock_right_and_bottom.xlsx": "livestock",
    "33_xlsx_ghost_cells/livestock_right_only.xlsx": "livestock",
    "45_xml_comment_after_root/civil_acts_2026-10_01.xml": "civil_acts",
    "45_xml_comment_after_root/civil_acts_2026-10_nuls.xml": "civil_acts",
    "45_xml_comment_after_root/civil_acts_2026-10_pi.xml": "civil_acts",
    "45_xml_comment_after_root/civil_acts_2026-10_space.xml": "civil_acts",
    "47_xml_two_containers/civil_acts_2026-10_01.xml": "civil_acts",
    "50_xml_dates_with_zone/civil_acts_2026-10_01.xml": "civil_acts",
    "50_xml_dates_with_zone/taxes_2026-10_part001.xml": "taxes",
    "59_wrong_container_csv/housing_utf16be.txt": "housing",
    "59_wrong_container_csv/housing_utf8sig.txt": "housing",
    "60_zip/cp1251_names.zip": "social_zip",
    "60_zip/cp866_names.zip": "social_zip",
    "60_zip/data_descriptor.zip": "social_zip",
    "60_zip/macos_utf8_names.zip": "social_zip",
    "60_zip/prefix.zip": "social_zip",
    "60_zip/thumbs.zip": "social_zip",
    "60_zip/two_dirs_same_name.zip": "social_zip",
    "60_zip/zip64.zip": "social_zip",
    "61_jsonl/bom.jsonl": "emp_jsonl",
    "61_jsonl/commas.jsonl": "emp_jsonl",
    "61_jsonl/cr.jsonl": "emp_jsonl",
    # The value that is no JSON stands under a key that the contract does not know.
    "61_jsonl/nan.jsonl": "emp_jsonl",
    "63_dot_as_thousands/social_assistance_2026-10.csv": "social_assistance",
    "64_typed_dates/social_assistance_2026-10_no_leading_zero.csv": "social_assistance",
    "67_latin_heading/land_2026-10.csv": "land",
    "67_latin_heading/social_2026-10.csv": "social_assistance",
    "70_nfd_survey/survey_2026-10.csv": "survey",
}

# Refused whole, in these words.
REFUSED = {
    "09_csv_duplicate_heading/social_assistance_2026-10.csv": (
        "social_assistance",
        "«ИИН» in column 2, «ИИН» in column 6",
    ),
    "32_xlsx_hidden_sheets/livestock_2026-10_hidden_old_copy.xlsx": (
        "livestock",
        "a hidden sheet with the contract's columns",
    ),
    "35_password_protected_xlsx/livestock_2026-10.xlsx": ("livestock", "a password-protected workbook"),
    "36_wrong_container_xlsx/livestock_csv.xlsx": ("livestock", "text, such as CSV"),
    "36_wrong_container_xlsx/livestock_docx.xlsx": ("livestock", "DOCX"),
    "36_wrong_container_xlsx/livestock_html.xlsx": ("livestock", "an HTML page"),
    "36_wrong_container_xlsx/livestock_ods.xlsx": ("livestock", "ODS"),
    "36_wrong_container_xlsx/livestock_pdf.xlsx": ("livestock", "a PDF"),
    "36_wrong_container_xlsx/livestock_spreadsheetml.xlsx": ("livestock", "SpreadsheetML 2003"),
    "36_wrong_container_xlsx/livestock_xls.xlsx": ("livestock", "an old workbook of Excel (XLS)"),
    "36_wrong_container_xlsx/livestock_zip.xlsx": ("livestock", "a ZIP archive with 1 file"),
    "51_xml_soap_fault_and_html/civil_acts_2026-10_glued.xml": ("civil_acts", "a second document after the first"),
    "51_xml_soap_fault_and_html/taxes_2026-10_fault.xml": ("taxes", "a SOAP fault"),
    "51_xml_soap_fault_and_html/taxes_2026-10_html.xml": ("taxes", "an HTML page"),
    "56_json_value_became_object/page-00001.json": ("employment", "cell_of_another_kind 53"),
    "56_json_value_became_object/page-00001_epoch.json": ("employment", "registered_on_present 53"),
    "59_wrong_container_csv/housing_cp1251.txt": ("housing", "text in cp1251"),
    "59_wrong_container_csv/housing_utf16le_nobom.txt": ("housing", "no byte order mark"),
    "59_wrong_container_csv/housing_utf8.txt": ("housing", "text in utf-8"),
    "59_wrong_container_csv/social_gz.csv": ("social_assistance", "a gzip archive"),
    "59_wrong_container_csv/social_html.csv": ("social_assistance", "an HTML page"),
    "59_wrong_container_csv/social_pdf.csv": ("social_assistance", "a PDF"),
    "59_wrong_container_csv/social_tsv.csv": ("social_assistance", r"a heading that '\t' divides"),
    "59_wrong_container_csv/social_utf8.csv": ("social_assistance", "text in utf-8"),
    "59_wrong_container_csv/social_xls.csv": ("social_assistance", "an old workbook of Excel (XLS)"),
    "59_wrong_container_csv/social_xlsx.csv": ("social_assistance", "XLSX"),
    "59_wrong_container_csv/social_zip.csv": ("social_assistance", "a ZIP archive with 1 file"),
    "60_zip/deflate64.zip": ("social_zip", "packed by deflate64"),
    "60_zip/nested.zip": ("social_zip", "an archive (ZIP)"),
    "60_zip/rar_inside_name.zip": ("social_zip", "a RAR archive"),
    "60_zip/split_first_part.zip": ("social_zip", "a part of a split one"),
}

# Quotes within a cell are part of it.
BARE_QUOTES = {"settlement_name": [("с. Узынжар", 'с. "Узынжар"')]}

# Accepted, with so many rows rejected; what is staged has the clean values, except these by column: (clean, staged).
PARTLY = {
    "02_csv_unescaped_inner_quotes/land_2026-10.csv": ("land", 2, BARE_QUOTES),
    "02_csv_unescaped_inner_quotes/land_2026-10_only_bare.csv": ("land", 0, BARE_QUOTES),
    "02_csv_unescaped_inner_quotes/land_2026-10_only_lead.csv": ("land", 1, {}),
    "02_csv_unescaped_inner_quotes/land_2026-10_only_nested.csv": ("land", 1, {}),
    "19_thousands_in_integer/social_assistance_2026-10.csv": (
        "social_assistance",
        0,
        {"family_members": [(4, 7), (4, None), (4, None), (6, None), (7, 1007)]},
    ),
    "23_xlsx_error_cells/livestock_2026-10.xlsx": (
        "livestock",
        1,
        {
            "birth_date": [(date(2022, 8, 27), None)],
            "owner_key": [("a key", None)],
            "vaccinated_on": [(date(2026, 8, 26), None)],
            "tested_on": [(date(2026, 7, 4), None)],
            "settlement_name": [("с.Коктал", None)],
            "test_result": [("negative", None)],
        },
    ),
    "24_xlsx_formula_without_value/livestock_2026-10.xlsx": (
        "livestock",
        0,
        {
            "owner_key": [("a key", None)] * 10,
            "vaccinated_on": [
                (date(2025, 1, 8), None),
                (date(2026, 1, 20), None),
                (date(2026, 10, 27), None),
                (date(2026, 3, 25), None),
                (date(2026, 3, 9), None),
                (date(2026, 4, 20), None),
                (date(2026, 9, 4), None),
                (date(2026, 9, 4), None),
            ],
        },
    ),
    "46_xml_repeated_element/population_2026-10_part001.xml": ("population", 50, {}),
    "47_xml_two_containers/civil_acts_2026-10_bad.xml": ("civil_acts", 1, {}),
    "52_json_lone_surrogate/page-00001.json": ("employment", 1, {}),
    "55_json_nan_duplicate_keys/page-00001.json": ("subsidies", 1, {}),
    "55_json_nan_duplicate_keys/page-00001_dup.json": ("subsidies", 1, {}),
    "52_json_lone_surrogate/waste_sites_2026-10_official.geojson": ("waste_sites", 1, {}),
    "61_jsonl/concatenated.jsonl": ("emp_jsonl", 1, {}),
    "61_jsonl/dup.jsonl": ("emp_jsonl", 1, {}),
    "61_jsonl/surrogate.jsonl": ("emp_jsonl", 1, {}),
    "64_typed_dates/social_assistance_2026-10.csv": (
        "social_assistance",
        0,
        # A year of two digits and a month that may stand first have two readings; commas are no date.
        {
            "assigned_on": [
                (date(2026, 2, 4), None),
                (date(2026, 3, 20), date(2025, 11, 7)),
                (date(2026, 4, 21), None),
                (date(2026, 4, 6), None),
                (date(2026, 6, 6), date(2025, 11, 7)),
                (date(2026, 6, 7), date(2025, 11, 7)),
                (date(2026, 8, 12), None),
                (date(2026, 8, 18), date(2025, 11, 7)),
                (date(2026, 9, 11), date(2025, 11, 7)),
            ]
        },
    ),
}


@pytest.mark.parametrize("file", READ_AS_CLEAN)
def test_harmless_oddities_are_read_as_they_are_meant(oracle: Oracle, file: str) -> None:
    registry = READ_AS_CLEAN[file]
    clean, taken = oracle.clean(registry), oracle.take(registry, [FOLDER / file])
    assert taken.result.status in ("accepted", "unchanged"), taken.result.refusal
    assert oracle.changes(registry, taken.rows) == {}
    assert len(taken.rows) == len(clean.rows)
    assert taken.result.rejected == taken.result.duplicates == 0
    assert taken.result.failed == clean.result.failed


@pytest.mark.parametrize("file", REFUSED)
def test_what_cannot_be_right_is_refused_in_words(oracle: Oracle, file: str) -> None:
    registry, words = REFUSED[file]
    taken = oracle.take(registry, [FOLDER / file])
    assert taken.result.status == "refused"
    refusal = str(taken.result.refusal)
    assert words in refusal and refusal.startswith(f"{registry}: ") and "Fix: " in refusal


@pytest.mark.parametrize("file", PARTLY)
def test_a_fault_costs_its_own_rows_and_cells_only(oracle: Oracle, file: str) -> None:
    registry, rejected, expected = PARTLY[file]
    taken = oracle.take(registry, oracle.files(file, registry))
    assert taken.result.status == "accepted", taken.result.refusal
    assert taken.result.rejected == rejected
    changes = oracle.changes(registry, taken.rows)
    # A keyed hash differs from run to run.
    pairs = {name: [("a key" if isinstance(a, UUID) else a, b) for a, b, _ in of] for name, of in changes.items()}
    assert {name: sorted(of, key=str) for name, of in pairs.items()} == expected
    assert all(warned for of in changes.values() for _, value, warned in of if value is None)


def test_every_input_has_its_expectation() -> None:
    if not FOLDER.is_dir():
        pytest.skip("needs the inputs of faults: AUYL_FAULTS or ../shared/faults/files")
    there = {f"{path.parent.name}/{path.name}" for path in FOLDER.glob("*/*") if path.name != "README"}
    assert there == {*READ_AS_CLEAN, *REFUSED, *PARTLY}
