"""Rows that came without a valid number count in the snapshot once their person is known, and say so."""

from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from auyl import ledger, pipeline
from auyl.identifiers import keyed_hash
from auyl.linkage.entities import build as entities
from auyl.linkage.persons.review import decide
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.snapshot.lineage import lineage
from auyl.store.lake import Lake
from lab import synthetic
from tests.conftest import fresh_installation
from tests.snapshot.conftest import PEOPLE, PERIOD, know_territory, without_others
from tests.snapshot.queries import query

# More of it would be more than a batch may hold.
DIRT = {"iin_missing": 0.015, "iin_bad_checksum": 0.015, "iin_short": 0.015}
# Table of core, and the registry whose rows it counts.
TABLES = {"assistance": "social_assistance", "jobseeker": "employment"}


@pytest.fixture(scope="module")
def oblast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An oblast in which many numbers are missing or mistyped."""
    folder = tmp_path_factory.mktemp("numberless")
    synthetic.make(folder, PERIOD, 2 * PEOPLE, dirt=DIRT)
    return without_others(folder)


@pytest.fixture(scope="module")
def installation(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The oblast published once."""
    made = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)
    assert pipeline.run(made, PERIOD, oblast, say=lambda _: None).status == "published"
    return made


def core(settings: Settings, table: str) -> str:
    """Address of a core table of the current revision."""
    ((made_of,),) = query(
        settings,
        "select inputs_digest from serving.snapshot inner join serving.current_snapshot using (period, revision)",
    )
    return Lake(settings.lake).address(f"core/{PERIOD}/{made_of[:16]}/{table}.parquet")


@pytest.mark.parametrize("table", TABLES)
def test_a_linked_row_counts_once_with_its_person_and_stays_in_quarantine(
    installation: Settings, oblast: Path, table: str
) -> None:
    registry = TABLES[table]
    (batch,) = ledger.current_batches(installation, registry, PERIOD)
    lake = Lake(installation.lake)
    address = core(installation, table)
    stage, quarantine = (lake.address(path) for path in (batch.stage_path, batch.quarantine_path))
    key = "person_key, kind" if table == "assistance" else "person_key"
    with duckdb.connect() as con:
        rows = con.execute(f"select linked_by, person_key, is_registered from '{address}'").fetchall()
        linked = [row for row in rows if row[0]]
        ((staged,),) = con.execute(f"select count(*) from '{stage}'").fetchall()
        assert len(linked) > 5 and len(rows) == staged + len(linked)
        assert all(is_registered for _, _, is_registered in linked)
        assert con.execute(f"select {key} from '{address}' group by all having count(*) > 1").fetchall() == []
        ((kept,),) = con.execute(
            f"select count(*) from '{address}' as c semi join '{quarantine}' as q "
            "on c._file = q._file and c._record = q._record where c.linked_by is not null and c._record is not null"
        ).fetchall()
        assert kept == len(linked)
    assert (
        batch.rows_in == batch.staged + batch.linkable + batch.quarantined + batch.duplicates and batch.staged == staged
    )


def test_the_linked_jobseekers_are_those_of_the_truth(installation: Settings, oblast: Path) -> None:
    with duckdb.connect() as con:
        linked = con.execute(
            f"select c.person_key, t.was from '{core(installation, 'jobseeker')}' as c "
            f"inner join '{oblast / 'truth' / PERIOD / 'employment.parquet'}' as t "
            "on c._file = t.file and c._record = t.record where c.linked_by is not null and t.column = 'iin'"
        ).fetchall()
    assert len(linked) > 5
    assert [key for key, was in linked if key != UUID(keyed_hash(was, installation.hash_key))] == []


def test_lineage_counts_the_linked_rows_and_names_their_lines(installation: Settings) -> None:
    okrugs = [
        kato
        for (kato,) in query(installation, "select distinct kato from serving.snapshot_value where level = 'okrug'")
    ]
    with duckdb.connect() as con:
        ((kato, linked),) = con.execute(
            f"select okrug_kato, count(*) from '{core(installation, 'assistance')}' where linked_by is not null "
            "and kind = 'АСП' and list_contains(?, okrug_kato) group by 1 order by 2 desc, 1 limit 1",
            [okrugs],
        ).fetchall()
    part = lineage(installation, kato, "social.asp_recipients", sample=10_000).parts[0]
    assert sum(part.linked.values()) == linked
    shown = [row for row in part.sample if row.linked_by]
    assert len(shown) == linked and all(row.line for row in shown)


def linked_attributes(settings: Settings) -> set[tuple]:
    """(person, attribute, file, record) that the entity persons took from a linked row of employment."""
    (made,) = entities.build(PERIOD, settings, only=("person",))
    with duckdb.connect() as con:
        return set(
            con.execute(
                f"select e.entity_key, e.attribute, e.file, e.record "
                f"from '{Lake(settings.lake).address(made.set.path)}' as e "
                f"semi join (from '{core(settings, 'jobseeker')}' where linked_by is not null) as c "
                "on e.file = c._file and e.record = c._record and e.entity_key = c.person_key::varchar "
                "where e.registry = 'employment'"
            ).fetchall()
        )


def test_an_entity_knows_what_its_linked_row_says(installation: Settings) -> None:
    with duckdb.connect() as con:
        persons = con.execute(
            f"select person_key::varchar from '{core(installation, 'jobseeker')}' where linked_by is not null"
        ).fetchall()
    of_rows = linked_attributes(installation)
    assert {person for person, *_ in of_rows} == {person for (person,) in persons}
    assert not any(one.is_new for one in entities.build(PERIOD, installation, only=("person",)))


def test_a_revoked_link_no_longer_counts_and_the_previous_revision_stays(installation: Settings) -> None:
    lake = Lake(installation.lake)
    ((path,),) = query(installation, f"select path from ledger.link_run where period = '{PERIOD}'")
    with duckdb.connect() as con:
        ((file, record, record_key, person),) = con.execute(
            f"select _file, _record, record_key, person_key from '{lake.address(path)}' "
            "where registry = 'employment' and method = 'weighed' and outcome = 'link' order by all limit 1"
        ).fetchall()
    former = core(installation, "jobseeker")
    before_it = linked_attributes(installation)
    decide(installation, str(record_key), str(person), False, "another person of that name")
    result = build(PERIOD, installation)
    assert result.status in ("published", "unchanged")
    ours = f"where _file = '{file}' and _record = {record} and person_key = '{person}'"
    with duckdb.connect() as con:
        ((before,), (after,)) = (
            con.execute(f"select count(*) from '{at}' {ours}").fetchall()[0]
            for at in (former, core(installation, "jobseeker"))
        )
    assert (before, after) == (1, 0)
    gone = before_it - linked_attributes(installation)
    assert gone and {(str(person), file, record)} == {(key, f, r) for key, _, f, r in gone}


def test_the_same_links_again_publish_nothing(installation: Settings) -> None:
    assert build(PERIOD, installation).status == "unchanged"
