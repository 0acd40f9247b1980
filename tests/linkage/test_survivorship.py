"""A wrong entry of a survivorship table is refused with file and field, and every entry names columns of stage."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from auyl.errors import ContractInvalid
from auyl.linkage.entities import build as entities
from auyl.linkage.entities import survivorship
from auyl.settings import REPOSITORY, Settings
from auyl.store import duck
from auyl.store.lake import Lake
from auyl.territory.resolver import current_edition, open_territory
from lab.evaluation.entities import POINTERS, ROW_IDS
from lab.evaluation.entity_scores import LEAST_F1, LEAST_PRECISION
from tests.linkage.conftest import know_territory

ALL = survivorship.load_all(REPOSITORY / "include")
PAGE = (REPOSITORY / "docs" / "survivorship.md").read_text("utf-8")


def test_every_kind_of_the_design_has_a_table() -> None:
    assert {kind.id for kind in ALL} == {
        "person", "household", "herd", "organisation", "parcel", "animal", "facility", "place",
    }  # fmt: skip


@pytest.fixture
def changed(settings: Settings, tmp_path: Path) -> Settings:
    """An installation with an include folder of its own."""
    folder = tmp_path / "include"
    shutil.copytree(settings.include, folder)
    return replace(settings, include=folder)


def rewrite(settings: Settings, kind: str, *changes: tuple[str, str]) -> None:
    path = settings.include / "survivorship" / f"{kind}.yaml"
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


WRONG = {
    "a registry that there is not": (
        ("  land: {key: cadastral_number}", "  lands: {key: cadastral_number}"),
        "parcel.yaml, registries, lands: expected a registry with a contract, such as land, not lands",
    ),
    "a misspelt entry": (
        ("validFrom: registered_on", "validfrom: registered_on"),
        "parcel.yaml, attributes «area_ha», sources 1, validfrom: Extra inputs are not permitted",
    ),
    "no freshness": (
        ("{registry: land, value: is_pasture, freshnessMonths: 12}", "{registry: land, value: is_pasture}"),
        "parcel.yaml, attributes «is_pasture», sources 1, freshnessMonths: Field required",
    ),
    "a freshness that is no number": (
        ("is_pasture, freshnessMonths: 12", "is_pasture, freshnessMonths: never"),
        "attributes «is_pasture», sources 1, freshnessMonths: Input should be a valid integer, found 'never'",
    ),
    "a name in two languages": (
        ("{kk: ауданы, ru: площадь, en: area}", "{kk: ауданы, ru: площадь}"),
        "attributes «area_ha», name: expected a text in each of kk, ru, en",
    ),
    "the vault's level": (
        ("level: internal", "level: vault"),
        "attributes «area_ha», level: Input should be 'internal' or 'restricted', found 'vault'",
    ),
    "a column of the vault": (
        ("value: area_ha", "value: holder_number"),
        "attributes «area_ha»: expected columns of stage, not land.holder_number, which the contract classifies",
    ),
    "a level below that of its column": (
        ("value: purpose,", "value: rca,"),
        "attributes «purpose»: expected level restricted, as the contract has land.rca, not internal",
    ),
    "an attribute twice": (("- id: purpose", "- id: area_ha"), "expected each attribute once, not area_ha again"),
    "an attribute without a source": (
        ("    sources:\n      - {registry: land, value: purpose, validFrom: registered_on, freshnessMonths: 12}\n",
         "    sources: []\n"),
        "attributes «purpose», sources: Tuple should have at least 1 item",
    ),
    "a tolerance of a text": (
        ("  - id: purpose\n", "  - id: purpose\n    tolerance: 1\n"),
        "attributes «purpose»: expected a tolerance only with type integer or number, not text",
    ),
    "a source that registries do not have": (
        ("{registry: land, value: is_pasture", "{registry: taxes, value: month"),
        "attribute is_pasture: registries has no taxes",
    ),
    "grouped and preferred": (
        ("value: is_pasture, freshnessMonths", "value: is_pasture, grouped: true, prefer: _file, freshnessMonths"),
        "attributes «is_pasture», sources 1: expected neither prefer nor validFrom beside grouped",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_refused_with_file_attribute_and_what_is_expected(changed: Settings, name: str) -> None:
    change, message = WRONG[name]
    rewrite(changed, "parcel", change)
    with pytest.raises(ContractInvalid, match=re.escape(message)):
        survivorship.load("parcel", changed.include)


def bound(settings: Settings, kinds: list[survivorship.EntityKind]) -> None:
    """Bind every rule to empty sources: columns that no stage has are refused."""
    lake = Lake(settings.lake)
    con = duck.connect(settings, lake)
    try:
        open_territory(con, settings, lake, current_edition(settings, lake))
        entities.open_sources(con, settings, lake, sorted({r for kind in kinds for r in kind.registries}), {})
        for kind in kinds:
            entities.open_throughs(con, settings, kind)
            entities.bind(con, kind)
    finally:
        con.close()


def test_every_kind_has_limits_and_every_registry_a_column_that_names_its_row() -> None:
    """`python -m lab evaluate entities` would otherwise skip a new kind silently, or stop at a new registry."""
    kinds = survivorship.load_all(REPOSITORY / "include")
    assert set(LEAST_F1) == set(LEAST_PRECISION) == {kind.id for kind in kinds}
    assert set(ROW_IDS) == {registry for kind in kinds for registry in kind.registries}
    attributes = {kind.id: {attribute.id for attribute in kind.attributes} for kind in kinds}
    assert all(set(names) <= attributes[kind] for kind, names in POINTERS.items())


def test_every_column_that_a_rule_names_is_in_the_stage_of_its_contract(settings: Settings, oblast: Path) -> None:
    bound(know_territory(settings, oblast), ALL)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("value: area_ha", "value: area_hectares"), "attribute area_ha, source 1 (land), value: expected SQL over"),
        (("validFrom: returned_on", "validFrom: returned"), "attribute returned_on, source 1 (land), validFrom"),
        (("{key: cadastral_number}", "{key: holder_number}"), "(land), key: expected SQL over columns of stage"),
    ],
)
def test_a_column_that_stage_lacks_is_refused(
    changed: Settings, oblast: Path, change: tuple[str, str], told: str
) -> None:
    know_territory(changed, oblast)
    rewrite(changed, "parcel", change)
    with pytest.raises(ContractInvalid, match=re.escape(told)):
        bound(changed, [survivorship.load("parcel", changed.include)])


def test_the_page_lists_every_kind_and_attribute_with_its_registries_by_rank() -> None:
    for kind in ALL:
        for attribute in kind.attributes:
            ranked = ", ".join(dict.fromkeys(source.registry for source in attribute.sources))
            line = f"| `{kind.id}` | `{attribute.id}` | {attribute.level} | {ranked} |"
            assert line in PAGE, f"docs/survivorship.md lacks: {line}"
    assert PAGE.count("\n| `") - PAGE.count("\n| `", PAGE.index("## What an entry says")) == sum(
        len(kind.attributes) for kind in ALL
    )


def test_the_page_explains_every_entry() -> None:
    models = (survivorship.EntityRows, survivorship.AttributeSource, survivorship.EntityAttribute)
    entries = {field.alias for model in models for field in model.model_fields.values()}
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE[PAGE.index("## What an entry says") :], flags=re.MULTILINE))
    assert explained == entries | {"entity"}
