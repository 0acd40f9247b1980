"""docs/registries.md says of every registry what its contract says, and every need of the akims is fed."""

from pathlib import Path

from auyl import contracts, settings
from auyl.contracts import Contract

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "registries.md").read_text("utf-8")
ALL = contracts.load_all(settings.from_environment().include)
NEEDS = range(1, 22)


def line(contract: Contract) -> str:
    """The row of a registry in the page's first table."""
    needs = ", ".join(map(str, contract.needs))
    way = f"{contract.way}, {contract.format}"
    return f"| `{contract.registry}` | {contract.owner} | {way} | {contract.cadence} | {contract.deadline} | {needs} |"


def test_every_registry_stands_in_the_page_as_its_contract_says() -> None:
    missing = [line(contract) for contract in ALL if line(contract) not in PAGE]
    assert not missing, "\n".join(["docs/registries.md lacks:", *missing])
    assert PAGE.count("\n| `") == len(ALL)


def test_every_need_is_fed_by_a_registry() -> None:
    fed = {need for contract in ALL for need in contract.needs}
    assert fed == set(NEEDS)
    for need in NEEDS:
        names = ", ".join(contract.registry for contract in ALL if need in contract.needs)
        (row,) = [row for row in PAGE.splitlines() if row.startswith(f"| {need} |")]
        assert row.endswith(f"| {names} |"), f"docs/registries.md, need {need}: {names}"
