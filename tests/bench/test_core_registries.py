"""The bench copies every line of every file, and all compared processes take the same registries."""

import contextlib
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from python_calamine import CalamineWorkbook

from auyl import contracts
from auyl.contracts.options import CsvOptions
from auyl.intake import land_files
from auyl.settings import Settings
from auyl.store.lake import Lake
from bench import REPOSITORY, copy_limit
from bench.core_registries import core_report
from bench.harness import PEERS, Bench
from bench.measured import ChildFailed, Measured
from bench.report import TITLES, table
from lab import CORE_REGISTRIES
from lab.synthetic import REGISTRIES, Summary, make
from tests.conftest import fresh_database

PERIOD = "2026-10"
PEOPLE = 2_000
# Below some 8,000 people so many okrugs are empty that the gate refuses the snapshot.
PEOPLE_PUBLISHED = 10_000
REGISTRY_NAMES = tuple(sorted(registry.name for registry in REGISTRIES))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    extracts = tmp_path_factory.mktemp("extracts")
    return extracts, make(extracts, PERIOD, PEOPLE)


@pytest.fixture(scope="module")
def copied(made: tuple[Path, Summary], postgres_server: str) -> Iterator[tuple[list[dict], Counter[str], str]]:
    """Tasks of COPY of all registries, the numbers of copied lines, and the database."""
    if os.environ.get("AUYL_TEST_DSN"):
        pytest.skip("a server's own COPY reads the files of its own machine")
    # not below pytest's own 0700 folder: the server's account reads here
    with fresh_database(postgres_server) as dsn, tempfile.TemporaryDirectory(prefix="auyl-test-") as folder:
        tasks = copy_limit.prepare(made[0], PERIOD, Path(folder), dsn)
        yield tasks, copy_limit.copy_all(dsn, tasks), dsn


def lines_of(file: Path, contract: contracts.Contract) -> int:
    """Records below the heading of a regular CSV file, else lines; rows of all sheets."""
    if contract.format in ("xlsx", "xls"):
        book = CalamineWorkbook.from_path(str(file))
        return sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)
    text = file.read_bytes().decode(contract.encoding)
    if contract.format == "csv":
        records = list(csv.reader(text.splitlines(keepends=True), delimiter=contract.options(CsvOptions).delimiter))
        if len({len(record) for record in records}) == 1:
            return len(records) - 1
    return text.count("\n") + (not text.endswith("\n"))


@pytest.mark.parametrize("registry", REGISTRY_NAMES)
def test_the_limit_copies_every_line_of_every_registry(
    made: tuple[Path, Summary], copied: tuple[list[dict], Counter[str], str], registry: str
) -> None:
    contract = contracts.load(registry, REPOSITORY / "include")
    files = sorted((made[0] / PERIOD / registry).iterdir())
    assert copied[1][registry] == sum(lines_of(file, contract) for file in files) > 0


def test_files_with_the_same_name_in_several_registries_are_not_mixed_up(
    made: tuple[Path, Summary], copied: tuple[list[dict], Counter[str], str]
) -> None:
    for registry in ("address_register", "employment", "subsidies"):
        (task,) = [task for task in copied[0] if task["registry"] == registry]
        assert Path(task["path"]).read_bytes() == (made[0] / PERIOD / registry / "page-00001.json").read_bytes()


@pytest.mark.parametrize("registry", ["housing", "land", "family_card", "survey"])  # UTF-16, cp1251, a BOM, plain UTF-8
def test_letters_of_every_encoding_are_copied_correctly(
    made: tuple[Path, Summary], copied: tuple[list[dict], Counter[str], str], registry: str
) -> None:
    contract = contracts.load(registry, REPOSITORY / "include")
    (file,) = (made[0] / PERIOD / registry).iterdir()
    lines = file.read_bytes().decode(contract.encoding).splitlines(keepends=True)
    (task,) = [task for task in copied[0] if task["registry"] == registry]
    expected = [[line.rstrip("\r\n")] for line in lines]
    if task["columns"] > 1:
        expected = list(csv.reader(lines, delimiter=contract.options(CsvOptions).delimiter))[1:]
    with contextlib.closing(psycopg2.connect(copied[2])) as connection, connection.cursor() as cursor:
        cursor.execute(f'select * from "{registry}_{task["columns"]}"')
        stored = [[(value or "").removeprefix("\ufeff") for value in row] for row in cursor.fetchall()]
    assert sorted(stored) == sorted(expected)


def bench_of(folder: Path) -> Bench:
    return Bench(PEOPLE, PERIOD, folder, print)


