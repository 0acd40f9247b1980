"""What akims read: true to the ground truth, traceable to lines, without a number of a person."""

from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from auyl import pipeline
from auyl.identifiers import keyed_hash
from auyl.languages import LANGUAGES
from auyl.settings import Settings
from auyl.snapshot import BuildResult
from auyl.snapshot import catalogue as catalogues
from auyl.snapshot.boundaries import show_in
from auyl.snapshot.lineage import lineage
from auyl.snapshot.show import show
from auyl.store.lake import Lake
from auyl.store.postgres import engine
from tests.conftest import fresh_installation
from tests.snapshot.conftest import PERIOD, know_territory
from tests.snapshot.queries import content, query


@pytest.fixture(scope="module")
def installation(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One installation for the tests that only read."""
    return know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)


@pytest.fixture(scope="module")
def published(installation: Settings, oblast: Path) -> BuildResult:
    """The oblast published once."""
    return pipeline.run(installation, PERIOD, oblast, say=lambda _: None)


def test_every_okrug_has_every_indicator(installation: Settings, published: BuildResult) -> None:
    indicators = len(catalogues.load(installation.include).indicators)
    assert len(content(installation)) == 131 * indicators
    ((rows,),) = query(installation, "select count(*) from serving.snapshot_value")
    assert rows == published.rows


def test_residents_are_those_of_the_truth(installation: Settings, published: BuildResult, oblast: Path) -> None:
    truth = dict(
        duckdb.sql(
            f"select okrug_kato, count(*) from '{oblast}/truth/{PERIOD}/persons.parquet' where is_alive group by 1"
        ).fetchall()
    )
    residents = {
        row.kato: int(row.value) for row in content(installation) if row.indicator_id == "population.residents"
    }
    assert set(residents) <= set(truth)
    # Rows with a broken ИИН or date are in quarantine, so a few are lacking and none is invented.
    assert all(residents[kato] <= truth[kato] for kato in residents)
    assert sum(residents.values()) >= 0.98 * sum(truth[kato] for kato in residents)


def test_lineage_finds_the_very_rows_of_every_count(installation: Settings, published: BuildResult) -> None:
    kato = max(
        (row for row in content(installation) if row.indicator_id == "ambulance.calls"), key=lambda row: row.value
    ).kato
    con = duckdb.connect()
    for indicator in catalogues.load(installation.include).indicators:
        found = lineage(installation, kato, indicator.id)
        for part, amount in zip(found.parts, (found.numerator, found.denominator), strict=False):
            if part.aggregate.startswith("count(*)"):
                assert part.rows == amount, part
            assert all(row.line and row.line >= 1 for row in part.sample), part
            assert part.rows == sum(part.files.values())
        assert {source.registry for source in found.sources} == set(indicator.registries)
    con.close()


def test_the_line_that_lineage_names_holds_the_row(
    installation: Settings, published: BuildResult, oblast: Path
) -> None:
    part = lineage(installation, content(installation)[0].kato, "population.residents").parts[0]
    (file,) = (oblast / PERIOD / "population").iterdir()
    lines = file.read_text("utf-8").splitlines()
    core = query(installation, "select inputs_digest from serving.snapshot")[0][0]
    persons = Lake(installation.lake).address(f"core/{PERIOD}/{core[:16]}/person.parquet")
    keys = dict(duckdb.sql(f"select _record, person_key from '{persons}'").fetchall())
    for row in part.sample:
        assert row.line is not None
        number = lines[row.line - 1].split("<iin>")[1][:12]
        assert UUID(keyed_hash(number, installation.hash_key)) == keys[row.record]


def test_no_number_of_a_person_outside_the_vault(installation: Settings, published: BuildResult, oblast: Path) -> None:
    numbers = [
        n for (n,) in duckdb.sql(f"select iin from '{oblast}/truth/{PERIOD}/persons.parquet' limit 500").fetchall()
    ]
    held = query(installation, "select iin from vault.person where iin = any(:n)", n=numbers)
    assert len(held) > 400
    lake = Lake(installation.lake)
    for path in lake.files("stage") + lake.files("core"):
        names = duckdb.sql(f"from '{lake.address(path)}'").columns
        columns = [f'"{n}"::varchar' for n in names if not n.startswith("_")]
        hit = duckdb.execute(
            f"select count(*) from '{lake.address(path)}' where list_has_any([{', '.join(columns)}], $n::varchar[])",
            {"n": numbers},
        ).fetchall()
        assert hit == [(0,)], path
    tables = query(
        installation,
        "select format('%I.%I', table_schema, table_name) as name from information_schema.tables "
        "where table_schema in ('ledger', 'serving') and table_type = 'BASE TABLE'",
    )
    for table in tables:
        dump = query(installation, f"select string_agg(t::text, ' ') as rows from {table.name} as t")[0].rows or ""
        assert not any(number in dump for number in numbers), table.name


def test_measured_again_in_unchanged_boundaries_every_value_is_the_published_one(
    installation: Settings, published: BuildResult
) -> None:
    lake = Lake(installation.lake)
    edition = query(installation, "select edition from serving.snapshot")[0][0]
    for path in lake.files(f"reference/territory/{edition}"):
        lake.filesystem.makedirs(lake.address("reference/territory/A-COPY"), exist_ok=True)
        lake.filesystem.copy(lake.address(path), lake.address(path.replace(edition, "A-COPY")))
    for kato in sorted({row.kato for row in content(installation)})[::50]:
        retold = show_in(installation, kato, "A-COPY")
        assert retold["unattributed"] == [] and retold["code_was"] is None
        assert retold["indicators"] == show(installation, kato)["indicators"]


def test_a_published_revision_cannot_be_published_twice(installation: Settings, published: BuildResult) -> None:
    with pytest.raises(IntegrityError), engine(installation.dsn).begin() as con:
        con.execute(text("insert into serving.snapshot select * from serving.snapshot"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_okrug_is_shown_in_every_language(installation: Settings, published: BuildResult, language: str) -> None:
    loaded = catalogues.load(installation.include)
    shown = show(installation, content(installation)[0].kato, language=language)
    assert [i["name"] for i in shown["indicators"]] == [i.names[language] for i in loaded.indicators]
    assert shown["name"]
