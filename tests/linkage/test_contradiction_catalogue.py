"""The catalogue, its SQL files and its page say the same, and a bad entry says what is wrong with it."""

import re
import shutil
from pathlib import Path

import pytest

from auyl.errors import ContractInvalid
from auyl.linkage.contradictions import catalogue
from auyl.linkage.contradictions.compute import SUBJECTS
from auyl.settings import REPOSITORY, from_environment

INCLUDE = from_environment().include


def test_at_least_twenty_types_each_with_its_sql() -> None:
    types = catalogue.load(INCLUDE)
    files = {path.stem for path in (INCLUDE / "sql" / "contradictions").glob("*.sql")}
    assert len(types) >= 20 and {one.id for one in types} == files
    assert [one.position for one in types] == list(range(1, len(types) + 1))


def test_an_owner_reads_what_each_is_about_in_words() -> None:
    said = {word for one in catalogue.load(INCLUDE) for word in re.findall(r"'(\w+)' as subject_kind", one.sql)}
    assert said == set(SUBJECTS)


def test_the_page_lists_the_catalogue() -> None:
    page = (REPOSITORY / "docs" / "contradictions.md").read_text(encoding="utf-8")
    assert catalogue.page_table(INCLUDE) in page


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for folder in ("contracts", "contradictions", "sql/contradictions"):
        shutil.copytree(INCLUDE / folder, tmp_path / folder)
    return tmp_path


BAD = {
    "a text is missing": ('en: "Animals of', 'fr: "Animals of', "a text in kk, ru, en"),
    "unknown severity": ("severity: low", "severity: lowest", "lowest is none of high, medium, low"),
    "unknown unit": ("affected: heads", "affected: herds", "herds is none of heads, hectares"),
    "owner is no side": ("owner: livestock", "owner: taxes", "one of the two sides, not taxes"),
    "unknown registry": ("registry: livestock", "registry: livestok", "without a contract: livestok"),
    "unknown key": ("severity: high", "severty: high", "unknown keys: severty"),
    "no owner": ("    owner: livestock\n", "", "'owner'"),
    "no SQL": ("id: heads_disagree", "id: heads_disagre", "there is no heads_disagre.sql"),
    "SQL reads another registry": ("also: [business_register]", "also: [taxes]", "its SQL reads business_register"),
    "twice": ("id: animals_of_closed", "id: heads_disagree", "its SQL reads"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_entry_is_a_clear_error(include: Path, fault: str) -> None:
    right, wrong, said = BAD[fault]
    path = include / "contradictions" / "animals.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ContractInvalid, match=r"animals\.yaml, «\w+»: ") as error:
        catalogue.load(include)
    assert said in str(error.value)


def test_sql_without_an_entry_and_an_entry_twice_are_refused(include: Path) -> None:
    lonely = include / "sql" / "contradictions" / "lonely.sql"
    lonely.write_text("select 1", encoding="utf-8")
    with pytest.raises(ContractInvalid, match="SQL without an entry: lonely"):
        catalogue.load(include)
    lonely.unlink()
    path = include / "contradictions" / "places.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.partition("contradictions:\n")[2], encoding="utf-8")
    with pytest.raises(ContractInvalid, match="twice in the catalogue: pupils_over_children, water_done_not_there"):
        catalogue.load(include)
