"""The catalogue, its SQL files and its page say the same, and a bad entry says what is wrong with it."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from auyl.errors import ContractInvalid
from auyl.linkage.contradictions import catalogue
from auyl.linkage.contradictions.workbooks import SUBJECTS
from auyl.settings import REPOSITORY, from_environment

INCLUDE = from_environment().include


def test_every_type_has_a_query_of_its_own_or_of_a_family() -> None:
    types = catalogue.load(INCLUDE)
    files = {path.stem for path in (INCLUDE / "sql" / "contradictions").glob("*.sql")}
    assert {one.id for one in types if one.family is None} == files
    families = Counter(one.family for one in types if one.family)
    assert families == {"dead": 11, "closed": 5, "other_okrug": 4, "birth_date": 3}


def test_an_owner_reads_what_each_is_about_in_words() -> None:
    said = {word for one in catalogue.load(INCLUDE) for word in re.findall(r"'(\w+)' as subject_kind", one.sql)}
    assert said == set(SUBJECTS)


def test_the_page_lists_the_catalogue() -> None:
    page = (REPOSITORY / "docs" / "contradictions.md").read_text(encoding="utf-8")
    rows = ["| type | what | left says | right says | has to act | severity |", "|---|---|---|---|---|---|"]
    for entry in catalogue.load(INCLUDE):
        left, right = (f"{side.registry}: {side.says['en']}" for side in (entry.left, entry.right))
        rows.append(f"| `{entry.id}` | {entry.names['en']} | {left} | {right} | {entry.owner} | {entry.severity} |")
    assert [row for row in rows if row not in page] == []


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for folder in ("contracts", "contradictions", "sql/contradictions"):
        shutil.copytree(INCLUDE / folder, tmp_path / folder)
    return tmp_path


BAD = {
    "a text is missing": ('en: "Animals of', 'fr: "Animals of', "name: expected a text in each of kk, ru, en"),
    "unknown severity": ("severity: low", "severity: lowest", "severity: "),
    "unknown unit": ("affected: heads", "affected: herds", "affected: "),
    "owner is no side": ("owner: livestock", "owner: taxes", "expected one of the two sides as owner, not taxes"),
    "unknown registry": ("registry: livestock", "registry: livestok", "registries with a contract, not livestok"),
    "unknown key": ("severity: high", "severty: high", "severty: "),
    "no owner": ("    owner: livestock\n", "", "owner: Field required"),
    "no SQL": ("id: heads_disagree", "id: heads_disagre", "expected the file heads_disagre.sql"),
    "SQL reads another registry": ("also: [business_register]", "also: [taxes]", "its SQL reads business_register"),
    "the other side's SQL": ("id: animal_owner_unknown", "id: heads_disagree", "its SQL reads"),
    "unknown family": ("family: closed", "family: shut", "expected the file families/shut.sql"),
    "unfilled placeholder": ("      holder: owner_key\n", "", "closed.sql needs the parameters holder"),
    "unknown parameter": ("holder: owner_key", "owner: owner_key", "closed.sql has no parameters owner"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_entry_is_refused_by_file_entry_and_field(include: Path, fault: str) -> None:
    right, wrong, message = BAD[fault]
    path = include / "contradictions" / "animals.yaml"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(ContractInvalid, match=r"animals\.yaml, contradictions «\w+»") as error:
        catalogue.load(include)
    assert message in str(error.value)


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
