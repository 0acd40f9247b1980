"""Territory of the invented oblast: places where people live, and the reference files that name them.

With an official KATO file people live in the real Almaty oblast. Without one, districts keep their real names and
codes, and okrugs and settlements are invented in the same number: 131 rural akimats, 373 settlements (371 of KATO's
settlement level, and two cities that are counted although they stand on the level of okrugs).
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

OBLAST = "190000000"
INVENTED_EDITION = "INVENTED-1"
HEADER_KATO = ("kato", "kato_version", "level", "type_code", "name_ru", "name_kk")
HEADER_CROSSWALK = ("ID", "CODE", "RU_NAME", "KZ_NAME", "CHANGE_DATE", "KATO")

# 8-bit font slots in which Kazakh letters travel through cp1251; І has a place of its own there, Һ has none.
LEGACY_SLOTS = str.maketrans("ҚқҒғҢңӨөҰұҮүӘәҺһ", "ЌќЄєЅѕҐґЎўЇїЈјЋћ")


@dataclass(frozen=True)
class District:
    """A district with its codes and the number of its rural akimats."""

    kato: str
    name_ru: str
    name_kk: str
    type_code: str
    gbd_code: str
    gbd_ru: str
    gbd_kk: str
    gbd_old: tuple[tuple[str, str, str], ...]
    akimats: int
    share: float


# Codes and names of KATO НК РК 11-2025 and of the region dictionary of ГБД ФЛ; the numbers of akimats are those of the
# official classifier. The city Алатау is newer than the dictionary: its code 1907408 is invented, and so is `share`.
DISTRICTS = (
    District("191000000", "Қонаев Г.А.", "Қонаев Қ.Ә.", "3", "1907404", "КАПЧАГАЙ", "ҚАПШАҒАЙ", (), 1, 0.9),
    District("191800000", "Алатау Г.А.", "Алатау Қ.Ә.", "1", "1907408", "АЛАТАУ", "АЛАТАУ", (), 0, 1.0),
    District(
        "193600000",
        "Балхашский район",
        "Балқаш ауданы",
        "2",
        "1907204",
        "БАЛХАШСКИЙ РАЙОН",
        "БАЛҚАШ АУДАНЫ",
        (("1907221", "КУРТИНСКИЙ РАЙОН", "КҮРТІ"),),
        15,
        0.35,
    ),
    District(
        "194000000",
        "Енбекшиказахский район",
        "Еңбекшіқазақ ауданы",
        "4",
        "1907244",
        "ЕНБЕКШИКАЗАХСКИЙ Р-Н",
        "ЕҢБЕКШІҚАЗАҚ АУДАНЫ",
        (("1907240", "ЧИЛИКСКИЙ РАЙОН", "ШЕЛЕК"),),
        25,
        1.1,
    ),
    District(
        "194200000",
        "Жамбылский район",
        "Жамбыл ауданы",
        "2",
        "1907208",
        "ЖАМБЫЛСКИЙ РАЙОН",
        "ЖАМБЫЛ АУДАНЫ",
        (),
        24,
        0.8,
    ),
    District(
        "194400000",
        "Кегенский район",
        "Кеген ауданы",
        "2",
        "1907245",
        "КЕГЕНСКИЙ РАЙОН",
        "КЕГЕН АУДАНЫ",
        (("1907217", "КЕГЕНСКИЙ РАЙОН (упразднен.)", "КЕГЕН АУДАНЫ (жойылған)"),),
        12,
        0.35,
    ),
    District(
        "195200000",
        "Карасайский район",
        "Қарасай ауданы",
        "4",
        "1907214",
        "КАРАСАЙСКИЙ РАЙОН",
        "ҚАРАСАЙ АУДАНЫ",
        (),
        10,
        3.6,
    ),
    District(
        "195800000",
        "Райымбекский район",
        "Райымбек ауданы",
        "2",
        "1907227",
        "РАЙЫМБЕКСКИЙ РАЙОН",
        "РАЙЫМБЕК АУДАНЫ",
        (),
        11,
        0.45,
    ),
    District(
        "196200000",
        "Талгарский район",
        "Талғар ауданы",
        "4",
        "1907232",
        "ТАЛГАРСКИЙ РАЙОН",
        "ТАЛҒАР АУДАНЫ",
        (("1907407", "ТАЛГАРСКИЙ РАЙОН", "ТАЛҒАР"),),
        10,
        3.0,
    ),
    District(
        "196600000", "Уйгурский район", "Ұйғыр ауданы", "2", "1907236", "УЙГУРСКИЙ РАЙОН", "ҰЙҒЫР АУДАНЫ", (), 14, 0.55
    ),
    District("196800000", "Илийский район", "Іле ауданы", "2", "1907211", "ИЛИЙСКИЙ РАЙОН", "ІЛЕ АУДАНЫ", (), 9, 3.2),
)

_TOWN_OKRUGS = {  # okrugs of towns: no rural akimats, one town each
    "194000000": ("194020000", "Есикская г.а.", "Есік қ.ә.", "г.Есик", "Есік қ."),
    "195200000": ("195220000", "Каскеленская г.а.", "Қаскелең қ.ә.", "г.Каскелен", "Қаскелең қ."),
    "196200000": ("196220000", "Талгарская г.а.", "Талғар қ.ә.", "г.Талгар", "Талғар қ."),
}
_CITIES = (("191010000", "г.Қонаев", "Қонаев қ."), ("191810000", "г.Алатау", "Алатау қ."))


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words("Ақ Қара Қызыл Сары Көк Жаңа Тас Ұзын Үлкен Кіші Бес Үш Жеті Орта Терең Ала Боз Құм")
_SECOND = _words("бұлақ су төбе тоғай жар дала арық өткел қорған қайнар шоқы сай көл тал ағаш жол өзек құдық")
# Names that stand in several districts of the oblast, as «Жамбылский с.о.» really does.
_REPEATED = {"Жамбыл": 3, "Қараой": 2, "Ават": 2, "Қайнар": 2, "Сүмбе": 2}
# A settlement of the rural kind is main when its code ends in 00, or in 80 with a name that starts with «с.».
_SETTLEMENTS, _TOWNS = 371, 3


@dataclass(frozen=True)
class Place:
    """A settlement where people live. Names are bare: without «с.» and without «а.»."""

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
    """Places with their weights, which sum to 1, the districts that they lie in, and the classifier's rows."""

    places: tuple[Place, ...]
    kato: tuple[dict[str, str], ...] = ()
    districts: tuple[District, ...] = DISTRICTS

    @property
    def rural_okrugs(self) -> list[str]:
        """KATO of the rural akimats, sorted."""
        return sorted({place.okrug_kato for place in self.places if place.is_rural})


