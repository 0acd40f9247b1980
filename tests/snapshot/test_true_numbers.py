"""No number where nothing came, none that is counted twice, and every one of the period that it says."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auyl import pipeline
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.snapshot import core
from auyl.snapshot.lineage import lineage
from tests.conftest import fresh_installation
from tests.snapshot.by_hand import ByHand, Figure
from tests.snapshot.conftest import PERIOD, know_territory
from tests.snapshot.queries import content

Line = dict[str, str]
Published = dict[tuple[str, str], Any]
TAXES, TOTAL, SPENDING = "НАЛОГОВЫЕ ПОСТУПЛЕНИЯ", "I. ДОХОДЫ", "II. ЗАТРАТЫ"


def budgets(oblast: Path) -> dict[str, list[Line]]:
    """Lines of each okrug whose budget has nothing wrong in it."""
    (file,) = (oblast / PERIOD / "budget_okrug").iterdir()
    by_okrug = defaultdict(list)
    with file.open(encoding="utf-8-sig", newline="") as text:
        for line in csv.DictReader(text, delimiter=";"):
            by_okrug[line["kato"]].append(line)
    main = {TAXES, TOTAL, SPENDING, "НЕНАЛОГОВЫЕ ПОСТУПЛЕНИЯ", "ПОСТУПЛЕНИЯ ТРАНСФЕРТОВ"}
    return {
        kato: lines
        for kato, lines in by_okrug.items()
        if main <= {line["name"] for line in lines}
        and len({line["id"] for line in lines}) == len(lines)
        and all(re.fullmatch(r"\d+\.\d+", line[amount]) for line in lines for amount in ("sumrg", "plgp"))
        and {line["month"] for line in lines} == {f"{PERIOD[5:]}.{PERIOD[:4]}"}
    }


def exact(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def executed(lines: list[Line], name: str) -> Decimal:
    (line,) = (line for line in lines if line["name"] == name)
    return Decimal(line["sumrg"])


class Changed:
    """The oblast with budgets that have one thing wrong each; `okrugs` by what is wrong."""

    def __init__(self, oblast: Path, folder: Path) -> None:
        shutil.copytree(oblast / PERIOD, folder / PERIOD)
        self.folder = folder
        whole = budgets(oblast)
        wrong = ("no total", "no taxes", "other name", "two taxes", "village too")
        self.villages = dict(
            duckdb.sql(
                f"select left(kato, 6) || '000', min(kato) from read_csv('{oblast}/reference/kato.csv', "
                "all_varchar = true) where level = 'settlement' group by 1"
            ).fetchall()
        )
        self.okrugs = dict(zip(wrong, [kato for kato in sorted(whole) if kato in self.villages], strict=False))
        self.untouched = {kato: lines for kato, lines in whole.items() if kato not in self.okrugs.values()}
        (file,) = (folder / PERIOD / "budget_okrug").iterdir()
        head, *lines = file.read_text("utf-8-sig").splitlines()
        file.write_text("\n".join([head, *self._lines(lines)]) + "\n", "utf-8-sig")

    def _lines(self, lines: list[str]) -> Iterator[str]:
        wrong = {kato: what for what, kato in self.okrugs.items()}
        for line in lines:
            kato = line[:9]
            what = wrong.get(kato)
            name = line.split(";")[3]
            if (what, name) in (("no total", TOTAL), ("no taxes", TAXES)):
                continue
            yield line.replace(SPENDING, "II. РАСХОДЫ") if what == "other name" else line
            if (what, name) == ("two taxes", TAXES):
                yield line.replace(f"{kato};6;", f"{kato};906;")
            if what == "village too":
                yield line.replace(kato, self.villages[kato])


@pytest.fixture(scope="module")
def installation(dsn: str, oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("installation")), oblast)


@pytest.fixture(scope="module")
def changed(oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> Changed:
    return Changed(oblast, tmp_path_factory.mktemp("extracts"))


@pytest.fixture(scope="module")
def dying(changed: Changed, oblast: Path) -> tuple[str, int]:
    """An okrug whose residents all died on the day after the period, and how many they were."""
    ((kato, numbers),) = duckdb.sql(
        f"select okrug_kato, list(iin) from '{oblast}/truth/{PERIOD}/persons.parquet' where is_alive "
        "group by 1 having count(*) > 40 order by count(*), 1 limit 1"
    ).fetchall()
    edited = 0
    for file in (changed.folder / PERIOD / "population").iterdir():
        persons = file.read_text("utf-8").split("<person>")
        for at, person in enumerate(persons):
            if person[5:17] in numbers and '<deathDate xsi:nil="true"/>' in person:
                persons[at] = person.replace(
                    '<deathDate xsi:nil="true"/>', "<deathDate>2026-11-01</deathDate>"
                ).replace("<lifeStatus><code>0</code>", "<lifeStatus><code>1</code>")
                edited += 1
        file.write_text("<person>".join(persons), "utf-8")
    return kato, edited


@pytest.fixture(scope="module")
def planted(changed: Changed, oblast: Path) -> dict[str, list[str]]:
    """Facts and faults in an okrug's persons, and the numbers of those persons by what was done to them."""
    ((_, numbers),) = duckdb.sql(
        f"select okrug_kato, list(iin order by iin) from '{oblast}/truth/{PERIOD}/persons.parquet' where is_alive "
        "group by 1 having count(*) > 120 order by count(*), 1 limit 1"
    ).fetchall()
    edits = {
        "unknown status": (numbers[::8], r"<lifeStatus><code>0", "<lifeStatus><code>9"),
        "registered later": (numbers[1::8], r"<beginDate>[\d-]+", "<beginDate>2026-11-03"),
        "born later": (numbers[2::16], r"<birthDate>[^<]+", "<birthDate>2026-11-02"),
        "no sex": (numbers[3::16], r"(<gender>\s*<code>)[12]", r"\g<1>7"),
        "registered in time": (numbers[4::8], r"<beginDate>[\d-]+", "<beginDate>2026-10-31"),
        "registered before": (numbers[5::8], r"<beginDate>[\d-]+", "<beginDate>2025-10-31"),
    }
    done: dict[str, list[str]] = {what: [] for what in edits}
    for file in (changed.folder / PERIOD / "population").iterdir():
        persons = file.read_text("utf-8").split("<person>")
        for at, person in enumerate(persons):
            for what, (chosen, old, new) in edits.items():
                if person[5:17] in chosen:
                    persons[at], edited = re.subn(old, new, person, count=1)
                    done[what] += [person[5:17]] * edited
        file.write_text("<person>".join(persons), "utf-8")
    return done


