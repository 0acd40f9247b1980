"""An option that nothing reads, is missing or has an impossible value is an error, and every option is documented."""

import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from auyl import contracts
from auyl.contracts.options import ArchiveOptions, ColumnOptions, RegistryOptions, ServerOptions
from auyl.errors import ContractInvalid
from auyl.settings import REPOSITORY
from tests.formats import derived

DOCS = REPOSITORY / "docs"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"format": "docx"}, "option format: Input should be 'csv', 'xml'"),
        ({"format": "csv", "delimeter": ";"}, "option delimeter: is delimiter meant?"),
        ({"format": "csv", "delimiter": ";;"}, "option delimiter: String should have at most 1 character, not ';;'"),
        ({"format": "csv", "encoding": "cp-1251-kz"}, "no encoding cp-1251-kz"),
        (
            {"format": "csv", "fillDown": ["kato"]},
            "option fillDown: not read by server, file, csv",
        ),
        ({"format": "csv", "finalNewline": "no"}, "option finalNewline: Input should be a valid boolean"),
        ({"format": "xlsx", "fillDown": ["Katu"]}, "option fillDown: no column Katu"),
        ({"format": "xlsx", "fillDown": "kato"}, "option fillDown: Input should be a valid tuple"),
        ({"format": "xls", "headingRows": 3}, "option headingRows: Input should be 1 or 2, not 3"),
        ({"format": "xls", "maxUnpackedBytes": 5}, "option maxUnpackedBytes: not read by"),
        ({"format": "xml"}, "option record is missing; xml needs it"),
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


IN_CONTRACTS = (RegistryOptions, ColumnOptions, ServerOptions, ArchiveOptions, *contracts.FORMATS.values())


@pytest.mark.parametrize("option", sorted({*contracts.FORMATS}.union(*(kind.names() for kind in IN_CONTRACTS))))
def test_every_option_of_a_contract_is_documented(option: str) -> None:
    assert f"`{option}`" in (DOCS / "contracts.md").read_text("utf-8")


@pytest.mark.parametrize("option", sorted(frozenset().union(*(kind.names() for kind in contracts.WAYS.values()))))
def test_every_option_of_a_way_in_is_documented(option: str) -> None:
    assert f"`{option}`" in (DOCS / "sources.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("page", "known"), [("contracts.md", {"delimiter", "headingRows"}), ("sources.md", {"paging", "giveUpHours"})]
)
def test_a_documented_default_is_the_real_one(page: str, known: set[str]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]+)`? \|.*\|$", (DOCS / page).read_text("utf-8"), flags=re.MULTILINE)
    fields = {
        field.alias or name: field
        for kind in (*IN_CONTRACTS, *contracts.WAYS.values())
        for name, field in kind.model_fields.items()
    }
    documented = {option: default for option, default in rows if option in fields and default != "the registry"}
    assert known <= set(documented)
    for option, default in documented.items():
        assert default == in_words(fields[option]), option


def in_words(field: FieldInfo) -> str:
    """A default as the pages write it."""
    if field.is_required():
        return "required"
    default = field.get_default()
    if default in (None, (), {}):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return f"[{', '.join(default)}]"
    if isinstance(default, int | float):
        return f"{default >> 30} GiB" if default == 4 << 30 else f"{default:,.0f}"
    return str(default)