def make(reference: Path, kato_file: Path | None = None, seed: int = 19) -> Territory:
    """Write `kato.csv` and `crosswalk.csv` into `reference` and return the places.

    `kato_file` is a table of the official classifier with the columns of HEADER_KATO; it is copied as it is. Raises
    FileNotFoundError where it is absent and ValueError where it lacks a column or the oblast 19.
    """
    reference.mkdir(parents=True, exist_ok=True)
    target = reference / "kato.csv"
    if kato_file is None:
        _write(target, HEADER_KATO, invented_kato(seed))
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


def invented_kato(seed: int = 19) -> list[tuple[str, ...]]:
    """Rows of an invented classifier: oblast, 11 districts, 136 okrugs of which 131 rural akimats, 371 settlements."""
    rows: list[tuple[str, ...]] = [(OBLAST, INVENTED_EDITION, "oblast", "0", "Алматинская область", "Алматы облысы")]
    roots = sorted(
        (first + second for first in _FIRST for second in _SECOND if first[-1] != second[0]),
        key=lambda root: _unit(seed, "root", root),
    )
    rural = [district for district in DISTRICTS if district.akimats]
    fixed: dict[str, list[str]] = {district.kato: [] for district in rural}
    big = sorted(rural, key=lambda district: -district.akimats)
    for shift, (name, times) in enumerate(_REPEATED.items()):
        for k in range(times):
            fixed[big[(shift + k * 2) % 7].kato].append(name)
    okrugs = [(district, number) for district in rural for number in range(district.akimats)]
    counts = _settlement_counts(len(okrugs), _SETTLEMENTS - _TOWNS, seed)
    fresh = iter(roots)
    for district in rural:
        fixed[district.kato] += [next(fresh) for _ in range(district.akimats - len(fixed[district.kato]))]
    taken = {kato: set(names) for kato, names in fixed.items()}
    extra = 0
    index = 0
    for district in DISTRICTS:
        rows.append(
            (district.kato, INVENTED_EDITION, "district", district.type_code, district.name_ru, district.name_kk)
        )
        for kato, ru, kk in _CITIES:
            if kato[:4] == district.kato[:4]:
                rows.append((kato, INVENTED_EDITION, "sub_district", "1", ru, kk))
        if district.kato in _TOWN_OKRUGS:
            kato, okrug_ru, okrug_kk, town_ru, town_kk = _TOWN_OKRUGS[district.kato]
            rows.append((kato, INVENTED_EDITION, "sub_district", "1", okrug_ru, okrug_kk))
            rows.append((kato[:6] + "100", INVENTED_EDITION, "settlement", "1", town_ru, town_kk))
        for number in range(district.akimats):
            root = fixed[district.kato][number]
            code = f"{district.kato[:4]}{30 + number * 2:02d}"
            is_township = district.kato == "196800000" and number == district.akimats - 1
            ru = russian(root)
            if is_township:
                names = (f"{_stem(ru)}ская п.а.", f"{root} к.ә.")
            elif number % 9 == 5:
                names = (f"с.о.{ru}", f"{root} а.о.")
            else:
                names = (f"{_stem(ru)}ский с.о.", f"{root} а.о.")
            rows.append((code + "000", INVENTED_EDITION, "sub_district", "2", *names))
            for k in range(counts[index]):
                if k == 0:
                    name = root
                else:
                    while roots[extra % len(roots)] in taken[district.kato]:
                        extra += 1
                    name = roots[extra % len(roots)]
                    extra += 7
                    taken[district.kato].add(name)
                kind_ru, kind_kk = ("п.", "к.") if is_township and k == 0 else ("с.", "а.")
                rows.append(
                    (
                        f"{code}{k + 1}00",
                        INVENTED_EDITION,
                        "settlement",
                        "2",
                        kind_ru + russian(name),
                        f"{name} {kind_kk}",
                    )
                )
            index += 1
    return rows


