"""A small synthetic oblast in the serving tables: three districts, 34 okrugs, 31 indicators, two editions of KATO."""

# ruff: noqa: E501 - tables read better as tables

import contextlib
import dataclasses
import datetime as dt
import random

import psycopg2
from psycopg2.extras import execute_values

from auyl.settings import from_environment
from auyl.store import schema

EDITION = "NK RK 11-2025"
OLD_EDITION = "2021-07"
PERIODS = ("2026-09", "2026-10")
AS_OF = {"2026-09": dt.date(2026, 9, 30), "2026-10": dt.date(2026, 10, 31)}

DISTRICTS = [
    ("190000000", "194000000", "Енбекшиказахский район", "Еңбекшіқазақ ауданы", 25),
    ("190000000", "191000000", "Қонаев Г.А.", "Қонаев Қ.Ә.", 1),
    ("190000000", "195200000", "Талгарский район", "Талғар ауданы", 5),
    ("270000000", "273600000", "Бәйтерек", "Бәйтерек ауданы", 3),
]
OBLASTS = {
    "190000000": ("Алматинская область", "Алматы облысы"),
    "270000000": ("Западно-Казахстанская область", "Батыс Қазақстан облысы"),
}
NAMES = [
    ("Аватский", "Ават", "Ават"), ("Акшийский", "Ақши", "Акший"), ("Асинский", "Асы", "Асы"),
    ("Байдибек бийский", "Бәйдібек би", "Байдибек би"), ("Байсеитский", "Бәйсейіт", "Байсеит"), ("Балтабайский", "Балтабай", "Балтабай"),
    ("Бартогайский", "Бартоғай", "Бартогай"), ("Болекский", "Бөлек", "Болек"), ("Жанашарский", "Жаңашар", "Жанашар"),
    ("Казахстанский", "Қазақстан", "Казахстан"), ("Карашенгирский", "Қарашеңгір", "Карашенгир"), ("Каракемерский", "Қаракемер", "Каракемер"),
    ("Каратурукский", "Қаратұрық", "Каратурук"), ("Корамский", "Қорам", "Корам"), ("Кырбалтабайский", "Қырбалтабай", "Кырбалтабай"),
    ("Маловодненский", "Маловодное", "Маловодное"), ("Масакский", "Масақ", "Масак"), ("Рахатский", "Рахат", "Рахат"),
    ("Саймасайский", "Саймасай", "Саймасай"), ("Согетинский", "Сөгеті", "Согети"), ("Ташкенсазский", "Ташкенсаз", "Ташкенсаз"),
    ("Тескенсуский", "Тескенсу", "Тескенсу"), ("Тургенский", "Түрген", "Турген"), ("Шелекский", "Шелек", "Шелек"),
    ("Хусейна Бижанова", "Құсайын Бижанов", "Бижанова"), ("Шенгельдинский", "Шеңгелді", "Шенгельды"),
    ("Алатауский", "Алатау", "Алатау"), ("Бесагашский", "Бесағаш", "Бесагаш"), ("Бескайнарский", "Бесқайнар", "Бескайнар"),
    ("Гулдалинский", "Гүлдала", "Гулдала"), ("Панфиловский", "Панфилов", "Панфилово"),
    ("Дарьинский", "Дариян", "Дарьинское"), ("Переметнинский", "Переметный", "Переметное"), ("Мичуринский", "Мичурин", "Мичурино"),
]  # fmt: skip

