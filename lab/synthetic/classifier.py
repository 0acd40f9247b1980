"""The reference files of a synthetic territory: a KATO classifier and the region dictionary of ГБД ФЛ.

Districts keep their real names and codes; okrugs and settlements are made up in the official numbers: 131 rural
akimats and 371 settlements. How people are spread over them is in `territory`.
"""

from __future__ import annotations

from lab.synthetic.districts import CITIES, DISTRICTS, OBLAST, TOWN_OKRUGS, District
from lab.synthetic.draws import unit

SYNTHETIC_EDITION = "INVENTED-1"

# 8-bit font slots in which Kazakh letters travel through cp1251. І has a place of its own there, Һ has none.
LEGACY_SLOTS = str.maketrans("ҚқҒғҢңӨөҰұҮүӘәҺһ", "ЌќЄєЅѕҐґЎўЇїЈјЋћ")

# Two roots make a name, such as «Қарасу».
_FIRST = (
    "Ақ", "Қара", "Қызыл", "Сары", "Көк", "Жаңа", "Тас", "Ұзын", "Үлкен", "Кіші", "Бес", "Үш", "Жеті",
    "Орта", "Терең", "Ала", "Боз", "Құм",
)  # fmt: skip
_SECOND = (
    "бұлақ", "су", "төбе", "тоғай", "жар", "дала", "арық", "өткел", "қорған", "қайнар", "шоқы", "сай", "көл", "тал",
    "ағаш", "жол", "өзек", "құдық",
)  # fmt: skip
# Names of okrugs that occur in several districts, as «Жамбылский с.о.» really does.
_REPEATED = {"Жамбыл": 3, "Қараой": 2, "Ават": 2, "Қайнар": 2, "Сүмбе": 2}
# The code of a settlement has one digit for its number within the okrug.
_MOST_SETTLEMENTS = 9
_SETTLEMENTS = 371
_TOWNSHIP_DISTRICT = "196800000"

Row = tuple[str, str, str, str, str, str]


def synthetic_kato(seed: int = 19) -> list[Row]:
    """Rows of a classifier, columns as `territory.HEADER_KATO`: oblast, 11 districts, 136 okrugs, 371 settlements."""
    names = _Names(seed)
    rural = sum(district.akimats for district in DISTRICTS)
    counts = iter(_settlement_counts(rural, _SETTLEMENTS - len(TOWN_OKRUGS), seed))
    rows = [_row(OBLAST, "oblast", "0", "Алматинская область", "Алматы облысы")]
    for district in DISTRICTS:
        rows.append(_row(district.kato, "district", district.type_code, district.name_ru, district.name_kk))
        rows += [_row(kato, "sub_district", "1", ru, kk) for kato, ru, kk in CITIES if kato[:4] == district.kato[:4]]
        if district.kato in TOWN_OKRUGS:
            kato, okrug_ru, okrug_kk, town_ru, town_kk = TOWN_OKRUGS[district.kato]
            rows.append(_row(kato, "sub_district", "1", okrug_ru, okrug_kk))
            rows.append(_row(kato[:6] + "100", "settlement", "1", town_ru, town_kk))
        for number in range(district.akimats):
            rows += _okrug(district, number, next(counts), names)
    return rows


def _row(kato: str, level: str, type_code: str, name_ru: str, name_kk: str) -> Row:
    return kato, SYNTHETIC_EDITION, level, type_code, name_ru, name_kk


def _okrug(district: District, number: int, settlements: int, names: _Names) -> list[Row]:
    """Rows of a rural okrug and its settlements; the first settlement has the name of the okrug."""
    root = names.okrugs[district.kato][number]
    code = f"{district.kato[:4]}{30 + number * 2:02d}"
    is_township = district.kato == _TOWNSHIP_DISTRICT and number == district.akimats - 1
    ru = russian(root)
    if is_township:
        okrug = (f"{_stem(ru)}ская п.а.", f"{root} к.ә.")
    elif number % 9 == 5:
        okrug = (f"с.о.{ru}", f"{root} а.о.")
    else:
        okrug = (f"{_stem(ru)}ский с.о.", f"{root} а.о.")
    rows = [_row(code + "000", "sub_district", "2", *okrug)]
    for nth in range(settlements):
        name = names.settlement(district.kato) if nth else root
        kind_ru, kind_kk = ("п.", "к.") if is_township and nth == 0 else ("с.", "а.")
        rows.append(_row(f"{code}{nth + 1}00", "settlement", "2", kind_ru + russian(name), f"{name} {kind_kk}"))
    return rows