def crosswalk() -> list[tuple[str, ...]]:
    """Rows of the region dictionary of ГБД ФЛ with KATO.

    It has the faults of the real one: legacy letters, abolished codes, a wrong match, a service code without KATO.
    """
    rows: list[tuple[str, str, str, str]] = []
    for district in DISTRICTS:
        rows.append((district.gbd_code, district.gbd_ru, district.gbd_kk, district.kato))
        rows += [(code, ru, kk, district.kato) for code, ru, kk in district.gbd_old]
    rows.append(("1904365", "ИЛЕКСКИЙ", "ЕЛЕК", "196800000"))
    rows.append(("1907200", "РАЙОНЫ АЛМАТИНСКОЙ ОБЛАСТИ", "АЛМАТЫ ОБЛЫСЫНЫҢ АУДАНДАРЫ", "193600000"))
    rows.append(("1910000", "АЛМАТЫ", "АЛМАТЫ", "750000000"))
    rows.append(("9999001", "НЕ УКАЗАНО", "КӨРСЕТІЛМЕГЕН", ""))
    return [
        (str(number), code, ru, kk.translate(LEGACY_SLOTS), "2008-03-01 13:21:45", kato)
        for number, (code, ru, kk, kato) in enumerate(sorted(rows), start=1)
    ]


