"""A contract that is wrong fails here and not in the night run."""

from pathlib import Path

import pytest

from auyl import contracts, settings
from auyl.errors import ContractInvalid

FOLDER = settings.from_environment().include / "contracts"
FILES = sorted(FOLDER.glob("*.odcs.yaml"))

pytestmark = pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning")  # inside the ODCS package


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_every_contract_keeps_the_standard_and_names_what_intake_can_do(path: Path) -> None:
    contracts.validate(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
def test_every_contract_tells_what_it_rests_on_and_who_mends_it(path: Path) -> None:
    contract = contracts.load(path.name.removesuffix(".odcs.yaml"), FOLDER.parent)
    assert len(contract.purpose) > 20 and contract.owner
    text = path.read_text("utf-8")
    assert "limitations:" in text
    assert contract.keys or not contract.newest_by


@pytest.mark.parametrize(
    ("was", "became", "told"),
    [
        ("logicalType: date", "logicalType: moment", "moment"),
        ("value: csv", "value: papyrus", "papyrus"),
        ("way, value: file", "way, value: pigeon", "pigeon"),
        ("id: social_assistance", "id: assistance", "is not the name of the file"),
        ("apiVersion: v3.1.0", "apiVersion: v0", "apiVersion"),
        ("- name: surname", "- name: iin", "stands twice"),
    ],
)
def test_a_wrong_contract_is_refused_with_the_fault(tmp_path: Path, was: str, became: str, told: str) -> None:
    text = (FOLDER / "social_assistance.odcs.yaml").read_text("utf-8")
    assert was in text
    path = tmp_path / "social_assistance.odcs.yaml"
    path.write_text(text.replace(was, became, 1), "utf-8")
    with pytest.raises(ContractInvalid, match=told):
        contracts.validate(path)
