"""Territory of the synthetic oblast: where people live, and the reference files that name the places.

With an official KATO file people live in the real Almaty oblast; without one, in the territory of `classifier`. Both
have 373 places: 371 of KATO's settlement level, and two cities that KATO has on the level of okrugs.
"""

from __future__ import annotations

import csv
import math
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.synthetic.classifier import crosswalk, synthetic_kato
from lab.synthetic.districts import DISTRICTS, OBLAST, District
from lab.synthetic.draws import normal, unit

HEADER_KATO = ("kato", "kato_version", "level", "type_code", "name_ru", "name_kk")
HEADER_CROSSWALK = ("ID", "CODE", "RU_NAME", "KZ_NAME", "CHANGE_DATE", "KATO")
# Residents of the smallest and largest okrug, of an oblast of 1.6 million.
SMALLEST, LARGEST = 400 / 1_600_000, 45_000 / 1_600_000


@dataclass(frozen=True)
class Place:
    """A settlement where people live. Its names lack the kind of place: «Шелек», not «с. Шелек»."""

    kato: str
    okrug_kato: str
    district_kato: str
    name_ru: str
    name_kk: str
    okrug_ru: str
    district_ru: str
    is_rural: bool
    weight: float
    remoteness_min: float


@dataclass(frozen=True)
class Territory:
    """Places with weights that sum to 1, their districts, and the rows of the classifier."""

    places: tuple[Place, ...]
    kato: tuple[dict[str, str], ...] = ()
    districts: tuple[District, ...] = DISTRICTS

    @property
    def rural_okrugs(self) -> list[str]:
        """KATO of the rural akimats, sorted."""
        return sorted({place.okrug_kato for place in self.places if place.is_rural})


def make(reference: Path, kato_file: Path | None = None, seed: int = 19) -> Territory:
    """Write `kato.csv` and `crosswalk.csv` into `reference` and return the places.

    `kato_file` is a table of the official classifier with the columns of HEADER_KATO; it is copied unchanged. Raises
    FileNotFoundError where it is absent and ValueError where it lacks a column or the oblast 19.
    """
    reference.mkdir(parents=True, exist_ok=True)
    target = reference / "kato.csv"
    if kato_file is None:
        _write(target, HEADER_KATO, synthetic_kato(seed))
    elif kato_file.resolve() != target.resolve():
        shutil.copyfile(kato_file, target)
    _write(reference / "crosswalk.csv", HEADER_CROSSWALK, crosswalk())
    rows = read_kato(target)
    return Territory(places(rows, seed), tuple({name: row[name] for name in HEADER_KATO} for row in rows))


def read_kato(path: Path) -> list[dict[str, str]]:
    """Rows of a KATO file as dictionaries by HEADER_KATO."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(HEADER_KATO) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(
                f"{path}: a KATO file has the columns {', '.join(HEADER_KATO)}; missing: {', '.join(sorted(missing))}"
            )
        return list(reader)


def places(kato: list[dict[str, str]], seed: int) -> tuple[Place, ...]:
    """Settlements and cities of the oblast, with made-up weights: towns and suburbs are large, most are small."""
    rows = [row for row in kato if row["kato"].startswith(OBLAST[:2])]
    by_code = {row["kato"]: row for row in rows}
    if not rows or any(district.kato[:4] + "00000" not in by_code for district in DISTRICTS):
        raise ValueError("the KATO file does not hold the oblast 19 with its eleven districts")
    homes = [row for row in rows if row["level"] == "settlement" and is_main(row["kato"], row["name_ru"])]
    homes += [row for row in rows if row["level"] == "sub_district" and row["name_ru"].startswith("г.")]
    by_okrug: dict[str, list[dict[str, str]]] = {}
    for row in sorted(homes, key=lambda row: row["kato"]):
        okrug = row["kato"] if row["level"] == "sub_district" else row["kato"][:6] + "000"
        if okrug in by_code:
            by_okrug.setdefault(okrug, []).append(row)
    okrug_weight = _okrug_weights({okrug: by_code[okrug]["name_ru"] for okrug in by_okrug}, seed)
    result = []
    for okrug, members in sorted(by_okrug.items()):
        district_row = by_code[okrug[:4] + "00000"]
        parts = [1.0 / (rank + 1) * (0.6 + 0.8 * unit(seed, "home", row["kato"])) for rank, row in enumerate(members)]
        for row, part in zip(members, parts, strict=True):
            result.append(
                Place(
                    kato=row["kato"],
                    okrug_kato=okrug,
                    district_kato=district_row["kato"],
                    name_ru=bare_ru(row["name_ru"]),
                    name_kk=bare_kk(row["name_kk"]),
                    okrug_ru=by_code[okrug]["name_ru"],
                    district_ru=district_row["name_ru"],
                    is_rural=is_rural_akimat(by_code[okrug]["name_ru"]),
                    weight=okrug_weight[okrug] * part / sum(parts),
                    remoteness_min=round(4 + 46 * unit(seed, "remote", row["kato"]) ** 2, 2),
                )
            )
    return tuple(result)


def _okrug_weights(names: dict[str, str], seed: int) -> dict[str, float]:
    """Share of the oblast's people by okrug; `names` are the Russian names by KATO."""
    share = {district.kato[:4]: district.share for district in DISTRICTS}
    drawn: dict[str, float] = {}
    for okrug, name in names.items():
        if is_rural_akimat(name):
            drawn[okrug] = share[okrug[:4]] * math.exp(0.75 * normal(seed, "okrug", okrug))
        else:
            drawn[okrug] = 6.0 if okrug == "191010000" else 4.0 if okrug.startswith("1918") else 4.5
    total = sum(drawn.values())
    clipped = {okrug: min(max(weight / total, SMALLEST), LARGEST) for okrug, weight in drawn.items()}
    total = sum(clipped.values())
    return {okrug: weight / total for okrug, weight in clipped.items()}


def is_main(kato: str, name_ru: str) -> bool:
    """Whether a row of the settlement level counts as a settlement; by this rule there are 371, the official number."""
    return kato.endswith("00") or (kato.endswith("80") and name_ru.startswith("с."))


def is_rural_akimat(name_ru: str) -> bool:
    """Whether an okrug has a rural akim: с.о., с.а. and п.а. do, a town's г.а. and г. do not."""
    return bool(re.search(r"(^|\s)(с\.\s?о\.?|с\.\s?а\.?|п\.\s?а\.?)(\s|$|[А-ЯӘҒҚҢӨҰҮҺІ])", name_ru))


def bare_ru(name: str) -> str:
    """«с. Шелек» gives «Шелек»."""
    return re.sub(r"\s+", " ", re.sub(r"^(с|п|г|ст|рзд|а)\.\s*", "", name)).strip()


def bare_kk(name: str) -> str:
    """«Шелек а.» gives «Шелек»."""
    return re.sub(r"\s+", " ", re.sub(r"(^рзд\.\s*|\s*\.?(а|қ|к|ст|рзд)\.$)", "", name.strip())).strip()


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
