"""No refusal, note, drift, log line, output or name of a file quotes a cell of an extract; engineers read shapes."""

from __future__ import annotations

import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from auyl import contracts, intake
from auyl.contracts import Contract, headings
from auyl.errors import ExtractRefused, shape
from auyl.settings import REPOSITORY, Settings
from auyl.store.postgres import transaction
from tests.conftest import fresh_database, fresh_installation
from tests.formats.fuzz import oracle, tables
from tests.formats.fuzz.corpus import PERIOD, Sample, samples
from tests.formats.fuzz.mutations import Mutant
from tests.formats.fuzz.tables import Table
from tests.test_cli import Auyl

EARLIER = "2026-09"
# A shorter cell occurs in any text.
SIGNS = 4
ROWS = 24
SHEET = re.compile(r"(?<=\.xlsx)#[^»\"]+")
# Dates and small numbers are also deadlines and counts of ours.
OF_A_ROW = r"[^\W\d_]{4}|\d{8}"
# One of them has no generator.
REGISTRIES = contracts.names(REPOSITORY / "include")
PERSON, FILE, IIN = "Омарова Айгуль", "Ivanov Петр 2026-10.csv", "800101300123"


def _cells(sample: Sample, files: dict[str, bytes]) -> set[str]:
    delivered = Mutant("", sample, files, "").delivered()
    texts = oracle.read(sample.contract, delivered).texts
    return {one for one in texts if len(re.findall(r"\w", one)) >= SIGNS}


def _vocabulary(contract: Contract) -> str:
    """Headings and codes of a contract and its suite, usual headings, and what files say of themselves."""
    suite = (REPOSITORY / "expectations" / f"{contract.suite}.json").read_text("utf-8")
    usual = " ".join([*headings._USUAL, "true", "false"])
    return f"{contract.path.read_text('utf-8')} {suite} {usual} {PERIOD} {EARLIER}".casefold()


# -- mutations: each gives the files of an extract -------------------------------------------------------------------


def _name_of_person(table: Table) -> str:
    """The longest cell of letters in the first row, which may also be the name of an XML element."""
    cells = re.findall(r">([^<]+)<", table.rows[0][0]) if table.is_xml else [str(cell) for cell in table.rows[0]]
    return max((c for c in cells if re.fullmatch(r"[^\W\d_]+", c)), key=len, default="АХМЕТОВАЙГУЛЬ")


def _renamed(table: Table, heading: str, name: str) -> Table:
    rows = table.rows
    if table.is_xml:
        rows = [[re.sub(rf"(</?){heading}>", rf"\g<1>{name}>", one) for (one,) in rows]]
    return replace(table, headings=[name if one == heading else one for one in table.headings], rows=rows)


def _each(sample: Sample, change: Callable[[Table], Table]) -> dict[str, bytes]:
    """The files of an extract, each changed where it has rows."""
    changed = {}
    for name, content in sample.files.items():
        table = tables.load(sample.contract, content)
        changed[name] = tables.dump(sample.contract, change(table)) if table.rows else content
    return changed


def _headings_of(contract: Contract, table: Table, *, required: bool) -> list[str]:
    names = {name.split("/")[-1] for column in contract.columns if column.required is required for name in column.names}
    return [heading for heading in table.headings if heading in names]


def _column_called_as_a_person(sample: Sample) -> dict[str, bytes]:
    """An optional column's heading is a person's name; some cells are of another column; a row comes twice."""

    def change(table: Table) -> Table:
        name = _name_of_person(table)
        optional = _headings_of(sample.contract, table, required=False)
        renamed = _renamed(table, optional[-1], name) if optional else table
        if table.is_xml:
            return replace(renamed, rows=[*renamed.rows, renamed.rows[0]])
        turned = [row[1:] + row[:1] for row in renamed.rows[:2]]
        return replace(renamed, rows=[*turned, *renamed.rows[2:], renamed.rows[-1]])

    return _each(sample, change)


def _row_in_place_of_the_heading(sample: Sample) -> dict[str, bytes]:
    def change(table: Table) -> Table:
        if table.is_xml:
            return _renamed(table, _headings_of(sample.contract, table, required=True)[0], _name_of_person(table))
        return replace(table, headings=[str(cell) for cell in table.rows[0]])

    return _each(sample, change)


def _heading_joined_to_a_row(sample: Sample) -> dict[str, bytes]:
    def change(table: Table) -> Table:
        if table.is_xml:
            return _renamed(table, table.headings[0], _name_of_person(table))
        lost = [h for h in table.headings if h != _headings_of(sample.contract, table, required=True)[0]]
        return replace(table, headings=[*lost, *(str(cell) for cell in table.rows[0])])

    return _each(sample, change)