def test_a_view_has_only_the_measured_registries(made: tuple[Path, Summary], tmp_path: Path) -> None:
    view = bench_of(tmp_path).view(made[0], CORE_REGISTRIES)
    assert {folder.name for folder in (view / PERIOD).iterdir()} == set(CORE_REGISTRIES)
    assert (view / "reference" / "kato.csv").is_file()
    with pytest.raises(ChildFailed, match="no 2026-10/no_such_registry"):
        bench_of(tmp_path).view(made[0], [*CORE_REGISTRIES, "no_such_registry"])


def test_registries_are_those_with_a_folder_and_a_contract(made: tuple[Path, Summary], tmp_path: Path) -> None:
    unknown = made[0] / PERIOD / "no_such_registry"
    unknown.mkdir()
    try:
        assert bench_of(tmp_path).registries_in(made[0]) == REGISTRY_NAMES
    finally:
        unknown.rmdir()


def test_linked_extracts_are_landed_as_copies(made: tuple[Path, Summary], settings: Settings, tmp_path: Path) -> None:
    view = bench_of(tmp_path / "bench").view(made[0], CORE_REGISTRIES)
    for registry in CORE_REGISTRIES:
        land_files(registry, PERIOD, sorted((view / PERIOD / registry).iterdir()), settings)
        landed = [
            path for path in Lake(settings.lake).files(f"landing/{registry}") if not path.endswith("manifest.json")
        ]
        assert {Path(path).name for path in landed} == {file.name for file in (view / PERIOD / registry).iterdir()}
        for path in map(Path, map(Lake(settings.lake).address, landed)):
            original = made[0] / PERIOD / registry / path.name
            assert not any(part.is_symlink() for part in (path, path.parent, path.parent.parent))
            assert not path.samefile(original)
            assert path.read_bytes() == original.read_bytes()


def test_the_limit_on_pandas_is_judged_by_the_peer_that_does_the_same_work(tmp_path: Path) -> None:
    bench = bench_of(tmp_path)
    bench.results = {"auyl_build": [Measured(10.0, 18.0, 500.0, 50.0)]}
    for peer, seconds in zip(PEERS, (25.0, 12.0, 9.0, 8.0), strict=True):
        parts = {"imports": 1.0, "ledger": 0.5, "population: read XML": 3.0}
        bench.results[peer] = [Measured(seconds, seconds, 100.0, 50.0, {"parts": parts})]
    report = core_report(bench)
    # parts that do not grow with people count once, all others ten times
    assert report["medians"]["pandas_way"]["seconds"] == pytest.approx(1.5 + 10 * 23.5)
    assert report["medians"]["pandas_lean"]["seconds"] == pytest.approx(1.5 + 10 * 6.5)
    (limit,) = [limit for limit in report["limits"] if "pandas" in limit["limit"]]
    assert limit["measured"] == pytest.approx(23.65)
    assert limit["is_met"] is True
    markdown = table(report | {"registries": list(CORE_REGISTRIES), "bytes": 1_000})
    assert all(title in markdown for title in (TITLES[peer] for peer in PEERS))
    bench.results["pandas_way"] = bench.results["pandas_copy"]
    (limit,) = [limit for limit in core_report(bench)["limits"] if "pandas" in limit["limit"]]
    assert limit["is_met"] is False


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bench keeps its extracts."""
    return tmp_path_factory.mktemp("bench")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "registries"),
    [("core_registries", sorted(CORE_REGISTRIES)), ("registries", list(REGISTRY_NAMES))],
)
def test_the_bench_reports_ratios_of_the_same_registries(
    question: str, registries: list[str], work: Path, tmp_path: Path
) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("AUYL_")}
    options = ["--people", str(PEOPLE_PUBLISHED), "--runs", "1", "--only", "copy_limit,auyl_build", "--json"]
    folders = ["--work", str(work), "--results", str(tmp_path / "results")]
    done = subprocess.run(
        [sys.executable, "-m", "bench", question, *options, *folders],
        env=env | {"PYTHONPATH": str(REPOSITORY)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    (file,) = (tmp_path / "results").glob(f"{question}_{PEOPLE_PUBLISHED}_*.json")
    assert json.loads(file.read_text()) == report
    assert sorted(report["registries"]) == registries
    medians = report["medians"]
    ratio = medians["auyl_build"]["seconds"] / medians["copy_limit"]["seconds"]
    assert medians["auyl_build"]["to_copy"] == pytest.approx(ratio)
    (limit,) = [limit for limit in report["limits"] if "COPY" in limit["limit"]]
    assert limit["measured"] == pytest.approx(ratio)
    assert done.returncode == int(any(limit["is_met"] is False for limit in report["limits"]))
    assert limit["is_met"] is (ratio <= 4)
    assert sorted(report["runs"]["copy_limit"][0]["output"]["lines_by_registry"]) == registries
