"""Appeals on two sheets become one list with topics, results and what is overdue."""

from datetime import date
from pathlib import Path

from auyl.settings import Settings
from lab import synthetic
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import load_and_judge, stage_rows, take_in


def test_every_spoiled_appeal_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("appeals", spoiled, settings)


def test_stage_knows_topic_result_and_what_is_overdue(settings: Settings, clean: Path) -> None:
    result = take_in("appeals", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("appeals", settings)
    assert {"roads", "water", "land", "stray_animals", "other"} < {row["category"] for row in rows}
    assert {row["kind"] for row in rows} == {"application", "complaint", "message", "proposal"}
    for row in rows:
        assert (row["result"] is None) == (row["answered_on"] is None) == row["_file"].endswith("#На исполнении")
        assert row["is_overdue"] == ((row["answered_on"] or date(2026, 10, 31)) > row["due_on"])
    assert 0.05 < sum(row["is_overdue"] for row in rows) / len(rows) < 0.4


def test_an_open_appeal_is_answered_in_a_later_month_under_its_number(tmp_path: Path) -> None:
    now, after = (
        {row["Номер обращения"]: row for row in Oblast(tmp_path, made).rows("appeals").values()}
        for made in (synthetic.make(tmp_path, period, 12_000, dirt=0) for period in ("2026-10", "2026-11"))
    )
    opened = {number for number, row in now.items() if not row["Дата ответа"]}
    assert opened
    closed = {number for number in opened if number in after and after[number]["Дата ответа"]}
    assert len(closed) > len(opened) / 2
    assert all(after[number]["Дата ответа"] == now[number]["Дата ответа"] for number in set(now) & set(after) - opened)
