"""Linkable rows find their person over the real path; decisions outrank weights."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import duckdb
import pytest
from sqlalchemy import text

from auyl import intake
from auyl.identifiers import keyed_hash
from auyl.linkage.persons import review
from auyl.linkage.persons.link import REVIEW_CANDIDATES, link
from auyl.linkage.persons.model import FIELDS
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.postgres import engine
from auyl.territory.reference import load_territory
from lab import synthetic

pytestmark = pytest.mark.slow

PERIOD = "2026-10"
REGISTRIES = ("population", "social_assistance", "employment", "disability", "civil_acts")
DIRT = {"*": 1, "iin_missing": 0.02, "iin_bad_checksum": 0.02, "iin_short": 0.02}
# Their record is the number of the item in its file, as the truth counts; delimited text leaves lines out.
NUMBERED_ALIKE = ("employment", "disability", "civil_acts")


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An oblast in which many numbers are missing or mistyped."""
    folder = tmp_path_factory.mktemp("keyless")
    synthetic.make(folder, PERIOD, 40_000, dirt=DIRT)
    for other in (folder / PERIOD).iterdir():
        if other.is_dir() and other.name not in REGISTRIES:
            shutil.rmtree(other)
    return folder


@pytest.fixture
def loaded(settings: Settings, extracts: Path) -> Settings:
    return take_in(settings, extracts, REGISTRIES)


def take_in(settings: Settings, extracts: Path, registries: tuple[str, ...]) -> Settings:
    """Load the territory and the extracts of these registries."""
    reference = extracts / "reference"
    load_territory(settings, reference / "kato.csv", reference / "crosswalk.csv", reference / "address.csv", None)
    for registry in registries:
        files = sorted((extracts / PERIOD / registry).iterdir())
        assert intake.load(intake.land_files(registry, PERIOD, files, settings), settings).accepted
    return settings


def truth(extracts: Path, settings: Settings, registry: str) -> dict[tuple[str, int], str]:
    """The key of the person that a row without a good number really speaks of, by file and record."""
    with duckdb.connect() as con:
        rows = con.execute(
            f"select file, record, was from '{extracts / 'truth' / PERIOD / f'{registry}.parquet'}' "
            "where \"column\" = 'iin' and outcome = 'quarantined'"
        ).fetchall()
    return {(file, record): str(UUID(keyed_hash(was, settings.hash_key))) for file, record, was in rows}


def test_linkable_rows_find_their_person(loaded: Settings, extracts: Path) -> None:
    result = link(loaded, PERIOD)
    assert result.status == "linked" and result.path is not None
    kinds: Counter[str] = Counter()
    for registry in NUMBERED_ALIKE:
        meant = truth(extracts, loaded, registry)
        for row in review.links(loaded, result.path, registry):
            person = meant.get((row["_file"], row["_record"]))
            if person is None:  # a row that somebody added; it is nobody's
                kinds["added", row["outcome"]] += 1
            elif row["outcome"] == "link":
                kinds["right" if row["person_key"] == person else "wrong", row["method"]] += 1
            else:
                kinds["open", row["outcome"]] += 1
    right, wrong = (sum(n for (kind, _), n in kinds.items() if kind == of) for of in ("right", "wrong"))
    assert right > 50 and wrong == 0, kinds
    assert kinds["right", "number_repaired"] > 10 and kinds["right", "weighed"] > 10, kinds
    # those who are not in the population registry have nobody to be linked to
    assert right >= 0.9 * (right + sum(n for (kind, _), n in kinds.items() if kind == "open")), kinds


def test_where_no_row_lacks_its_number_there_is_nothing_to_link(settings: Settings, extracts: Path) -> None:
    take_in(settings, extracts, ("population",))
    result = link(settings, PERIOD)
    assert result.status == "linked" and result.path is not None
    assert (result.records, result.linked, result.contents, review.links(settings, result.path)) == (0, 0, {}, [])


def standing(settings: Settings, path: str) -> list[tuple]:
    keys = ("registry", "_file", "_record", "person_key", "method", "outcome", "weight")
    return [tuple(row[key] for key in keys) for row in review.links(settings, path)]


