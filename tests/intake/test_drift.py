"""Drift from a registry's own history is reported, and nothing else."""

from datetime import UTC, datetime

import pytest

from auyl import intake
from auyl.intake.drift import ColumnProfile, Drift, Profile, compare
from auyl.settings import Settings
from tests.extracts import SOCIAL_HEADING, social_csv, social_row
from tests.intake.conftest import TakeIn

MONTHS = ("2026-06", "2026-07", "2026-08")


def of_month(month: str, rows: int = 60, **cells: str) -> list[list[str]]:
    kinds = ("АСП", "ЖП", "ПСД")
    period = f"{month[5:]}.{month[:4]}"
    good = {"ПЕРИОД": period, "ДАТА НАЗНАЧЕНИЯ": f"01.{period}"}
    return [social_row(n, **{"ВИД ПОМОЩИ": kinds[n % 3], **good, **cells}) for n in range(1, rows + 1)]


@pytest.fixture
def after_three_months(take_in: TakeIn) -> TakeIn:
    for month in MONTHS:
        result = take_in("social_assistance", {"s.csv": social_csv(of_month(month))}, month, made(month))
        assert result.status == "accepted" and not result.drifts, (result.refusal, result.drifts)
    return take_in


def made(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]) + 1, 1, tzinfo=UTC)


def drifted(result: intake.BatchResult) -> dict[str, Drift]:
    assert result.status == "accepted", result.refusal
    return {drift.kind: drift for drift in result.drifts}


def test_a_month_like_the_others_tells_nothing(after_three_months: TakeIn) -> None:
    assert not drifted(
        after_three_months("social_assistance", {"s.csv": social_csv(of_month("2026-09"))}, "2026-09", made("2026-09"))
    )


def test_a_new_column_is_kept_and_told(after_three_months: TakeIn, settings: Settings) -> None:
    rows = [[*row, "да"] for row in of_month("2026-09")]
    text = social_csv(rows, SOCIAL_HEADING + ";СОГЛАСИЕ")
    found = drifted(after_three_months("social_assistance", {"s.csv": text}, "2026-09", made("2026-09")))
    assert list(found) == ["column_new"] and found["column_new"].name == "СОГЛАСИЕ"
    assert found["column_new"].found == "60 filled cells"


def test_columns_in_another_order_are_taken_and_told(after_three_months: TakeIn) -> None:
    heading = SOCIAL_HEADING.split(";")
    text = social_csv(
        [[row[1], row[0], *row[2:]] for row in of_month("2026-09")], ";".join([heading[1], heading[0], *heading[2:]])
    )
    found = drifted(after_three_months("social_assistance", {"s.csv": text}, "2026-09", made("2026-09")))
    assert list(found) == ["column_reordered"] and "«ИИН»" in found["column_reordered"].found


def test_an_optional_column_that_is_gone_is_told(after_three_months: TakeIn) -> None:
    heading = SOCIAL_HEADING.split(";")
    at = heading.index("ЧЛЕНОВ СЕМЬИ")
    rows = [[cell for n, cell in enumerate(row) if n != at] for row in of_month("2026-09")]
    text = social_csv(rows, ";".join(h for h in heading if h != "ЧЛЕНОВ СЕМЬИ"))
    found = drifted(after_three_months("social_assistance", {"s.csv": text}, "2026-09", made("2026-09")))
    assert found["column_gone"].expected == "«ЧЛЕНОВ СЕМЬИ»"
    assert found["null_share"].found == "100.0%"


def test_volume_outside_the_own_history_is_told(after_three_months: TakeIn) -> None:
    text = social_csv(of_month("2026-09", rows=90))
    found = drifted(after_three_months("social_assistance", {"s.csv": text}, "2026-09", made("2026-09")))
    assert (found["volume"].expected, found["volume"].found) == ("60 to 60 rows", "90 rows")


def history(**change: object) -> list[Profile]:
    column = {"name": "kind", "heading": "ВИД", "place": 1, "filled": 100, "share_unreadable": None, "categories": None}
    return [Profile(100, {"kind": ColumnProfile(**{**column, **change})})] * 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        ({"categories": ("а", "б")}, {"categories": ("а", "в")}, "category_new"),
        ({"heading": "ВИД"}, {"heading": "ТИП"}, "column_renamed"),
        ({"share_unreadable": 0.01}, {"share_unreadable": 0.5}, "column_retyped"),
        ({"filled": 100}, {"filled": 60}, "null_share"),
        ({"categories": ("а", "б")}, {"categories": ("а",)}, None),
        ({"share_unreadable": 0.01}, {"share_unreadable": 0.02}, None),
        ({"filled": 100}, {"filled": 99}, None),
    ],
)
def test_each_kind_is_told_when_it_is_outside_and_not_when_it_is_inside(
    settings: Settings, then: dict[str, object], now: dict[str, object], kind: str | None
) -> None:
    from auyl import contracts

    contract = contracts.load("social_assistance", settings.include)
    found = compare(history(**now)[0], history(**then), contract)
    assert [drift.kind for drift in found] == ([kind] if kind else [])
