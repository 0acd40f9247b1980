"""A third subject is three files: built, published, read by its coordinator by SQL, and by nobody else."""

import contextlib
import shutil
from pathlib import Path

import psycopg2
import pytest

from auyl import access
from auyl.errors import ContractInvalid
from auyl.settings import REPOSITORY
from auyl.store.subjects import subjects_sql
from auyl.subjects import load_subjects
from tests.access.conftest import dsn_as
from tests.portal.conftest import DISTRICT, MONTH, Published

INCLUDE = REPOSITORY / "include"
LANDFILL = Path(__file__).with_name("landfill")
ROLES = ("akim", "district_staff", "oblast_staff", "auditor", "ambulance_coordinator", "landfill_coordinator")


def test_the_third_subject_is_three_files() -> None:
    files = {str(path.relative_to(LANDFILL)) for path in LANDFILL.rglob("*") if path.is_file()}
    assert files == {"subjects/landfill.yaml", "sql/core/waste_site.sql", "sql/subjects/landfill_by_settlement.sql"}


def test_its_rows_are_those_of_the_extract(published: Published) -> None:
    ((sites,),) = published.query("select sum(sites) from serving.landfill_current where period = %s", MONTH)
    ((staged,),) = published.query(
        "select b.staged from serving.snapshot_source as s inner join ledger.batch as b using (batch_id) "
        "where s.registry = 'waste_sites' and s.period = %s",
        MONTH,
    )
    assert 0.8 * staged < sites <= staged, "all but the rows whose place is not known"


@pytest.mark.parametrize("role", ROLES)
def test_its_coordinator_reads_it_and_nobody_else(published: Published, name: str, role: str) -> None:
    password = access.make_password()
    territory = f"{DISTRICT[:4]}32" if role == "akim" else DISTRICT
    with contextlib.closing(psycopg2.connect(published.settings.dsn)) as owner, owner:
        access.create_login(owner, name, password)
        access.grant(owner, name, role, territory, granted_by="test", reason="order 1")
    try:
        with contextlib.closing(psycopg2.connect(dsn_as(published.settings.dsn, name, password))) as conn:
            conn.autocommit = True
            for table in ("landfill_current", "landfill_by_settlement"):
                query = f"select distinct left(okrug_kato, 4) from serving.{table}"
                with conn.cursor() as cur:
                    if role != "landfill_coordinator":
                        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                            cur.execute(query)
                        continue
                    cur.execute(query)
                    assert cur.fetchall() == [(DISTRICT[:4],)]
    finally:
        published.query(f'drop role "{name}"; select 1')


def test_a_role_that_no_subject_names_cannot_be_granted(published: Published) -> None:
    with contextlib.closing(psycopg2.connect(published.settings.dsn)) as owner:
        with pytest.raises(access.AccessError, match=r"expected one of .*landfill_coordinator"):
            access.grant(owner, "x", "forest_coordinator", DISTRICT, granted_by="test", reason="order 1")
        with owner.cursor() as cur, pytest.raises(psycopg2.errors.CheckViolation):
            cur.execute(
                "insert into access.grant_ (principal, role, territory_prefix, edition, granted_by, reason) "
                "values ('x', 'forest_coordinator', '1940', 'E', 'test', 'order 1')"
            )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "readers: [ambulance_coordinator",
            "readers: [ambulance_boss",
            "expected ambulance_coordinator, akim",
        ),
        ("part: calls_within_norm", "part: calls_in_time", "columns that the table does not have: calls_in_time"),
        (
            '{calls_urgent}"\n        en',
            '{calls}"\n        en',
            "lines 1: expected the same columns in .* language",
        ),
        ("calls: integer", "calls: text", "columns, calls: Input should be 'integer' or 'numeric', found 'text'"),
        ("calls: integer", "calls); drop table access.grant_; --: integer", "columns, .*should match pattern"),
        ("subject: ambulance", "subject: rescue", "ambulance.yaml.*rescue|expected the subject ambulance"),
        ("worst: lowest", "worst: lowest\n    colour: red", "page, headline, colour: Extra inputs are not permitted"),
    ],
)
def test_a_broken_description_is_named_with_file_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    shutil.copytree(INCLUDE / "subjects", tmp_path / "subjects")
    shutil.copytree(INCLUDE / "sql", tmp_path / "sql")
    path = tmp_path / "subjects" / "ambulance.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ContractInvalid, match=message) as refused:
        subjects_sql(tmp_path)
    assert "ambulance.yaml" in str(refused.value)


def test_every_text_of_the_subjects_differs_between_the_languages() -> None:
    for subject in load_subjects(INCLUDE):
        note = subject.page.note
        assert len(set(note.values())) == len(note), subject.id
