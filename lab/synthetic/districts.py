"""Districts of Almaty oblast with their codes in KATO and in the region dictionary of ГБД ФЛ (the population register).

Codes and names are those of KATO НК РК 11-2025 and of that dictionary; the numbers of akimats are those of the official
classifier. Алатау is newer than the dictionary, so its code 1907408 is made up.
"""

from __future__ import annotations

from dataclasses import dataclass

OBLAST = "190000000"


@dataclass(frozen=True)
class District:
    """A district. `akimats` counts its rural akimats; `share` is its made-up share of people, relative to the others.

    `gbd_…` are its code and names in the dictionary of ГБД ФЛ; `gbd_abolished` are entries (code, Russian name, Kazakh
    name) of abolished districts that became part of it.
    """

    kato: str
    name_ru: str
    name_kk: str
    type_code: str
    akimats: int
    share: float
    gbd_code: str
    gbd_ru: str
    gbd_kk: str
    gbd_abolished: tuple[tuple[str, str, str], ...] = ()


# fmt: off
DISTRICTS = (
    District("191000000", "Қонаев Г.А.", "Қонаев Қ.Ә.", "3", 1, 0.9,
             "1907404", "КАПЧАГАЙ", "ҚАПШАҒАЙ"),
    District("191800000", "Алатау Г.А.", "Алатау Қ.Ә.", "1", 0, 1.0,
             "1907408", "АЛАТАУ", "АЛАТАУ"),
    District("193600000", "Балхашский район", "Балқаш ауданы", "2", 15, 0.35,
             "1907204", "БАЛХАШСКИЙ РАЙОН", "БАЛҚАШ АУДАНЫ",
             (("1907221", "КУРТИНСКИЙ РАЙОН", "КҮРТІ"),)),
    District("194000000", "Енбекшиказахский район", "Еңбекшіқазақ ауданы", "4", 25, 1.1,
             "1907244", "ЕНБЕКШИКАЗАХСКИЙ Р-Н", "ЕҢБЕКШІҚАЗАҚ АУДАНЫ",
             (("1907240", "ЧИЛИКСКИЙ РАЙОН", "ШЕЛЕК"),)),
    District("194200000", "Жамбылский район", "Жамбыл ауданы", "2", 24, 0.8,
             "1907208", "ЖАМБЫЛСКИЙ РАЙОН", "ЖАМБЫЛ АУДАНЫ"),
    District("194400000", "Кегенский район", "Кеген ауданы", "2", 12, 0.35,
             "1907245", "КЕГЕНСКИЙ РАЙОН", "КЕГЕН АУДАНЫ",
             (("1907217", "КЕГЕНСКИЙ РАЙОН (упразднен.)", "КЕГЕН АУДАНЫ (жойылған)"),)),
    District("195200000", "Карасайский район", "Қарасай ауданы", "4", 10, 3.6,
             "1907214", "КАРАСАЙСКИЙ РАЙОН", "ҚАРАСАЙ АУДАНЫ"),
    District("195800000", "Райымбекский район", "Райымбек ауданы", "2", 11, 0.45,
             "1907227", "РАЙЫМБЕКСКИЙ РАЙОН", "РАЙЫМБЕК АУДАНЫ"),
    District("196200000", "Талгарский район", "Талғар ауданы", "4", 10, 3.0,
             "1907232", "ТАЛГАРСКИЙ РАЙОН", "ТАЛҒАР АУДАНЫ",
             (("1907407", "ТАЛГАРСКИЙ РАЙОН", "ТАЛҒАР"),)),
    District("196600000", "Уйгурский район", "Ұйғыр ауданы", "2", 14, 0.55,
             "1907236", "УЙГУРСКИЙ РАЙОН", "ҰЙҒЫР АУДАНЫ"),
    District("196800000", "Илийский район", "Іле ауданы", "2", 9, 3.2,
             "1907211", "ИЛИЙСКИЙ РАЙОН", "ІЛЕ АУДАНЫ"),
)

# Okrugs of towns, by district: no rural akim, one town each. KATO, okrug in Russian and Kazakh, town in both.
TOWN_OKRUGS = {
    "194000000": ("194020000", "Есикская г.а.", "Есік қ.ә.", "г.Есик", "Есік қ."),
    "195200000": ("195220000", "Каскеленская г.а.", "Қаскелең қ.ә.", "г.Каскелен", "Қаскелең қ."),
    "196200000": ("196220000", "Талгарская г.а.", "Талғар қ.ә.", "г.Талгар", "Талғар қ."),
}
# fmt: on
# KATO has these cities on the level of okrugs.
CITIES = (("191010000", "г.Қонаев", "Қонаев қ."), ("191810000", "г.Алатау", "Алатау қ."))