def test_the_same_inputs_are_linked_once_and_a_decision_outranks_every_weight(loaded: Settings) -> None:
    first = link(loaded, PERIOD)
    assert link(loaded, PERIOD).status == "unchanged"
    before = review.links(loaded, first.path)
    linked = next(row for row in before if row["method"] == "weighed" and row["outcome"] == "link")
    record, person = linked["record_key"], linked["person_key"]

    review.decide(loaded, record, person, False, "another person of that name, seen by the akim")
    parted = link(loaded, PERIOD)
    assert parted.status == "linked" and parted.linked == first.linked - 1
    after = review.links(loaded, parted.path)
    (row,) = [row for row in after if row["record_key"] == record]
    assert row["person_key"] != person
    others = [one for one in before if one["record_key"] != record]
    assert others == [one for one in after if one["record_key"] != record], "nothing else was lost or moved"

    review.decide(loaded, record, person, True, "it was that person after all")
    joined = link(loaded, PERIOD)
    (row,) = [row for row in review.links(loaded, joined.path) if row["record_key"] == record]
    assert (row["person_key"], row["method"], row["outcome"]) == (person, "decided", "link")

    # killed before its end, a run leaves no row of the ledger, and the next does the same again
    with engine(loaded.dsn).begin() as con:
        con.execute(text("delete from ledger.link_run where path = :p"), {"p": joined.path})
    again = link(loaded, PERIOD)
    assert again.status == "linked" and standing(loaded, again.path) == standing(loaded, joined.path)


def test_reasons_are_in_three_languages_and_names_nobody(loaded: Settings) -> None:
    result = link(loaded, PERIOD)
    rows = [row for row in review.links(loaded, result.path) if row["outcome"] != "none"]
    reasons = set()
    for row in rows:
        levels = {field: row[f"{field}_level"] for field in FIELDS}
        answers = (review.explain(loaded, row["method"], row["weight"], levels, lang) for lang in ("kk", "ru", "en"))
        reasons.add(tuple(answers))
    assert all("туған күні" in kk and "дата рождения" in ru and "date of birth" in en for kk, ru, en in reasons)
    with duckdb.connect() as con:
        address = Lake(loaded.lake).address(result.path)
        types = {n: t for n, t, *_ in con.execute(f"describe select * from '{address}'").fetchall()}
    assert {n for n, t in types.items() if t == "VARCHAR"} == {"registry", "_file", "method", "outcome"}


def test_only_the_vault_shows_a_reviewer_both_sides(loaded: Settings) -> None:
    # a threshold that nobody reaches: everything waits, and distant namesakes too
    model_file = loaded.include / "linkage" / "person.yaml"
    own = loaded.home / "include"
    shutil.copytree(loaded.include, own)
    strict = own / "linkage" / "person.yaml"
    thresholds = model_file.read_text("utf-8").replace("link: 4.0", "link: 99.0")
    strict.write_text(thresholds.replace("review: -4.0", "review: -20.0"), "utf-8")
    settings = replace(loaded, include=own)
    result = link(settings, PERIOD)
    waiting = review.review(settings, 10_000)
    candidates = Counter(row["record_key"] for row in waiting)
    assert result.reviewed == len(candidates) > 50
    # a record stands beside everybody it could be, the likeliest first
    assert 1 < max(candidates.values()) <= REVIEW_CANDIDATES
    (ambiguous, count) = candidates.most_common(1)[0]
    rows = [row for row in waiting if row["record_key"] == ambiguous]
    assert len({row["person_key"] for row in rows}) == count
    assert [row["weight_bits"] for row in rows] == sorted((row["weight_bits"] for row in rows), reverse=True)
    assert all(row["record"]["surname"] and row["person"]["number"] and row["places"] for row in waiting)
    review.decide(settings, str(rows[0]["record_key"]), str(rows[0]["person_key"]), False, "another one")
    assert len(review.review(settings, 10_000)) == len(waiting) - 1
    review.decide(settings, str(rows[1]["record_key"]), str(rows[1]["person_key"]), True, "papers seen")
    assert ambiguous not in {row["record_key"] for row in review.review(settings, 10_000)}
    with engine(settings.dsn).connect() as con:
        for role in ("auyl_reader", "auyl_engineer", "auyl_portal"):
            for table in ("vault.link_review", "ledger.link_decision"):
                allowed = con.execute(
                    text("select has_table_privilege(:role, :table, 'select')"), {"role": role, "table": table}
                ).scalar()
                assert not allowed, (role, table)