THEMES = [
    ("population", "Халық", "Население", "Population"),
    ("well_being", "Отбасы әл-ауқаты", "Благополучие семей", "Family well-being"),
    ("work", "Жұмыс", "Труд и занятость", "Work"),
    ("livestock", "Мал шаруашылығы", "Скот и ветеринария", "Livestock"),
    ("health", "Жедел жәрдем", "Скорая помощь", "Ambulance"),
    ("budget", "Ауыл бюджеті", "Бюджет округа", "Okrug budget"),
]
_UNITS = {
    "persons": ("адам", "чел.", "persons"), "pct": ("%", "%", "%"), "families": ("отбасы", "семей", "families"),
    "kzt": ("теңге", "тенге", "KZT"), "thousand_kzt": ("мың теңге", "тыс. тенге", "thousand KZT"), "heads": ("бас", "голов", "heads"),
    "calls": ("шақыру", "вызовов", "calls"), "min": ("мин", "мин", "min"), "per_1000": ("1 000 адамға", "на 1 000 чел.", "per 1,000"),
}  # fmt: skip
_BODIES = {
    "population": ("ІІМ Көші-қон қызметі комитеті", "Комитет миграционной службы МВД", "Migration Service Committee"),
    "well_being": (
        "Аудандық жұмыспен қамту бөлімі",
        "Районный отдел занятости и соцпрограмм",
        "District social programmes office",
    ),
    "work": ("«Еңбек мобильділігі орталығы»", "Центр трудовой мобильности", "Labour mobility centre"),
    "livestock": ("Аудандық ветеринария станциясы", "Районная ветеринарная станция", "District veterinary station"),
    "health": ("Облыстық жедел жәрдем станциясы", "Областная станция скорой помощи", "Oblast ambulance station"),
    "budget": ("Округ әкімі аппараты", "Аппарат акима округа", "Office of the okrug akim"),
}
# id, theme, unit, decimals, better, registries, kk, ru, en, typical value (per okrug of 4,000 people)
INDICATORS = [
    ("residents", "population", "persons", 0, "none", "population", "Тіркелген тұрғындар", "Зарегистрированные жители", "Registered residents", 4000),
    ("residents_under_18", "population", "persons", 0, "none", "population", "18 жасқа дейінгі балалар", "Дети до 18 лет", "Children under 18", 1400),
    ("residents_65_plus", "population", "persons", 0, "none", "population", "65 жастан асқандар", "Жители 65 лет и старше", "Residents aged 65 and over", 330),
    ("share_65_plus_pct", "population", "pct", 1, "none", "population", "65 жастан асқандардың үлесі", "Доля жителей 65 лет и старше", "Share of residents aged 65 and over", 8),
    ("births", "population", "persons", 0, "up", "population", "Бір жасқа дейінгі балалар", "Дети до одного года", "Children under one year", 70),
    ("women_15_49", "population", "persons", 0, "none", "population", "15–49 жастағы әйелдер", "Женщины 15–49 лет", "Women aged 15–49", 960),
    ("working_age_pct", "population", "pct", 1, "none", "population", "Еңбекке қабілетті жастағылардың үлесі", "Доля жителей трудоспособного возраста", "Share of working age", 56),
    ("tsa_recipients", "well_being", "persons", 0, "down", "social_assistance", "Атаулы әлеуметтік көмек алушылар", "Получатели адресной социальной помощи", "Recipients of targeted social assistance", 95),
    ("tsa_share_pct", "well_being", "pct", 1, "down", "social_assistance,population", "АӘК алушылардың тұрғындардағы үлесі", "Доля получателей АСП среди жителей", "Share of residents who receive TSA", 2.4),
    ("tsa_sum_kzt", "well_being", "kzt", 0, "none", "social_assistance", "Тағайындалған АӘК сомасы", "Назначенная сумма АСП", "TSA granted", 4_350_000),
    ("housing_aid_families", "well_being", "families", 0, "down", "social_assistance", "Тұрғын үй көмегін алған отбасылар", "Семьи с жилищной помощью", "Families with housing aid", 14),
    ("disability_benefit", "well_being", "persons", 0, "none", "social_assistance", "Мүгедектік бойынша жәрдемақы алушылар", "Получатели пособия по инвалидности", "Recipients of disability benefit", 41),
    ("unemployed", "work", "persons", 0, "down", "employment", "Тіркелген жұмыссыздар", "Зарегистрированные безработные", "Registered unemployed", 48),
    ("unemployed_pct", "work", "pct", 1, "down", "employment,population", "Еңбек жасындағылар ішіндегі жұмыссыздар", "Безработные среди жителей трудоспособного возраста", "Unemployed among residents of working age", 2.1),
    ("jobseekers", "work", "persons", 0, "none", "employment", "Жұмыс іздеушілер", "Ищущие работу", "Jobseekers", 61),
    ("placed", "work", "persons", 0, "up", "employment", "Жұмысқа орналасқандар", "Трудоустроены за месяц", "Placed in work this month", 9),
    ("placed_permanent_pct", "work", "pct", 1, "up", "employment", "Тұрақты жұмысқа орналасқандардың үлесі", "Доля устроенных на постоянную работу", "Share placed in permanent work", 55),
    ("cattle", "livestock", "heads", 0, "none", "livestock", "Ірі қара мал", "Крупный рогатый скот", "Cattle", 3120),
    ("small_ruminants", "livestock", "heads", 0, "none", "livestock", "Қой мен ешкі", "Овцы и козы", "Sheep and goats", 12400),
    ("horses", "livestock", "heads", 0, "none", "livestock", "Жылқы", "Лошади", "Horses", 870),
    ("vaccinated_pct", "livestock", "pct", 1, "up", "livestock", "Соңғы 12 айда егілген мал үлесі", "Доля привитых за 12 месяцев", "Share vaccinated within 12 months", 88),
    ("brucellosis_positive_pct", "livestock", "pct", 2, "down", "livestock", "Бруцеллезге оң нәтиже үлесі", "Доля положительных на бруцеллёз", "Share positive for brucellosis", 0.4),
    ("calls", "health", "calls", 0, "none", "ambulance", "Жедел жәрдем шақырулары", "Вызовы скорой помощи", "Ambulance calls", 132),
    ("calls_per_1000", "health", "per_1000", 1, "none", "ambulance,population", "1 000 тұрғынға шаққандағы шақырулар", "Вызовы на 1 000 жителей", "Calls per 1,000 residents", 33),
    ("arrival_within_norm_pct", "health", "pct", 1, "up", "ambulance", "Нормативке сай жету үлесі", "Доля приездов в норматив", "Arrivals within the norm", 71),
    ("arrival_median_min", "health", "min", 1, "down", "ambulance", "Жетудің медианалық уақыты", "Медианное время приезда", "Median time of arrival", 16),
    ("budget_income", "budget", "thousand_kzt", 0, "up", "budget_okrug", "Бюджет кірістері (орындалғаны)", "Доходы бюджета (исполнено)", "Budget income (executed)", 48832),
    ("own_income_pct", "budget", "pct", 1, "up", "budget_okrug", "Меншікті кірістердің үлесі", "Доля собственных доходов", "Share of own income", 19),
    ("taxes", "budget", "thousand_kzt", 0, "up", "budget_okrug", "Салық түсімдері", "Налоговые поступления", "Tax income", 9440),
    ("spending", "budget", "thousand_kzt", 0, "none", "budget_okrug", "Бюджет шығыстары (орындалғаны)", "Расходы бюджета (исполнено)", "Budget spending (executed)", 49408),
    ("execution_pct", "budget", "pct", 1, "up", "budget_okrug", "Шығыстардың кезең жоспарына орындалуы", "Исполнение плана расходов за период", "Execution of the spending plan", 94),
]  # fmt: skip
REGISTRIES = ("population", "social_assistance", "livestock", "ambulance", "employment", "budget_okrug")


