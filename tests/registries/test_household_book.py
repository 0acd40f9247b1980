"""Merged blocks are unfolded, and the animals of the books are those of the identification system but for a few."""

import zipfile
from collections import Counter
from pathlib import Path

from auyl.settings import Settings
from lab.synthetic import Summary
from tests.lab.synthetic.readers import Oblast
from tests.registries.ground_truth import PERIOD, faults, load_and_judge, stage_rows, take_in


def test_every_spoiled_household_gets_what_it_is_owed(settings: Settings, spoiled: Path) -> None:
    load_and_judge("household_book", spoiled, settings)
    # that such a row is staged, the measure above holds: its outcome is `kept`
    told = [f for f in faults("household_book", spoiled) if f["kind"] == "heads_disagree"]
    assert told and all(int(f["became"]) < int(f["was"]) and f["outcome"] == "kept" for f in told)
    # a total or a second heading among the rows does not become the settlement of those below
    names = {row["settlement_name"] for row in stage_rows("household_book", settings)}
    assert "Населенный пункт" not in names and not {name for name in names if not name or name.isascii()}


def test_stage_gives_every_household_the_settlement_of_its_block(settings: Settings, clean: Path) -> None:
    result = take_in("household_book", clean, settings)
    assert (result.staged, result.warned) == (result.rows_in, 0)
    rows = stage_rows("household_book", settings)
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    home = {p["iin"]: p["settlement_kato"] for p in made.persons()}
    heads = [row["ИИН главы"] for row in made.rows("household_book").values()]
    by_file = sorted(zip(made.rows("household_book"), heads, strict=True))
    assert [row["kato"] for row in rows] == [home[iin] for _, iin in by_file]
    assert len({row["okrug_name"] for row in rows}) > 100
    assert not {"head_iin", "head_name"} & set(rows[0])


def test_the_clean_books_count_the_animals_of_the_identification_system(clean: Path) -> None:
    made = Oblast(clean, Summary(PERIOD, 0, 0, {}, {}, 0))
    # A farm's animals stand under its БИН, whose fifth digit is 4 or more, and in no household's book.
    tagged = Counter(
        file.partition("#")[2] for (file, _), row in made.rows("livestock").items() if row["Владелец ИИН/БИН"][4] < "4"
    )
    assert sum(tagged.values()) < len(made.rows("livestock"))
    books = made.rows("household_book").values()
    for sheet, column in {"КРС": "КРС, голов", "МРС": "Овцы и козы, голов", "Лошади": "Лошади, голов"}.items():
        assert sum(int(row[column] or 0) for row in books) == tagged[sheet]


def test_blocks_are_merged_cells_below_a_title(clean: Path) -> None:
    paths = sorted((clean / PERIOD / "household_book").iterdir())
    assert len(paths) == 10
    with zipfile.ZipFile(paths[0]) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<mergeCells" in sheet and 'ref="C6:C' in sheet
    assert "Сельский округ: " in sheet and 'r="A5"' in sheet
