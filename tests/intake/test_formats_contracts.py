"""What a contract may say of a format; a contract that does not validate fails here, not in the night run."""

from pathlib import Path

import pytest

from auyl import contracts
from auyl.contracts.options import ArchiveOptions
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
        ({"format": "docx"}, "option format: Input should be 'csv', 'xml'"),
        ({"format": "csv", "delimeter": ";"}, "option delimeter: is delimiter meant?"),
        ({"format": "csv", "delimiter": ";;"}, "option delimiter: String should have at most 1 character, not ';;'"),
        ({"format": "csv", "encoding": "cp-1251-kz"}, "no encoding cp-1251-kz"),
        (
            {"format": "csv", "fillDown": ["kato"]},
            "option fillDown: not read by the server, way file or sftp",
        ),
        ({"format": "csv", "finalNewline": "no"}, "option finalNewline: Input should be a valid boolean"),
        ({"format": "xlsx", "fillDown": ["Katu"]}, "option fillDown: no column Katu"),
        ({"format": "xlsx", "fillDown": "kato"}, "option fillDown: Input should be a valid tuple"),
        ({"format": "xls", "headingRows": 3}, "option headingRows: Input should be 1 or 2, not 3"),
        ({"format": "xls", "maxUnpackedBytes": 5}, "option maxUnpackedBytes: not read by"),
        ({"format": "xml"}, "option record is missing; format xml needs it"),
        ({"format": "json"}, "option items is missing"),
        ({"format": "csv", "archive": "zip"}, "option memberPattern is missing"),
        ({"format": "csv", "archive": "rar", "memberPattern": "*"}, "option archive: Input should be 'zip', not 'rar'"),
        (
            {"format": "csv", "archive": "zip", "memberPattern": "*", "maxMembers": 0},
            "option maxMembers: Input",
        ),
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
    sorted(ArchiveOptions.names().union(*(kind.names() for kind in contracts.FORMATS.values())))
    + list(contracts.FORMATS),
)
def test_every_option_and_format_is_documented(option: str) -> None:
    assert f"`{option}`" in DOCUMENT
