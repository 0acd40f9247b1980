"""The choice among claims, on claims written by hand: rank, freshness, date, then a total order."""

import random
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from auyl.ledger import Batch
from auyl.linkage.entities.versions import Version, versions
from auyl.settings import REPOSITORY
from auyl.store import duck

LINKAGE = REPOSITORY / "include" / "sql" / "linkage"
SURVIVING = duck.sql(LINKAGE / "surviving.sql")
CLAIM = (
    "entity_key varchar, rank integer, value varchar, as_of date, valid_from date, registry varchar, batch varchar, "
    "extracted_at timestamptz, file varchar, record bigint, rows bigint, turn bigint, is_stale boolean"
)


def claim(
    value: str, rank: int = 1, as_of: str = "2026-10-31", record: int = 1, stale: bool = False, turn: int = 0,
    file: str = "a",
) -> tuple[object, ...]:  # fmt: skip
    return ("e", rank, value, as_of, None, f"registry {rank}", "b", None, file, record, 1, turn, stale)


def chosen(claims: list[tuple[object, ...]], tolerance: float | None = None) -> list[tuple[object, ...]]:
    """value, losing, is_disputed and the other values."""
    with duckdb.connect() as con:
        con.execute(f"create table claim ({CLAIM})")
        con.executemany("insert into claim values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", claims)
        con.execute(f"set variable tolerance = {tolerance if tolerance is not None else 'null::double'}")
        return con.execute(
            f"select value, losing, is_disputed, list_transform(others, lambda o: o.value) from ({SURVIVING})"
        ).fetchall()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ([claim("a")], ("a", 0, False, None)),
        ([claim("a", 2, "2026-10-31"), claim("b", 1, "2026-01-01")], ("b", 1, True, ["a"])),
        ([claim("a", 1, stale=True), claim("b", 2)], ("b", 1, False, ["a"])),
        ([claim("a", 1, "2026-09-01"), claim("b", 1, "2026-09-02")], ("b", 1, True, ["a"])),
        ([claim("a", 1, turn=2), claim("b", 1, turn=1)], ("b", 1, False, ["a"])),
        ([claim("a", 1, file="y"), claim("b", 1, file="x")], ("b", 1, True, ["a"])),
        ([claim("a", 1, record=2), claim("b", 1, record=1)], ("b", 1, True, ["a"])),
        ([claim("a", 1), claim("a", 2)], ("a", 0, False, ["a"])),
        ([claim("a", 1), claim("a", 1, record=2)], ("a", 0, False, None)),
    ],
)
def test_which_claim_stands(claims: list[tuple[object, ...]], told: tuple[object, ...]) -> None:
    assert chosen(claims) == [told]


def test_a_stale_claim_alone_does_not_stand() -> None:
    assert chosen([claim("a", stale=True)]) == []
    assert chosen([claim("a", 1, stale=True), claim("b", 2, stale=True)]) == []


def test_numbers_within_the_tolerance_do_not_disagree() -> None:
    close = [claim("77.06912", 1), claim("77.069", 2)]
    assert chosen(close, 0.001) == [("77.06912", 0, False, ["77.069"])]
    assert chosen(close, 0.0001) == [("77.06912", 1, True, ["77.069"])]


def test_the_order_of_claims_does_not_matter() -> None:
    shuffled = random.Random(7)
    claims = [
        claim(value, rank, as_of, record, stale, 0, file)
        for value in "ab" for rank in (1, 2) for as_of in ("2026-09-01", "2026-10-01") for record in (1, 2)
        for stale in (False, True) for file in "xy"
    ]  # fmt: skip
    first = chosen(claims)
    for _ in range(10):
        shuffled.shuffle(claims)
        assert chosen(claims) == first


START = datetime(2026, 11, 5, tzinfo=UTC)


def batch(registry: str, period: str, day: int, number: int) -> Batch:
    return Batch(
        number, number, registry, period, f"digest {registry} {period} {day}", "rules", START + timedelta(days=day),
        "raw", "stage", "quarantine", "linkable", 1, 1, 0, 0, 0, 0, {},
    )  # fmt: skip


def in_days(found: list[Version]) -> list[tuple[int | None, int | None, dict[str, str]]]:
    return [
        (
            v.since and (v.since - START).days,
            v.until and (v.until - START).days,
            {r: f"{b.period} {(b.extracted_at - START).days}" for r, b in v.batches.items()},
        )
        for v in found
    ]


def test_a_version_begins_with_a_correction_and_not_with_the_first_extract_of_a_registry() -> None:
    batches = [
        batch("land", "2026-10", 0, 1), batch("land", "2026-10", 9, 2), batch("taxes", "2026-10", 3, 3),
        batch("book", "2026-07", 1, 4), batch("other", "2026-10", 2, 5),
    ]  # fmt: skip
    carry = {"land": 0, "taxes": 0, "book": 5}
    expected = [
        (None, 9, {"land": "2026-10 0", "taxes": "2026-10 3", "book": "2026-07 1"}),
        (9, None, {"land": "2026-10 9", "taxes": "2026-10 3", "book": "2026-07 1"}),
    ]
    for seed in range(10):
        random.Random(seed).shuffle(batches)
        assert in_days(versions(batches, carry, "2026-10")) == expected
    assert versions(batches, {"land": 0}, "2026-09") == []


