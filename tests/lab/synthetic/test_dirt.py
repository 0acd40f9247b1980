"""The ground truth names exactly the cells that were spoiled; everything else equals the clean files."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from lab.synthetic import REGISTRIES, people, territory
from lab.synthetic.dirt import rates, spoil
from lab.synthetic.engine import Month, connect, sql
from lab.synthetic.files.pages import Pages
from lab.synthetic.registry import Cell, Extra, Registry
from tests.lab.synthetic.readers import PERIOD, Oblast

NAMES = [registry.name for registry in REGISTRIES]
PAIRS = [(registry.name, kind) for registry in REGISTRIES for kind in registry.faults]


@pytest.mark.parametrize("registry", NAMES)
def test_a_named_cell_has_the_spoiled_value(oblast: Oblast, registry: str) -> None:
    rows = oblast.rows(registry)
    faults = oblast.faults(registry)
    assert faults
    for fault in faults:
        row = rows[fault["file"], fault["record"]]
        if fault["became"] is not None:
            column = fault["column"].split(" | ")[0]
            assert (row[column] or "") == fault["became"], fault


@pytest.mark.parametrize("registry", NAMES)
def test_a_spoiled_cell_differs_from_its_good_value(oblast: Oblast, registry: str) -> None:
    kinds = next(r.faults for r in REGISTRIES if r.name == registry)
    cells = [fault for fault in oblast.faults(registry) if isinstance(kinds[fault["kind"]], Cell)]
    assert cells
    assert [fault for fault in cells if fault["became"] == fault["was"]] == []


@pytest.mark.parametrize("registry", NAMES)
def test_all_other_rows_equal_those_of_the_clean_files(oblast: Oblast, clean: Oblast, registry: str) -> None:
    spoiled = {(fault["file"], fault["record"]) for fault in oblast.faults(registry)}
    kinds = next(r.faults for r in REGISTRIES if r.name == registry)
    changed = sum(not isinstance(kinds[fault["kind"]], Extra) for fault in oblast.faults(registry))

    def cells(row: dict[str, str | None]) -> tuple[str | None, ...]:
        return tuple(row.values())

    good = Counter(cells(row) for at, row in oblast.rows(registry).items() if at not in spoiled)
    expected = Counter(cells(row) for row in clean.rows(registry).values())
    assert not good - expected
    assert (expected - good).total() == changed


@pytest.mark.parametrize("registry", NAMES)
def test_the_good_value_is_that_of_the_clean_file(oblast: Oblast, clean: Oblast, registry: str) -> None:
    key = {r.name: r.labels[r.id_column] for r in REGISTRIES}[registry]
    values: dict[str | None, list[dict[str, str | None]]] = {}
    for row in clean.rows(registry).values():
        values.setdefault(row[key], []).append(row)
    for fault in oblast.faults(registry):
        assert fault["id"] in values
        if fault["was"] is not None:
            column = fault["column"].split(" | ")[0]
            assert fault["was"] in [row[column] or "" for row in values[fault["id"]]]


@pytest.fixture(scope="module")
def people_of_a_month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The shared tables in a database, to spoil rows without writing files."""
    folder = tmp_path_factory.mktemp("people")
    con = connect(Month(PERIOD), 4_000, 19, folder)
    people.build(con, territory.make(folder))
    yield con
    con.close()


@pytest.mark.parametrize(("registry", "kind"), PAIRS)
def test_each_kind_can_be_drawn_alone(people_of_a_month: duckdb.DuckDBPyConnection, registry: str, kind: str) -> None:
    con = people_of_a_month
    con.execute(sql(registry))
    spoil(con, next(r for r in REGISTRIES if r.name == registry), rates({"*": 0, kind: 0.9}))
    kinds = con.execute(f"select _kind, count(*) from {registry}_row where _kind is not null group by all").fetchall()
    assert [name for name, _ in kinds] == [kind]


@pytest.mark.parametrize("registry", [r for r in REGISTRIES if isinstance(r.file, Pages)], ids=lambda r: r.name)
def test_a_row_and_its_copy_are_on_one_page(people_of_a_month: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    con = people_of_a_month
    con.execute(sql(registry.name))
    paged = replace(registry, file=replace(registry.file, size=3))
    spoil(con, paged, rates({"*": 0, "exact_duplicate": 0.5}))
    copies, on_two_pages = con.execute(
        "select sum(n - 1), count(*) filter (pages > 1) from ("
        f"select count(*) as n, count(distinct rowid // 3) as pages from {registry.name}_row group by key)"
    ).fetchone() or (0, 0)
    assert copies > 0 and on_two_pages == 0


def test_without_rates_no_row_is_spoiled(clean: Oblast) -> None:
    assert all(not kinds for kinds in clean.summary.dirt.values())
    assert all(not clean.faults(registry) for registry in NAMES)


@pytest.mark.parametrize("registry", NAMES)
def test_an_exact_duplicate_is_exact_and_there_are_no_others(oblast: Oblast, registry: str) -> None:
    rows = oblast.rows(registry)
    added = {(f["file"], f["record"]) for f in oblast.faults(registry) if f["kind"] == "exact_duplicate"}
    assert added
    # sheets of a workbook are separate parts, pages are not
    rest = Counter((at[0].partition("#")[2], *row.values()) for at, row in rows.items() if at not in added)
    assert all(rest[at[0].partition("#")[2], *rows[at].values()] == 1 for at in added)
    assert max(rest.values()) == 1


def test_homoglyphs_are_latin_letters(oblast: Oblast) -> None:
    fault = next(f for f in oblast.faults("population") if f["kind"] == "homoglyph")
    latin = set(fault["became"]) - set(fault["was"])
    assert latin and all(letter.isascii() for letter in latin)


def test_a_short_iin_lacks_only_leading_zeros(oblast: Oblast) -> None:
    faults = [f for f in oblast.faults("population") if f["kind"] == "iin_short"]
    assert faults
    assert all(f["became"].zfill(12) == f["was"] and len(f["became"]) < 12 for f in faults)


def test_a_conflicting_duplicate_is_older_than_the_good_row(oblast: Oblast) -> None:
    rows = oblast.rows("population")
    faults = [f for f in oblast.faults("population") if f["kind"] == "conflicting_duplicate"]
    assert faults
    for fault in faults:
        assert fault["became"] < fault["was"]
        assert rows[fault["file"], fault["record"]]["iin"] == fault["id"]


def test_default_rates_are_small_and_named_rates_leave_the_others() -> None:
    default = rates()
    assert all(
        0.0005 <= rate <= 0.01
        for name, rate in default.items()
        if rate and name not in ("rca_missing", "heads_disagree")
    )
    assert rates({"iin_missing": 0.5}) == {**default, "iin_missing": 0.5}
    assert set(rates({"*": 0, "iin_missing": 0.5}).values()) == {0.0, 0.5}


@pytest.mark.parametrize("wrong", [{"no_such_kind": 0.1}, {"iin_missing": 1.5}, -1.0])
def test_an_invalid_rate_is_refused(wrong: float | dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"unknown kinds|rate of"):
        rates(wrong)


@pytest.mark.parametrize("registry", REGISTRIES, ids=NAMES)
def test_kinds_name_columns_that_the_registry_has(registry) -> None:  # type: ignore[no-untyped-def]
    for kind, how in registry.faults.items():
        columns = [how.column] if isinstance(how, Cell) else list(how.changes) if isinstance(how, Extra) else []
        assert set(columns) <= set(registry.labels), kind