@pytest.fixture(scope="module")
def published(
    installation: Settings, changed: Changed, dying: tuple[str, int], planted: dict[str, list[str]]
) -> Published:
    pipeline.run(installation, PERIOD, changed.folder, say=lambda _: None)
    return {(row.kato, row.indicator_id): row for row in content(installation)}


def test_every_figure_agrees_with_a_second_reckoning_to_the_last_digit(
    installation: Settings, published: Published
) -> None:
    okrugs = sorted({kato for kato, _ in published})
    figures = ByHand(installation, PERIOD, okrugs).figures()
    assert figures.keys() == published.keys() and len(figures) == 37 * len(okrugs)
    differing = {
        key: (row.value, row.numerator, row.denominator, row.flag, row.coverage_pct, figures[key])
        for key, row in published.items()
        if figures[key]
        != Figure(*map(exact, (row.value, row.numerator, row.denominator)), row.flag, exact(row.coverage_pct))
    }
    assert not differing, f"{len(differing)}: {list(differing.items())[:5]}"
    assert Counter(row.flag for row in published.values()).keys() == {"ok", "at_least", "partial", "missing"}


def test_a_persons_row_that_is_rejected_lowers_the_coverage_of_its_okrug_and_of_no_other(
    installation: Settings, published: Published, planted: dict[str, list[str]], oblast: Path
) -> None:
    assert min(map(len, planted.values())) > 5
    homes = dict(duckdb.sql(f"select iin, okrug_kato from '{oblast}/truth/{PERIOD}/persons.parquet'").fetchall())
    (okrug,) = {homes[number] for number in planted["unknown status"]}
    coverage = {k: row.coverage_pct for (k, i), row in published.items() if i == "population.residents"}
    neighbours = [value for kato, value in coverage.items() if kato[:4] == okrug[:4] and kato != okrug]
    assert 80 < coverage[okrug] < 90 and min(neighbours) > 90
    row = published[okrug, "population.residents"]
    assert row.flag == "at_least" and row.rows_near >= len(planted["unknown status"])
    assert published[okrug, "population.children_share"].flag == "partial"