def test_an_older_extract_stands_in_only_as_long_as_its_contract_says() -> None:
    book = [batch("book", "2026-07", 0, 1), batch("book", "2026-12", 60, 2)]
    assert in_days(versions(book, {"book": 5}, "2026-12")) == [(None, None, {"book": "2026-12 60"})]
    assert in_days(versions(book, {"book": 5}, "2026-11")) == [(None, None, {"book": "2026-07 0"})]
    assert versions(book[:1], {"book": 2}, "2026-11") == []


HISTORY = duck.sql(LINKAGE / "entity_history.sql")
RECORDED = (
    "entity_key varchar, attribute varchar, value varchar, period_no integer, version_no integer, valid_from date, "
    "recorded_from timestamptz, recorded_to timestamptz, as_of date, registry varchar, batch varchar, file varchar, "
    "record bigint"
)


def held(rows: list[tuple[str, int, int, str | None, int, int | None]], periods: int) -> list[tuple[object, ...]]:
    """value, valid from and to, recorded from and to (days), of (value, month, version, valid_from, from, to)."""
    with duckdb.connect() as con:
        con.execute(f"set timezone = 'UTC'; create table recorded ({RECORDED})")
        for value, month, version, valid_from, since, until in rows:
            con.execute(
                "insert into recorded values ('e', 'a', ?, ?, ?, ?, ?, ?, null, 'r', 'b', 'f', 1)",
                [
                    value, month, version, valid_from, START + timedelta(days=since),
                    None if until is None else START + timedelta(days=until),
                ],
            )  # fmt: skip
        days = ", ".join(f"({n}, date '2026-{n + 1:02d}-01', {n == periods})" for n in range(periods + 1))
        con.execute(f"create table known_period as from (values {days}) as p (period_no, first_day, is_end)")
        query = f"select value, valid_from, valid_to, recorded_from, recorded_to from ({HISTORY}) order by 2, 4"
        return [
            (value, _day(a), _day(b), (c - START).days, d and (d - START).days)
            for value, a, b, c, d in con.execute(query).fetchall()
        ]


def _day(day: date | None) -> str | None:
    return day and day.isoformat()


def test_months_that_say_the_same_are_one_span() -> None:
    rows = [("x", 0, 0, None, 0, None), ("x", 1, 0, None, 31, None), ("y", 2, 0, None, 61, None)]
    assert held(rows, 3) == [("x", "2026-01-01", "2026-03-01", 0, None), ("y", "2026-03-01", None, 61, None)]


def test_the_registrys_own_date_counts_unless_it_lies_before_the_value_before_or_ahead() -> None:
    rows = [("x", 0, 0, "2025-06-01", 0, None), ("y", 1, 0, "2026-01-20", 31, None)]
    assert held(rows, 2) == [("x", "2025-06-01", "2026-01-20", 0, None), ("y", "2026-01-20", None, 31, None)]
    for impossible in ("2025-01-01", "2026-05-01"):
        rows = [("x", 0, 0, "2025-06-01", 0, None), ("y", 1, 0, impossible, 31, None)]
        assert held(rows, 2)[1] == ("y", "2026-02-01", None, 31, None)


def test_a_value_that_is_gone_ends_and_may_come_back() -> None:
    rows = [("x", 0, 0, None, 0, None), ("x", 2, 0, None, 61, None)]
    assert held(rows, 4) == [
        ("x", "2026-01-01", "2026-02-01", 0, None), ("x", "2026-03-01", "2026-04-01", 61, None),
    ]  # fmt: skip


def test_a_correction_leaves_what_was_recorded_before_it() -> None:
    rows = [
        ("x", 0, 0, None, 0, 40), ("y", 0, 1, None, 40, None), ("x", 1, 0, None, 31, None),
    ]  # fmt: skip
    assert held(rows, 2) == [
        ("x", "2026-01-01", "2026-02-01", 0, 40),
        ("y", "2026-01-01", "2026-02-01", 40, None),
        ("x", "2026-02-01", None, 31, None),
    ]


def test_a_correction_that_says_the_same_changes_nothing_and_one_that_is_silent_ends_it() -> None:
    assert held([("x", 0, 0, None, 0, 40), ("x", 0, 1, None, 40, None)], 1) == [("x", "2026-01-01", None, 0, None)]
    assert held([("x", 0, 0, None, 0, 40)], 1) == [("x", "2026-01-01", "2026-02-01", 0, 40)]
