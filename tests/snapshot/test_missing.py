"""A snapshot goes on with N of M registries when their deadlines have passed, and records what is missing."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from auyl import intake
from auyl.settings import Settings
from auyl.snapshot import build
from auyl.snapshot.missing import waiting
from auyl.snapshot.show import show
from tests.extracts import budget_csv
from tests.snapshot.conftest import PERIOD
from tests.snapshot.queries import content, query

ALL_BUT_BUDGET = ("population", "social_assistance", "livestock", "ambulance", "employment")
# the budget is the last that is due, on 10 November
BEFORE, AFTER = date(2026, 11, 10), date(2026, 11, 11)

TakeIn = Callable[..., bool]


@pytest.fixture
def take(installation: Settings, oblast: Path) -> TakeIn:
    """Take in extracts of the oblast, or the given file."""

    def run(registry: str, file: Path | None = None, period: str = PERIOD) -> bool:
        files = [file] if file else sorted((oblast / PERIOD / registry).iterdir())
        made = datetime(2026, 11, 1, 5, tzinfo=UTC)
        return intake.load(intake.land_files(registry, period, files, installation, made), installation).accepted

    return run


def missing(settings: Settings, revision: int) -> list[tuple[str, str | None, str]]:
    rows = query(settings, "select * from serving.snapshot_missing where revision = :r order by registry", r=revision)
    return [(row.registry, row.last_period, row.reason) for row in rows]


def test_it_goes_on_without_one_says_so_and_is_complete_in_the_next_revision(
    installation: Settings, take: TakeIn
) -> None:
    for registry in ALL_BUT_BUDGET:
        assert take(registry)
    assert build(PERIOD, installation).status == "incomplete"
    assert waiting(installation, BEFORE) == []
    assert waiting(installation, AFTER) == [PERIOD]
    result = build(PERIOD, installation, allow_missing=True)
    assert (result.status, result.revision, result.missing) == ("published", 1, ["budget_okrug"])
    assert missing(installation, 1) == [("budget_okrug", None, "never")]
    kato = content(installation)[0].kato
    assert show(installation, kato)["without"] == [{"registry": "budget_okrug", "last_period": None, "reason": "never"}]
    assert waiting(installation, AFTER) == [], "nothing new came since"

    assert take("budget_okrug")
    assert waiting(installation, AFTER) == [PERIOD]
    complete = build(PERIOD, installation)
    assert (complete.status, complete.revision, complete.missing) == ("published", 2, [])
    assert missing(installation, 2) == [] and len(missing(installation, 1)) == 1
    assert show(installation, kato)["without"] == []


def test_the_reason_why_a_registry_is_missing_is_published(
    installation: Settings, take: TakeIn, tmp_path: Path
) -> None:
    for registry in ALL_BUT_BUDGET:
        take(registry)
    earlier = tmp_path / "budget_okrug_2026-08.csv"
    earlier.write_bytes(budget_csv(["194083100"], "08.2026"))
    assert take("budget_okrug", earlier, "2026-08")
    assert build(PERIOD, installation, allow_missing=True).revision == 1
    assert missing(installation, 1) == [("budget_okrug", "2026-08", "late")]
    assert waiting(installation, AFTER) == []
    assert not take("budget_okrug", earlier, PERIOD), "a file of another month is refused"
    assert waiting(installation, AFTER) == [PERIOD]
    assert build(PERIOD, installation, allow_missing=True).revision == 2
    assert missing(installation, 2) == [("budget_okrug", "2026-08", "refused")]
    assert build(PERIOD, installation, allow_missing=True).status == "unchanged"


def test_a_registry_whose_extract_was_refused_is_missing_as_refused(
    installation: Settings, take: TakeIn, tmp_path: Path
) -> None:
    for registry in ALL_BUT_BUDGET:
        take(registry)
    wrong = tmp_path / "budget_okrug_2026-10.csv"
    wrong.write_bytes(budget_csv(["194083100"], "08.2026"))
    assert not take("budget_okrug", wrong)
    assert build(PERIOD, installation, allow_missing=True).revision == 1
    assert missing(installation, 1) == [("budget_okrug", None, "refused")]


def test_nothing_goes_on_without_the_population(installation: Settings, take: TakeIn) -> None:
    for registry in ("social_assistance", "livestock", "employment"):
        take(registry)
    assert waiting(installation, date(2027, 6, 1)) == []
    assert build(PERIOD, installation, allow_missing=True).status == "incomplete"