def missing(published: Published, kato: str) -> set[str]:
    """Indicators of the okrug's budget that have no number."""
    return {
        indicator.removeprefix("budget.")
        for (place, indicator), row in published.items()
        if place == kato and indicator.startswith("budget.") and row.value is None
    }


@pytest.mark.parametrize(
    ("wrong", "without"),
    [
        ("no total", {"income", "own_share", "income_execution"}),
        ("no taxes", {"own_share", "tax_income"}),
        ("other name", {"spending_execution", "spending_per_resident"}),
        ("two taxes", {"own_share", "tax_income"}),
        (
            "village too",
            {"income", "own_share", "income_execution", "spending_execution", "spending_per_resident", "tax_income"},
        ),
    ],
)
def test_what_did_not_come_or_came_twice_is_missing_and_never_zero(
    published: Published, changed: Changed, wrong: str, without: set[str]
) -> None:
    assert missing(published, changed.okrugs[wrong]) == without


def test_own_income_is_the_income_without_transfers(published: Published, changed: Changed) -> None:
    assert len(changed.untouched) > 60
    for kato, lines in changed.untouched.items():
        total, transfers = executed(lines, TOTAL), executed(lines, "ПОСТУПЛЕНИЯ ТРАНСФЕРТОВ")
        share = (100 * (total - transfers) / total).quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert published[kato, "budget.own_share"].value == share, kato
        assert published[kato, "budget.income"].value == total.quantize(Decimal(1), ROUND_HALF_UP), kato


def test_who_died_after_the_period_was_a_resident_at_its_end(published: Published, dying: tuple[str, int]) -> None:
    kato, edited = dying
    # A few rows have something else wrong and are in quarantine.
    assert 0.9 * edited <= published[kato, "population.residents"].value <= edited


def test_own_income_leads_to_its_lines(installation: Settings, published: Published, changed: Changed) -> None:
    part = lineage(installation, min(changed.untouched), "budget.own_share").parts[0]
    assert part.rows == 2


@pytest.mark.parametrize(
    ("amount", "scale", "per", "decimals"),
    [
        ("122550", "0.001", "1", 1),
        ("122549.999999", "0.001", "1", 1),
        ("5202497", "1", "1000", 0),
        ("32213.722", "1000", "199", 0),
        ("-1", "100", "8", 0),
        ("1", "100", "3", 4),
        ("99999999999.99999", "1000", "7", 4),
        ("0", "100", "7", 1),
    ],
)
def test_a_value_is_rounded_once_from_exact_amounts(
    settings: Settings, amount: str, scale: str, per: str, decimals: int
) -> None:
    con = duckdb.connect()
    con.execute((settings.include / "sql" / "macros" / "50_core.sql").read_text("utf-8"))
    ((value,),) = con.execute(
        f"select rounded_quotient({amount}::decimal(38, 6), {scale}, {per}::decimal(24, 6), {decimals})"
    ).fetchall()
    exact = Decimal(amount) * Decimal(scale) / Decimal(per)
    assert value == exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def test_two_rows_of_a_key_in_one_okrug_stop_the_build(tmp_path: Path) -> None:
    folder = tmp_path / "sql" / "core"
    folder.mkdir(parents=True)
    head = "-- Grain: call. Key: call_id, category. Inputs: stage_ambulance.\n"
    rows = "select 7 as call_id, 1 as category, {} as okrug_kato from range(2)"
    con = duckdb.connect()
    (folder / "call.sql").write_text(head + rows.format("'193630100'"))
    with pytest.raises(AuylError, match="call: expected one row for each call_id, category; found 1 with more"):
        core.make(con, tmp_path, "call")
    (folder / "unplaced.sql").write_text(head + rows.format("null::varchar"))
    core.make(con, tmp_path, "unplaced")
    assert con.execute("select count(*) from unplaced").fetchall() == [(2,)]
