"""History is the same in whatever order months and corrections arrive, and shows what was recorded before and after."""

import itertools
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from auyl import ledger
from auyl.linkage.entities import build as entities
from auyl.linkage.entities import survivorship
from auyl.linkage.entities.history import history, open_history
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.lake import Lake
from tests.conftest import fresh_installation
from tests.linkage.conftest import PERIODS, extract, know_territory, take_in

pytestmark = pytest.mark.slow
FORMER, LATTER = PERIODS
AT = {
    "former": datetime(2026, 10, 5, tzinfo=UTC),
    "latter": datetime(2026, 11, 5, tzinfo=UTC),
    "correction": datetime(2026, 11, 20, tzinfo=UTC),
}
CORRECTED_HA = "7,7000"


@pytest.fixture(scope="module")
def arrivals(oblast: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[Path]]]:
    """Extracts of plots: two months, and a correction of the former in the area of one plot."""
    (former,) = extract(oblast, "land", FORMER)
    lines = former.read_bytes().decode("cp1251").splitlines(keepends=True)
    plot = _plot(oblast)
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{plot};"))
    cells = lines[at].split(";")
    area = lines[0].split(";").index("ПЛОЩАДЬ, ГА")
    assert cells[area] != CORRECTED_HA
    cells[area] = CORRECTED_HA
    lines[at] = ";".join(cells)
    corrected = tmp_path_factory.mktemp("correction") / former.name
    corrected.write_bytes("".join(lines).encode("cp1251"))
    return {
        "former": (FORMER, [former]),
        "latter": (LATTER, extract(oblast, "land", LATTER)),
        "correction": (FORMER, [corrected]),
    }


def _plot(oblast: Path) -> str:
    """A plot with hyphens in its number that both months know, with the same area and nothing quarantined."""
    months = []
    for period in PERIODS:
        (file,) = extract(oblast, "land", period)
        rows = [line.split(";") for line in file.read_bytes().decode("cp1251").splitlines()[1:]]
        months.append({row[0]: row for row in rows if row[0].count("-") == 3})
    common = [k for k, row in months[0].items() if len(row) > 4 and months[1].get(k, [])[:-1] == row[:-1]]
    return sorted(common)[len(common) // 2]


def content(settings: Settings) -> tuple[dict[str, list[tuple[object, ...]]], list[tuple[object, ...]]]:
    """Rows of every set that counts, by period, and the whole history."""
    lake = Lake(settings.lake)
    con = duck.connect(settings, lake)
    try:
        kind = survivorship.load("parcel", settings.include)
        assert open_history(con, settings, lake, kind) == []
        told = con.execute("select * from entity_history order by all").fetchall()
        sets = {
            period: con.execute(
                f"from read_parquet('{lake.address(entities.build(period, settings, ('parcel',))[-1].set.path)}') "
                "order by entity_key, attribute"
            ).fetchall()
            for period in PERIODS
        }
        return sets, told
    finally:
        con.close()


def test_any_order_of_arrival_gives_the_same_sets_and_the_same_history(
    dsn: str, oblast: Path, arrivals: dict[str, tuple[str, list[Path]]], tmp_path: Path
) -> None:
    found = []
    for n, order in enumerate(itertools.permutations(arrivals)):
        folder = tmp_path / str(n)
        folder.mkdir()
        settings = know_territory(fresh_installation(dsn, folder), oblast)
        for name in order:
            period, files = arrivals[name]
            take_in(settings, files, "land", period, extracted_at=AT[name])
            # What is made after every arrival must not be seen in what is made in the end.
            entities.build(period, settings, ("parcel",))
        found.append(content(settings))
    assert len(found) == 6 and found[0][1] and all(len(rows) > 10_000 for rows in found[0][0].values())
    for other in found[1:]:
        assert other == found[0]


@pytest.fixture(scope="module")
def corrected(
    dsn: str, oblast: Path, arrivals: dict[str, tuple[str, list[Path]]], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Both months and the correction, which came last and was built after what it corrects."""
    settings = know_territory(fresh_installation(dsn, tmp_path_factory.mktemp("corrected")), oblast)
    for name, (period, files) in arrivals.items():
        take_in(settings, files, "land", period, extracted_at=AT[name])
        made = entities.build(period, settings, ("parcel",))
        # What was believed before the correction was made already, and is not made again.
        assert [one.is_new for one in made] == ([False, True] if name == "correction" else [True])
    return settings


def test_a_correction_shows_what_was_recorded_before_and_after(corrected: Settings, oblast: Path) -> None:
    told, unbuilt = history(corrected, "parcel", _plot(oblast))
    areas = [h for h in told if h.attribute == "area_ha"]
    assert unbuilt == []
    before, now, later = sorted(areas, key=lambda h: (h.recorded_to is None, h.valid_from))
    assert (before.recorded_from, before.recorded_to) == (AT["former"], AT["correction"])
    assert (now.claim.value, now.recorded_from, now.recorded_to) == ("7.7", AT["correction"], None)
    assert (later.recorded_from, later.recorded_to) == (AT["latter"], None)
    assert before.claim.value == later.claim.value != "7.7"
    assert (now.valid_to, later.valid_from, later.valid_to) == (date(2026, 10, 1), date(2026, 10, 1), None)
    # Each says where it was read: what was corrected, in the extract that was superseded.
    assert len({h.claim.batch for h in areas}) == 3 and len({(h.claim.record, h.claim.line) for h in areas}) <= 2
    assert all(h.claim.line for h in areas)


def test_what_the_correction_did_not_touch_is_one_span(corrected: Settings, oblast: Path) -> None:
    told, _ = history(corrected, "parcel", _plot(oblast))
    purposes = [h for h in told if h.attribute == "purpose"]
    assert [(h.recorded_from, h.recorded_to, h.valid_to) for h in purposes] == [(AT["former"], None, None)]


def test_batches_without_a_set_are_reported(
    corrected: Settings, arrivals: dict[str, tuple[str, list[Path]]], oblast: Path, tmp_path: Path
) -> None:
    period, (file,) = arrivals["latter"]
    again = tmp_path / file.name
    again.write_bytes(file.read_bytes().rsplit(b"\n", 2)[0] + b"\n")
    take_in(corrected, [again], "land", period, extracted_at=datetime(2026, 11, 25, tzinfo=UTC))
    assert history(corrected, "parcel", _plot(oblast))[1] == [LATTER]
    entities.build(period, corrected, ("parcel",))
    assert history(corrected, "parcel", _plot(oblast))[1] == []
    assert len(ledger.entity_sets(corrected, "parcel", LATTER)) == 2
