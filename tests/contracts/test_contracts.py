"""A wrong contract fails here and not in the night run."""

from pathlib import Path

import pytest

from auyl import contracts, settings
from auyl.contracts.options import FileOptions
from auyl.errors import ContractInvalid

FOLDER = settings.from_environment().include / "contracts"
FILES = sorted(FOLDER.glob("*.odcs.yaml"))

pytestmark = pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")  # inside the ODCS package


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_every_contract_is_valid(path: Path) -> None:
    contracts.validate(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_every_contract_names_its_purpose_its_basis_and_its_owner(path: Path) -> None:
    contract = contracts.load(path.name.removesuffix(".odcs.yaml"), FOLDER.parent)
    assert len(contract.purpose) > 20
    assert contract.owner
    assert "limitations:" in path.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_the_newest_of_duplicates_is_only_chosen_where_there_is_a_key(path: Path) -> None:
    contract = contracts.load(path.name.removesuffix(".odcs.yaml"), FOLDER.parent)
    if contract.newest_by:
        assert contract.keys


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_a_drop_folder_says_when_its_files_are_complete(path: Path) -> None:
    options = contracts.load(path.name.removesuffix(".odcs.yaml"), FOLDER.parent).option_set(FileOptions)
    if options is not None:
        assert options.marker or options.stable_seconds


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("classification: private", "classification: restricted", "place, address: a column of classification private"),
        ("classification: private", "classification: personal", "no classification personal; there are internal,"),
        (
            "primaryKey: true",
            "primaryKey: true\n        classification: private",
            "call_id: private, so it cannot be a",
        ),
        (
            "physicalName: 'brigade'",
            "physicalName: 'brigade'\n        classification: private",
            "place, crew: brigade is",
        ),
    ],
)
def test_a_private_text_is_neither_a_key_nor_open_where_it_tells_the_place(
    tmp_path: Path, right: str, wrong: str, fault: str
) -> None:
    text = (FOLDER / "ambulance.odcs.yaml").read_text("utf-8")
    assert right in text
    path = tmp_path / "ambulance.odcs.yaml"
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    with pytest.raises(ContractInvalid, match=fault):
        contracts.validate(path)


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("logicalType: date", "logicalType: moment", "moment"),
        ("value: csv", "value: papyrus", "papyrus"),
        ("way, value: file", "way, value: pigeon", "pigeon"),
        ("id: social_assistance", "id: assistance", "is not the name of the file"),
        ("apiVersion: v3.1.0", "apiVersion: v0", "apiVersion"),
        ("- name: surname", "- name: iin", "occurs twice"),
    ],
)
def test_a_wrong_contract_is_refused_with_its_fault(tmp_path: Path, right: str, wrong: str, fault: str) -> None:
    text = (FOLDER / "social_assistance.odcs.yaml").read_text("utf-8")
    assert right in text
    path = tmp_path / "social_assistance.odcs.yaml"
    path.write_text(text.replace(right, wrong, 1), "utf-8")
    with pytest.raises(ContractInvalid, match=fault):
        contracts.validate(path)
