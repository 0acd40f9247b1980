"""A contract says all that its way in needs, or fails before the night run."""

import pytest

from auyl.errors import ContractInvalid
from auyl.settings import Settings
from tests.sources.conftest import Adopt

GATEWAY = {"way": "soap", "service": "population", "filePattern": None, "marker": None}
NO_XML = dict.fromkeys(("record", "recordCount", "envelope", "ignore"))


@pytest.mark.parametrize(
    ("registry", "options", "fault"),
    [
        ("population", {"filePattern": None, "marker": None}, "option filePattern is missing"),
        (
            "population",
            {"way": "sftp", "filePattern": None, "marker": None},
            "option filePattern is missing",
        ),
        (
            "population",
            {"way": "soap", "filePattern": None, "marker": None},
            "option service is missing; soap needs it",
        ),
        ("population", GATEWAY | {"channel": "both"}, "option channel: Input should be 'sync' or 'async', not 'both'"),
        (
            "population",
            GATEWAY | {"signature": "optional"},
            "option signature: Input should be 'required' or 'unchecked'",
        ),
        (
            "population",
            GATEWAY | NO_XML | {"format": "csv"},
            "the gateway answers XML, not csv",
        ),
        ("population", {"way": "ftp"}, "option way: Input should be 'file', 'sftp'"),
        ("employment", {"paging": "pages"}, "option paging: Input should be 'number', 'cursor'"),
        ("employment", {"total": None}, "paging by number needs the option total"),
        ("employment", {"auth": "digest"}, "option auth: Input should be 'bearer'"),
        ("ambulance", {"watermark": None}, "option watermark is missing; sql needs it"),
    ],
)
def test_what_a_contract_lacks_is_named(
    settings: Settings, adopt: Adopt, registry: str, options: dict[str, object], fault: str
) -> None:
    with pytest.raises(ContractInvalid, match=fault):
        adopt(settings, registry, **options)


@pytest.mark.parametrize(
    ("registry", "options"),
    [
        ("population", {"way": "sftp", "marker": "{name}.ok"}),
        ("population", GATEWAY | {"channel": "async"}),
        ("employment", {"paging": "cursor", "total": None, "auth": "oauth2"}),
    ],
)
def test_a_complete_contract_is_valid(
    settings: Settings, adopt: Adopt, registry: str, options: dict[str, object]
) -> None:
    assert adopt(settings, registry, **options)
