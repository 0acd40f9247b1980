"""A contract says all that its way in needs, or fails before the night run."""

import pytest

from auyl.errors import ContractInvalid
from auyl.settings import Settings
from tests.sources.conftest import Adopt

GATEWAY = {"way": "soap", "service": "population"}


@pytest.mark.parametrize(
    ("registry", "options", "fault"),
    [
        ("population", {"filePattern": None}, "way file needs the option filePattern"),
        ("population", {"way": "sftp", "filePattern": None}, "way sftp needs the option filePattern"),
        ("population", {"way": "soap"}, "way soap needs the option service"),
        ("population", GATEWAY | {"channel": "both"}, "channel: «both» is none of sync, async"),
        ("population", GATEWAY | {"signature": "optional"}, "«optional» is none of required, unchecked"),
        ("population", GATEWAY | {"format": "csv"}, "the gateway answers XML, not csv"),
        ("population", {"way": "ftp"}, "no way in «ftp»"),
        ("employment", {"paging": "pages"}, "«pages» is none of number, cursor"),
        ("employment", {"total": None}, "paging by number needs the option total"),
        ("employment", {"auth": "digest"}, "«digest» is none of bearer"),
        ("ambulance", {"watermark": None}, "way sql needs the option watermark"),
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
def test_a_whole_one_is_taken(settings: Settings, adopt: Adopt, registry: str, options: dict[str, object]) -> None:
    assert adopt(settings, registry, **options)