def okrugs() -> list[tuple[str, str, str, str, str, str]]:
    """(okrug, district, oblast, name_ru, name_kk, village) of the current edition."""
    found, names = [], iter(NAMES)
    for oblast, district, _ru, _kk, number in DISTRICTS:
        for n in range(number):
            ru, kk, village = next(names)
            code = f"{district[:4]}{35 + 2 * n:02d}000"
            found.append((code, district, oblast, f"{ru} с.о.", f"{kk} а.о.", village))
    return found


SHELEK = next(o[0] for o in okrugs() if o[3] == "Шелекский с.о.")
TURGEN = next(o[0] for o in okrugs() if o[3] == "Тургенский с.о.")
KONAEV_OKRUG = "191035000"  # in the old edition the same code is a place of Талдыкорган
WEST = "273635000"


def migrate(dsn: str) -> None:
    """The serving schema as the project makes it."""
    schema.migrate(dataclasses.replace(from_environment(), dsn_or_none=dsn))


def fill(dsn: str) -> None:
    """Territory, catalogue, two published periods."""
    dice = random.Random(7)
    with contextlib.closing(psycopg2.connect(dsn)) as conn, conn, conn.cursor() as cur:

        def put(table: str, rows: list[tuple], columns: str) -> None:
            execute_values(cur, f"insert into serving.{table} ({columns}) values %s", rows, page_size=1000)

        land = []
        for oblast, (ru, kk) in OBLASTS.items():
            land.append((oblast, EDITION, "oblast", None, None, None, None, oblast, ru, kk, False, False))
        for oblast, district, ru, kk, _n in DISTRICTS:
            land.append((district, EDITION, "district", None, oblast, None, district, oblast, ru, kk, False, False))
        villages = []
        for okrug, district, oblast, ru, kk, village in okrugs():
            land.append((okrug, EDITION, "okrug", "с.о.", district, okrug, district, oblast, ru, kk, True, False))
            for n, (suffix_ru, suffix_kk) in enumerate(
                [("", ""), (" (Нижний)", " (Төменгі)"), ("-2", "-2")][: dice.choice((2, 3, 3))]
            ):
                code = f"{okrug[:6]}{n + 1}00"
                villages.append((okrug, code, f"с.{village}{suffix_ru}", f"{kk[:-5]}{suffix_kk} а."))
                land.append(
                    (
                        code,
                        EDITION,
                        "settlement",
                        "с.",
                        okrug,
                        okrug,
                        district,
                        oblast,
                        villages[-1][2],
                        villages[-1][3],
                        False,
                        True,
                    )
                )
        # an older edition: code 191000000 was another town, Шелекский the same okrug
        old = [("191000000", "Талдыкорган Г.А."), ("194000000", "Енбекшиказахский район")]
        land += [
            (k, OLD_EDITION, "district", None, "190000000", None, k, "190000000", n, n, False, False) for k, n in old
        ]
        for code, district, name in (
            (KONAEV_OKRUG, "191000000", "Отенайский с.о."),
            (SHELEK, "194000000", "Шелекский с.о."),
        ):
            land.append(
                (code, OLD_EDITION, "okrug", "с.о.", district, code, district, "190000000", name, name, True, False)
            )
        put(
            "territory",
            land,
            "kato, edition, level, kind, parent_kato, okrug_kato, district_kato, oblast_kato, name_ru, name_kk, is_rural_akimat, is_main_settlement",
        )

        cur.execute("insert into serving.current_edition (edition) values (%s)", (EDITION,))
        put(
            "theme",
            [(t, n, *names) for n, (t, *names) in enumerate(THEMES)],
            "theme, position, name_kk, name_ru, name_en",
        )
        put(
            "indicator",
            [
                (
                    i,
                    theme,
                    n,
                    kk,
                    ru,
                    en,
                    unit,
                    *_UNITS[unit],
                    decimals,
                    better,
                    *_BODIES[theme],
                    "district",
                    regs.split(","),
                    kk,
                    ru,
                    en,
                )
                for n, (i, theme, unit, decimals, better, regs, kk, ru, en, _v) in enumerate(INDICATORS)
            ],
            "indicator_id, theme, position, name_kk, name_ru, name_en, unit, unit_kk, unit_ru, unit_en, decimals, better, "
            "responsible_kk, responsible_ru, responsible_en, level, registries, definition_kk, definition_ru, definition_en",
        )
        put(
            "snapshot",
            [(p, 1, EDITION, "i", "c") for p in PERIODS],
            "period, revision, edition, inputs_digest, content_sha256",
        )
        put("current_snapshot", [(p, 1, EDITION) for p in PERIODS], "period, revision, edition")
        put(
            "snapshot_source",
            [
                (p, 1, r, n + 1, AS_OF[p] + dt.timedelta(days=1 + n), p, 10_000, 12)
                for p in PERIODS
                for n, r in enumerate(REGISTRIES)
                if not (p == "2026-10" and r == "employment")  # did not come this month
            ],
            "period, revision, registry, batch_id, extracted_at, source_period, rows_staged, rows_quarantined",
        )
        put(
            "snapshot_missing",
            [("2026-10", 1, "employment", "2026-09", "late")],
            "period, revision, registry, last_period, reason",
        )
        values = []
        for okrug, *_ in okrugs():
            size = dice.lognormvariate(0, 0.5)
            for p in PERIODS:
                for i, _t, unit, decimals, _b, regs, *_n, typical in INDICATORS:
                    rate = unit in ("pct", "per_1000")
                    base = typical * (1 if rate or unit == "min" else size) * dice.uniform(0.97, 1.03)
                    value, num, den, flag = round(base, decimals), None, None, "ok"
                    if rate:
                        den = round(4000 * size)
                        num = round(den * base / (100 if unit == "pct" else 1000))
                    if p == "2026-10" and "employment" in regs:
                        value = num = den = None
                        flag = "missing"
                    elif i == "housing_aid_families" and value is not None and value < 10:
                        value, flag = None, "suppressed"
                    elif i == "working_age_pct":
                        flag = "estimated"
                    values.append((p, 1, okrug, i, value, num, den, flag, round(dice.uniform(93, 100), 1), AS_OF[p]))
        put(
            "snapshot_value",
            values,
            "period, revision, kato, indicator_id, value, numerator, denominator, flag, coverage_pct, as_of",
        )
        calls, herds = [], []
        for okrug, village, ru, kk in villages:
            people = round(dice.lognormvariate(7, 0.7))
            for p in PERIODS:
                n = round(people * 0.033)
                measured = max(n - dice.randint(0, 2), 0)
                within = round(measured * dice.uniform(0.3, 0.95))
                mid = dice.uniform(8, 35)
                calls.append(
                    (
                        p,
                        1,
                        okrug,
                        village,
                        ru,
                        kk,
                        n,
                        n // 3,
                        within,
                        measured,
                        round(mid, 1),
                        round(mid * 1.9, 1),
                        people,
                        people // 12,
                        people // 55,
                    )
                )
                for species, per_head in (("cattle", 0.8), ("small_ruminants", 3.1), ("horses", 0.2), ("camels", 0.01)):
                    heads = round(people * per_head * dice.uniform(0.5, 1.5))
                    if heads:
                        due = round(heads * dice.uniform(0, 0.3))
                        tested = heads // 3
                        herds.append(
                            (
                                p,
                                1,
                                okrug,
                                village,
                                ru,
                                kk,
                                species,
                                heads,
                                heads // 9 + 1,
                                heads - due,
                                due,
                                tested,
                                dice.choice((0, 0, 0, 1, 3)) if tested else 0,
                            )
                        )
        put(
            "ambulance_by_settlement",
            calls,
            "period, revision, okrug_kato, settlement_kato, settlement_ru, settlement_kk, calls, calls_urgent, calls_within_norm, calls_measured, arrival_median_min, arrival_p90_min, residents, residents_65_plus, residents_under_1",
        )
        put(
            "veterinary_by_settlement",
            herds,
            "period, revision, okrug_kato, settlement_kato, settlement_ru, settlement_kk, species, heads, owners, heads_vaccinated_12_months, heads_vaccination_due, heads_tested_brucellosis, heads_positive_brucellosis",
        )