def places(kato: list[dict[str, str]], seed: int) -> tuple[Place, ...]:
    """Main settlements and cities of the oblast with invented weights: towns and suburbs are large, most are small."""
    rows = [row for row in kato if row["kato"].startswith(OBLAST[:2])]
    by_code = {row["kato"]: row for row in rows}
    districts = {district.kato[:4]: district for district in DISTRICTS}
    if not rows or any(prefix + "00000" not in by_code for prefix in districts):
        raise ValueError("the KATO file does not hold the oblast 19 with its eleven districts")
    homes = [row for row in rows if row["level"] == "settlement" and is_main(row["kato"], row["name_ru"])]
    homes += [row for row in rows if row["level"] == "sub_district" and row["name_ru"].startswith("г.")]
    homes.sort(key=lambda row: row["kato"])
    by_okrug: dict[str, list[dict[str, str]]] = {}
    for row in homes:
        okrug = row["kato"] if row["level"] == "sub_district" else row["kato"][:6] + "000"
        if okrug in by_code:
            by_okrug.setdefault(okrug, []).append(row)
    okrug_weight: dict[str, float] = {}
    for okrug in by_okrug:
        district = districts[okrug[:4]]
        name = by_code[okrug]["name_ru"]
        z = _normal(seed, "okrug", okrug)
        if is_rural_akimat(name):
            weight = district.share * math.exp(0.75 * z)
        else:
            weight = 6.0 if okrug == "191010000" else 4.0 if okrug.startswith("1918") else 4.5
        okrug_weight[okrug] = weight
    total = sum(okrug_weight.values())
    # 400 and 45,000 residents of an oblast of 1.6 million.
    clipped = {okrug: min(max(w / total, 400 / 1_600_000), 45_000 / 1_600_000) for okrug, w in okrug_weight.items()}
    total = sum(clipped.values())
    result = []
    for okrug, members in sorted(by_okrug.items()):
        district_row = by_code[okrug[:4] + "00000"]
        parts = [1.0 / (rank + 1) * (0.6 + 0.8 * _unit(seed, "home", row["kato"])) for rank, row in enumerate(members)]
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
                    weight=clipped[okrug] / total * part / sum(parts),
                    remoteness_min=round(4 + 46 * _unit(seed, "remote", row["kato"]) ** 2, 2),
                )
            )
    return tuple(result)


def is_main(kato: str, name_ru: str) -> bool:
    """Whether a row of the settlement level is counted as a settlement: this rule gives the 371 that is reported."""
    return kato.endswith("00") or (kato.endswith("80") and name_ru.startswith("с."))


def is_rural_akimat(name_ru: str) -> bool:
    """Whether an okrug has a rural akim: с.о., с.а. and п.а.; a town's г.а. and г. have not."""
    return bool(re.search(r"(^|\s)(с\.\s?о\.?|с\.\s?а\.?|п\.\s?а\.?)(\s|$|[А-ЯӘҒҚҢӨҰҮҺІ])", name_ru))


def russian(name: str) -> str:
    """Kazakh letters folded to Russian ones, as in Russian names of Kazakh places."""
    return name.translate(str.maketrans("ӘәҒғҚқҢңӨөҰұҮүҺһІі", "АаГгКкНнОоУуУуХхИи"))


def _stem(name: str) -> str:
    return name[:-1] + "ин" if name[-1] in "аеы" else name


def bare_ru(name: str) -> str:
    """«с. Шелек» gives «Шелек»."""
    return re.sub(r"\s+", " ", re.sub(r"^(с|п|г|ст|рзд|а)\.\s*", "", name)).strip()


def bare_kk(name: str) -> str:
    """«Шелек а.» gives «Шелек»."""
    return re.sub(r"\s+", " ", re.sub(r"(^рзд\.\s*|\s*\.?(а|қ|к|ст|рзд)\.$)", "", name.strip())).strip()


def _settlement_counts(okrugs: int, settlements: int, seed: int) -> list[int]:
    counts = [1] * okrugs
    order = sorted(range(okrugs), key=lambda k: _unit(seed, "wide", str(k)))
    left = settlements - okrugs
    step = 0
    while left:
        # The square makes a few okrugs hold many settlements; nine are all that a code of this shape can number.
        k = order[int(okrugs * _unit(seed, "spread", str(step)) ** 2)]
        step += 1
        if counts[k] < 9:
            counts[k] += 1
            left -= 1
    return counts


def _unit(seed: int, salt: str, key: str) -> float:
    digest = hashlib.blake2b(f"{seed}|{salt}|{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _normal(seed: int, salt: str, key: str) -> float:
    u, v = _unit(seed, salt + "u", key), _unit(seed, salt + "v", key)
    return math.sqrt(-2 * math.log(u + 1e-12)) * math.cos(2 * math.pi * v)


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
