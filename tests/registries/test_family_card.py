"""Every family has one level, and the poor of social assistance stand at D or E."""

from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, faults, load_and_judge, stage_rows, take_in


def test_every_spoiled_card_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("family_card", spoiled, settings)
    assert [fault for fault in faults("family_card", spoiled) if fault["kind"] == "homoglyph"]
    assert {row["level"] for row in stage_rows("family_card", settings)} == set("ABCDE")


def test_stage_counts_families_by_level(settings: Settings, clean: Path) -> None:
    result = take_in("family_card", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("family_card", settings)
    levels = Counter(row["level"] for row in rows)
    assert set(levels) == set("ABCDE") and 0.05 < (levels["D"] + levels["E"]) / len(rows) < 0.12
    assert sum(row["members"] for row in rows) == sum(p["is_alive"] for p in persons(clean))
    assert {row["month"] for row in rows} == {PERIOD}
    assert all(row["income_per_head_kzt"] > 0 for row in rows)
    assert not {"iin", "head_iin"} & set(rows[0])


def persons(folder: Path) -> list[dict[str, object]]:
    return Oblast(folder, Summary(PERIOD, 0, 0, {}, {}, 0)).persons()


def test_families_that_get_asp_stand_at_d_or_e(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    level = {r["Отбасы нөмірі / Номер семьи"]: r["Деңгей / Уровень"] for r in made.rows("family_card").values()}
    paid = {r["ЛИЦЕВОЙ СЧЕТ СЕМЬИ"] for r in made.rows("social_assistance").values() if r["ВИД ПОМОЩИ"] == "АСП"}
    assert paid
    assert {level[account] for account in paid} == {"D", "E"}
