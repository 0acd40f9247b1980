"""Applications for loans of «Ауыл аманаты»: what was asked, refused and why, lent, and the jobs that come of it."""

from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, load_and_judge, stage_rows, take_in


def test_every_spoiled_row_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("loans", spoiled, settings)


def test_loans_refusals_and_jobs_are_those_of_the_workbook(settings: Settings, clean: Path) -> None:
    result = take_in("loans", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("loans", settings)
    given = list(Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0)).rows("loans").values())
    assert {row["decision"] for row in rows} == {"approved", "refused", "review"}
    assert {row["purpose"] for row in rows} == {"livestock", "crops", "processing", "services"}
    reasons = {row["refusal_reason"] for row in rows if row["decision"] == "refused"}
    assert reasons == {"no_collateral", "credit_history", "documents", "no_funds"}
    lent = [row["lent_kzt"] for row in rows if row["decision"] == "approved"]
    assert sum(lent) == sum(int(row["Сумма займа, тенге"] or 0) for row in given)
    assert 4_500_000 < sum(lent) / len(lent) < 8_500_000
    assert sum(row["jobs"] or 0 for row in rows) == sum(int(row["Рабочих мест"] or 0) for row in given)
    assert not {"applicant_number", "applicant_name"} & set(rows[0])


def test_borrowers_are_farms_and_traders_of_the_oblast(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    living = {p["iin"] for p in made.persons() if p["is_alive"]}
    numbers = {row["ИИН/БИН заявителя"] or "" for row in made.rows("loans").values()}
    traders = {number for number in numbers if number[4:6] != "44"}
    assert traders and traders <= living and len(traders) < len(numbers)
