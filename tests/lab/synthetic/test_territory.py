"""The territory has the shape of the official one, synthetic or real."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from lab.synthetic import territory
from lab.synthetic.classifier import SYNTHETIC_EDITION
from tests.lab.synthetic.readers import Oblast
from tests.reference import reference_file

AKIMATS = {
    "1940": 25, "1942": 24, "1936": 15, "1966": 14, "1944": 12, "1958": 11, "1952": 10, "1962": 10, "1968": 9,
    "1910": 1,
}  # fmt: skip


@pytest.fixture(params=["synthetic", "official"])
def kato(request: pytest.FixtureRequest) -> Path | None:
    """No file, or the official one where the reference data are available."""
    if request.param == "synthetic":
        return None
    return reference_file("kato/kato.csv")


def test_it_has_131_rural_okrugs_and_373_settlements(kato: Path | None, tmp_path: Path) -> None:
    made = territory.make(tmp_path, kato)
    assert len(made.rural_okrugs) == 131
    assert len(made.places) == len({place.kato for place in made.places}) == 373
    assert dict(Counter(okrug[:4] for okrug in made.rural_okrugs)) == AKIMATS
    assert sum(place.weight for place in made.places) == pytest.approx(1)


def test_okrugs_have_realistic_sizes(kato: Path | None, tmp_path: Path) -> None:
    made = territory.make(tmp_path, kato)
    sizes: Counter[str] = Counter()
    for place in made.places:
        sizes[place.okrug_kato] += round(1_600_000 * place.weight)
    rural = sorted(sizes[okrug] for okrug in made.rural_okrugs)
    assert 350 < rural[0] < 1_000
    assert rural[len(rural) // 2] < 10_000
    assert 25_000 < rural[-1] < 55_000


def test_synthetic_names_repeat_as_real_ones_do(tmp_path: Path) -> None:
    territory.make(tmp_path)
    rows = territory.read_kato(tmp_path / "kato.csv")
    names = Counter(row["name_ru"] for row in rows if row["level"] == "sub_district")
    assert names["Жамбылский с.о."] + names["с.о.Жамбыл"] == 3
    assert len({row["kato"] for row in rows}) == len(rows)
    assert {row["kato_version"] for row in rows} == {SYNTHETIC_EDITION}
    by_code = {row["kato"] for row in rows}
    assert all(row["kato"][:6] + "000" in by_code for row in rows if row["level"] == "settlement")


def test_a_settlement_has_one_name_in_its_district(tmp_path: Path) -> None:
    made = territory.make(tmp_path)
    assert len({(place.district_kato, place.name_ru) for place in made.places}) == 373


def test_the_crosswalk_leads_from_every_code_in_use_to_its_district(oblast: Oblast) -> None:
    with (oblast.extracts / "reference" / "crosswalk.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["CODE"]: row["KATO"] for row in csv.DictReader(file)}
    okrugs = {p["iin"]: p["okrug_kato"] for p in oblast.persons()}
    wrong = {
        (f["file"], f["record"]) for f in oblast.faults("population")
        if f["kind"] in ("unknown_district_code", "conflicting_duplicate")
    }  # fmt: skip
    for at, row in oblast.rows("population").items():
        if at not in wrong and row["iin"] in okrugs:
            assert codes[row["regAddress/district/code"] or ""][:4] == okrugs[row["iin"]][:4]


def test_a_file_without_the_columns_of_kato_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("kato,name\n190000000,Алматинская область\n", encoding="utf-8")
    with pytest.raises(ValueError, match="missing: kato_version"):
        territory.make(tmp_path / "reference", file)