class _Names:
    """Names of okrugs by district, and a supply of settlement names that are unique within a district."""

    def __init__(self, seed: int) -> None:
        self._roots = sorted(
            (first + second for first in _FIRST for second in _SECOND if first[-1] != second[0]),
            key=lambda root: unit(seed, "root", root),
        )
        rural = [district for district in DISTRICTS if district.akimats]
        largest = sorted(rural, key=lambda district: -district.akimats)
        self.okrugs: dict[str, list[str]] = {district.kato: [] for district in rural}
        for shift, (name, times) in enumerate(_REPEATED.items()):
            for k in range(times):
                self.okrugs[largest[(shift + k * 2) % 7].kato].append(name)
        unused = iter(self._roots)
        for district in rural:
            names = self.okrugs[district.kato]
            names += [next(unused) for _ in range(district.akimats - len(names))]
        self._taken = {kato: set(names) for kato, names in self.okrugs.items()}
        self._next = 0

    def settlement(self, district: str) -> str:
        """A name that no okrug or settlement of the district has yet."""
        taken = self._taken[district]
        while (name := self._roots[self._next % len(self._roots)]) in taken:
            self._next += 1
        self._next += 7
        taken.add(name)
        return name


def _settlement_counts(okrugs: int, settlements: int, seed: int) -> list[int]:
    """Settlements of each okrug: at least one, in a few of them many."""
    counts = [1] * okrugs
    order = sorted(range(okrugs), key=lambda k: unit(seed, "wide", str(k)))
    left = settlements - okrugs
    step = 0
    while left:
        # The square of the draw favours the first okrugs of the order.
        k = order[int(okrugs * unit(seed, "spread", str(step)) ** 2)]
        step += 1
        if counts[k] < _MOST_SETTLEMENTS:
            counts[k] += 1
            left -= 1
    return counts


def crosswalk() -> list[tuple[str, ...]]:
    """Rows of the region dictionary of ГБД ФЛ with KATO, columns as `territory.HEADER_CROSSWALK`.

    It has the faults of the real one: legacy letters, abolished codes, a wrong match, a service code without KATO.
    """
    rows: list[tuple[str, str, str, str]] = []
    for district in DISTRICTS:
        rows.append((district.gbd_code, district.gbd_ru, district.gbd_kk, district.kato))
        rows += [(code, ru, kk, district.kato) for code, ru, kk in district.gbd_abolished]
    rows.append(("1904365", "ИЛЕКСКИЙ", "ЕЛЕК", "196800000"))
    rows.append(("1907200", "РАЙОНЫ АЛМАТИНСКОЙ ОБЛАСТИ", "АЛМАТЫ ОБЛЫСЫНЫҢ АУДАНДАРЫ", "193600000"))
    rows.append(("1910000", "АЛМАТЫ", "АЛМАТЫ", "750000000"))
    rows.append(("9999001", "НЕ УКАЗАНО", "КӨРСЕТІЛМЕГЕН", ""))
    return [
        (str(number), code, ru, kk.translate(LEGACY_SLOTS), "2008-03-01 13:21:45", kato)
        for number, (code, ru, kk, kato) in enumerate(sorted(rows), start=1)
    ]


def russian(name: str) -> str:
    """Kazakh letters folded to Russian ones, as in Russian names of Kazakh places."""
    return name.translate(str.maketrans("ӘәҒғҚқҢңӨөҰұҮүҺһІі", "АаГгКкНнОоУуУуХхИи"))


def _stem(name: str) -> str:
    return name[:-1] + "ин" if name[-1] in "аеы" else name
