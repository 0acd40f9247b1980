"""What a contract may say of a format; a contract that does not validate fails here, not in the night run."""

from pathlib import Path

import pytest

from auyl import contracts
from auyl.errors import ContractInvalid
from auyl.settings import REPOSITORY
from tests.intake import derived

DOCUMENT = (REPOSITORY / "docs" / "contracts.md").read_text("utf-8")


@pytest.mark.parametrize("registry", contracts.names(REPOSITORY / "include"))
def test_every_contract_is_valid(registry: str) -> None:
    contracts.validate(REPOSITORY / "include" / "contracts" / f"{registry}.odcs.yaml")


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"format": "docx"}, "no way in «file» with format «docx»"),
        ({"format": "csv", "delimeter": ";"}, "option delimeter: is delimiter meant?"),
        ({"format": "csv", "delimiter": ";;"}, "option delimiter: one character"),
        ({"format": "csv", "encoding": "cp-1251-kz"}, "no encoding cp-1251-kz"),
        ({"format": "csv", "fillDown": ["kato"]}, "option fillDown: format csv does not read it"),
        ({"format": "csv", "finalNewline": "no"}, "option finalNewline: true or false"),
        ({"format": "xlsx", "fillDown": ["Katu"]}, "option fillDown: no column Katu"),
        ({"format": "xlsx", "fillDown": "kato"}, "option fillDown: a list"),
        ({"format": "xls", "headingRows": 3}, "option headingRows: 1 or 2"),
        ({"format": "xls", "maxUnpackedBytes": 5}, "option maxUnpackedBytes: format xls does not read it"),
        ({"format": "xml"}, "option record is missing"),
        ({"format": "json"}, "option items is missing"),
        ({"format": "csv", "archive": "zip"}, "option memberPattern is missing"),
        ({"format": "csv", "archive": "rar", "memberPattern": "*"}, "option archive: zip is the only one"),
        ({"format": "csv", "archive": "zip", "memberPattern": "*", "maxMembers": 0}, "option maxMembers: a number"),
        ({"format": "geojson", "columns": {"kato": {"physicalName": "geometry:x"}}}, "source geometry:x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_option_that_would_be_ignored_or_misread_is_a_fault(
    tmp_path: Path, options: dict[str, object], fault: str
) -> None:
    include = derived.include_with(tmp_path, ("odd", "employment", dict(options)))
    with pytest.raises(ContractInvalid) as refused:
        contracts.validate(include / "contracts" / "odd.odcs.yaml")
    assert fault in str(refused.value)


@pytest.mark.parametrize(
    "option",
    sorted(contracts.ARCHIVE_OPTIONS.union(*contracts.FORMAT_OPTIONS.values())) + list(contracts.FORMATS),
)
def test_every_option_and_format_is_documented(option: str) -> None:
    assert f"`{option}`" in DOCUMENT