def _cut(sample: Sample) -> dict[str, bytes]:
    return {name: content[: len(content) * 2 // 3] for name, content in sample.files.items()}


def _other_alphabet(sample: Sample) -> dict[str, bytes]:
    if sample.contract.format in ("xlsx", "xls"):
        return {name: b"".join(content.partition(b"PK")[1:])[:-400] for name, content in sample.files.items()}
    to = "utf-8" if sample.contract.encoding == "cp1251" else "cp1251"
    return {
        name: content.decode(sample.contract.encoding).encode(to, "replace") for name, content in sample.files.items()
    }


def _only_a_person(sample: Sample) -> dict[str, bytes]:
    """Neither heading nor container, but a line of a person."""
    table = tables.load(sample.contract, next(iter(sample.files.values())))
    line = re.sub(r"<[^>]+>", ";", table.rows[0][0]) if table.is_xml else ";".join(map(str, table.rows[0]))
    return {name: f"{line}\n{line}\n".encode() for name in sample.files}


BROKEN = (
    _row_in_place_of_the_heading, _heading_joined_to_a_row, _cut, _other_alphabet, _only_a_person,
)  # fmt: skip


# -- the trial --------------------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """What 28 registries said of extracts with damage; `cells` and `said` by registry."""

    settings: Settings
    dsn: str
    cells: dict[str, set[str]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)

    def take_in(self, sample: Sample, files: dict[str, bytes], folder: Path, period: str = PERIOD) -> str:
        """Land and load for real; the status."""
        registry = sample.contract.registry
        folder.mkdir(parents=True)
        for name, content in Mutant("", sample, files, "").delivered().items():
            (folder / name).write_bytes(content)
        said = self.said.setdefault(registry, [])
        try:
            result = intake.load(
                intake.land_files(registry, period, sorted(folder.iterdir()), self.settings), self.settings
            )
        except ExtractRefused as refusal:
            said.append(str(refusal))
            return "refused"
        said += [str(result.refusal or ""), json.dumps(result.notes, ensure_ascii=False)]
        said += [f"{one.name} {one.expected} {one.found}" for one in result.drifts]
        return result.status


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.exc_info or ''}")


@pytest.fixture(scope="module")
def trial(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("quoted")
    log = _Log()
    with fresh_database(postgres_server) as dsn:
        own = folder / "installation"
        own.mkdir()
        settings, found = samples(fresh_installation(dsn, own), folder)
        made = Trial(settings, dsn)
        logging.getLogger().addHandler(log)
        try:
            for number, sample in enumerate(one for one in found if one.contract.registry in REGISTRIES):
                registry = sample.contract.registry
                files = _each(sample, lambda table: table.head(ROWS))
                log.lines.clear()
                if number % 2:
                    # An earlier month to compare with.
                    made.statuses[made.take_in(sample, files, folder / registry / "good")] += 1
                    _run(settings, f"update ledger.delivery set period = '{EARLIER}' where registry = '{registry}'")
                broken = BROKEN[number % len(BROKEN)]
                made.cells[registry] = _cells(sample, files)
                for change in (_column_called_as_a_person, broken):
                    damaged = change(sample)
                    made.statuses[made.take_in(sample, damaged, folder / registry / change.__name__)] += 1
                    made.cells[registry] |= _cells(sample, damaged)
                made.said[registry] += log.lines
        finally:
            logging.getLogger().removeHandler(log)
        yield made


def _run(settings: Settings, statement: str) -> list[Any]:
    with transaction(settings) as con:
        done = con.execute(text(statement))
        return list(done.all()) if done.returns_rows else []


def _quoted(trial: Trial, registry: str, texts: list[str]) -> set[str]:
    """Cells of a registry's extracts that stand in texts."""
    vocabulary = _vocabulary(contracts.load(registry, trial.settings.include))
    # Sheets are called after places.
    whole = SHEET.sub("", "\n".join(texts))
    return {
        cell
        for cell in trial.cells[registry]
        if cell in whole
        and re.search(OF_A_ROW, cell)
        and cell.casefold() not in vocabulary
        and re.search(rf"(?<!\w){re.escape(cell)}(?!\w)", whole)
    }


def test_no_cell_of_an_extract_is_quoted_anywhere(trial: Trial) -> None:
    assert len(trial.cells) == len(REGISTRIES) - 1 and min(map(len, trial.cells.values())) > 10
    assert min(trial.statuses["accepted"], trial.statuses["refused"]) > 20, trial.statuses
    assert _run(trial.settings, "select count(distinct kind) from ledger.drift")[0][0] > 3
    tables_of_registry = {
        "refusal": "select reason, details::text from ledger.refusal where registry = '{}'",
        "look": "select seen from ledger.look where registry = '{}'",
        "notes": "select notes::text from ledger.batch_ranked where registry = '{}'",
        "drift": "select d.name, d.expected, d.found from ledger.drift as d "
        "inner join ledger.batch_ranked using (batch_id) where registry = '{}'",
    }
    auyl = Auyl.of(trial.settings)
    outputs = [auyl(*words) for words in (["extracts"], ["drift"], ["report"], ["list", "periods"])]
    outputs.append(auyl("overdue", code=1))
    for registry in ("social_assistance", "livestock", "population"):
        outputs += [file.path for file in intake.write_handback(trial.settings, registry, PERIOD)]
    quoted = {}
    for registry in trial.cells:
        texts = list(trial.said[registry])
        for query in tables_of_registry.values():
            texts += [str(cell) for row in _run(trial.settings, query.format(registry)) for cell in row]
        quoted[registry] = _quoted(trial, registry, [*texts, *outputs])
    where = {
        cell: [line for text in (*trial.said[registry], *outputs) for line in text.splitlines() if cell in line][:2]
        for registry, cells in quoted.items()
        for cell in cells
    }
    assert where == {}


@pytest.fixture
def engineer(trial: Trial) -> Settings:
    """An engineer's process, over a ledger in which an older program quoted a row."""
    details = {"file": FILE, "expected": f"«{PERSON}»", "found": f"{PERSON}, {IIN}", "owner": "us", "line": 7}
    plant = """
        insert into ledger.refusal (registry, period, reason, details)
        values ('taxes', '2026-10', :whole, cast(:details as jsonb));
        insert into ledger.look (registry, period, outcome, seen) values ('taxes', '2026-10', 'unavailable', :whole);
        insert into ledger.pull_note (registry, period, note) values ('taxes', '2026-10', :whole);
        insert into ledger.drift (batch_id, kind, name, expected, found)
        select max(batch_id), 'same_bytes', :file, :whole, :whole from ledger.batch;
        insert into ledger.withdrawal (batch_id, is_withdrawn, reason, decided_by)
        select max(batch_id), false, :whole, 'os:root' from ledger.batch;
        insert into ledger.alarm (kind, subject, day, digest, text, link)
        values ('refused', 'taxes', current_date, 'd', :whole, '') on conflict do nothing
    """
    words = {"whole": f"{FILE} {PERSON} {IIN}", "file": FILE, "details": json.dumps(details)}
    with transaction(trial.settings) as con:
        for statement in plant.split(";"):
            con.execute(text(statement), words)
    return replace(trial.settings, dsn_or_none=f"{trial.dsn}?options=-crole%3Dauyl_engineer")


def test_an_engineer_reads_of_the_ledger_neither_a_cell_nor_a_name(trial: Trial, engineer: Settings) -> None:
    columns = _run(
        engineer,
        "select c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ') from pg_class as c "
        "inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relnamespace::regnamespace::text in ('ledger', 'serving', 'vault', 'access') "
        "and c.relkind in ('r', 'v') "
        "and has_column_privilege(c.oid, a.attnum, 'select') group by 1 order by 1",
    )
    read = {relation: _run(engineer, f"select {names} from {relation}") for relation, names in columns}
    assert {"ledger.refusal_shape", "ledger.drift_shape", "ledger.delivery"} <= {one for one in read if read[one]}
    whole = {relation: " ".join(str(cell) for row in rows for cell in row) for relation, rows in read.items()}
    # Headings of one registry are cells of another.
    everywhere = " ".join(_vocabulary(contract) for contract in contracts.load_all(engineer.include))
    vocabulary = {cell for cells in trial.cells.values() for cell in cells if cell.casefold() in everywhere}
    for relation, seen in whole.items():
        assert [one for one in (*PERSON.split(), "Ivanov", "Петр", IIN, "csv") if one in seen] == [], relation
        for registry in trial.cells if relation.startswith("ledger") else ():
            assert _quoted(trial, registry, [seen]) - vocabulary == set(), (relation, registry)
    assert "АААААА" in whole["ledger.refusal_shape"] and "AAAAAA АААА 9999-99.AAA" in whole["ledger.drift_shape"]
    for one in (FILE, PERSON, f"+7 {IIN}, Шелек/ә-ғ", "x" * 50):
        assert _run(trial.settings, f"select ledger.shape('{one}')")[0][0] == shape(one), "in PostgreSQL as in Python"
    for closed in ("refusal", "drift", "delivery_file", "look", "pull_note", "withdrawal", "alarm", "daily_report"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            _run(engineer, f"select * from ledger.{closed}")


def test_the_page_of_a_batch_is_made_with_the_rights_of_an_engineer(trial: Trial, engineer: Settings) -> None:
    from auyl_airflow.batch_content import batch_content

    # Where there is no login of an engineer, Airflow's server has the pipeline's.
    pipeline = replace(engineer, dsn_or_none=f"{trial.dsn}?options=-crole%3Dauyl_pipeline")
    livestock = contracts.load("livestock", engineer.include)
    content = batch_content(engineer, livestock, PERIOD)
    assert {row["state"] for row in content["deliveries"]} > {"current"} and content["rules"]
    assert batch_content(pipeline, livestock, PERIOD) == content
    taxes = batch_content(engineer, contracts.load("taxes", engineer.include), PERIOD)
    assert "line 7, expected «ААААААА АААААА»; found ААААААА АААААА, 99999. Fix: us" in {
        row["reason"] for row in taxes["refusals"]
    }
