"""The 37 indicators once more in plain Python, from the extracts and the definitions in words.

Read from the lake are the rows as they came, which of them are staged, linked or rejected, who the linked ones are, and
where the resolver places a row by what it says (`rows_as_they_came`). All else is done here: dates, ages, windows, what
is believed, sums, medians, rounding, coverage and flags. Arithmetic is exact.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from auyl.settings import Settings
from tests.snapshot.rows_as_they_came import Registry, Row, read

CYRILLIC = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
NORMS = {1: 10, 2: 15, 3: 30, 4: 60}
WEIGHTS = {
    "cattle": Fraction(1), "horses": Fraction("1.2"), "camels": Fraction("1.4"), "small_ruminants": Fraction("0.2"),
    "pigs": Fraction(0),
}  # fmt: skip
WORDS = {
    "cattle": ("крс", "крупн", "ірі", "мқк", "іқм"),
    "small_ruminants": ("мрс", "овц", "овеч", "коз", "баран", "ұсақ", "уақ", "қой", "ешкі"),
    "horses": ("лошад", "жылқы", "кон"), "camels": ("верблюд", "түйе"), "pigs": ("свин", "шошқа"),
}  # fmt: skip
SPECIES = ("cattle", "small_ruminants", "pigs", "horses", "camels")


@dataclass(frozen=True)
class Figure:
    """A value with its parts, its flag and its coverage."""

    value: Fraction | None
    numerator: Fraction | None
    denominator: Fraction | None
    flag: str
    coverage: Fraction


def text(value: Any) -> str:
    return "" if value is None else re.sub(r"[\s\u00a0]+", " ", str(value)).strip()


def day(value: Any) -> date | None:
    """A day as the extracts write it: 2026-10-31 or 31.10.2026, perhaps with a time."""
    for pattern in (r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?: .*)?", r"(?P<d>\d\d)\.(?P<m>\d\d)\.(?P<y>\d{4})"):
        if found := re.fullmatch(pattern, text(value)):
            with contextlib.suppress(ValueError):
                return date(int(found["y"]), int(found["m"]), int(found["d"]))
    return None


def moment(value: Any) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.strptime(text(value), "%Y-%m-%d %H:%M:%S")
    return None


def amount(value: Any) -> Fraction | None:
    plain = text(value).replace(" ", "").replace(",", ".")
    return Fraction(plain) if re.fullmatch(r"-?\d+(\.\d+)?", plain) else None


def years(born: date | None, on: date) -> int | None:
    return None if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Half away from zero."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def median(values: list[Fraction]) -> Fraction | None:
    values = sorted(values)
    half = len(values) // 2
    return None if not values else values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


class ByHand:
    """The figures of a period, by okrug and indicator."""

    def __init__(self, settings: Settings, period: str, okrugs: Iterable[str]) -> None:
        self.begin = date.fromisoformat(period + "-01")
        self.end = (self.begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        self.year = self.begin.replace(year=self.begin.year - 1)
        self.year = (self.year + timedelta(days=31)).replace(day=1)
        self.soon = (self.end + timedelta(days=45)).replace(day=1) - timedelta(days=1)
        self.okrugs = list(okrugs)
        self.registries = read(settings, period)
        self.sums: dict[str, Counter[Any]] = defaultdict(Counter)
        self.times: dict[str, list[Fraction]] = defaultdict(list)
        self.homes: dict[str, Row] = {}
        self.reported = {row["place"][1] for row in self.registries["population"].counted}
        for count in (self.people, self.aid, self.seekers, self.herd, self.calls, self.budgets):
            count()

    def believed(self, value: Any, latest: date) -> date | None:
        found = day(value)
        return found if found and found <= latest else None

    def people(self) -> None:
        for row in self.registries["population"].counted:
            self.homes[row["iin"]] = row
            row["born"] = born = self.believed(row["birth_date"], self.soon)
            died = day(row["death_date"])
            said_dead = bool(text(row["death_date"])) and (died is None or (born is not None and died < born))
            alive = text(row["life_status_code"]) == "0" and (died is None or said_dead)
            alive = alive and (said_dead or text(row["is_removed"]) != "true")
            alive = alive or (not said_dead and died is not None and died > self.end)
            row["is_resident"] = alive = alive and not (born and born > self.end)
            okrug, age = row["place"][1], years(born, self.end)
            row["age"] = age
            if not alive or okrug is None:
                continue
            came = day(row["registered_from"])
            add = self.sums[okrug].update
            add(["residents"])
            if age is None:
                continue
            add(["children"] if age <= 15 else ["working"] if age <= 62 else ["elders"])
            add(["infants"] if age < 1 else [])
            add(["women"] if text(row["sex_code"]) == "2" and 15 <= age <= 49 else [])
            add(["arrivals"] if age >= 1 and came and self.year <= came <= self.end else [])

    def aid(self) -> None:
        paid: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in self.registries["social_assistance"].counted:
            home = self.homes.get(row["iin"])
            okrug = (home or row)["place"][1] or row["place"][1]
            kzt, kind = amount(row["amount_kzt"]) or Fraction(0), text(row["kind"]).upper()
            if okrug is None:
                continue
            if kind == "АСП":
                self.sums[okrug]["asp_kzt"] += kzt
            if kzt <= 0:
                continue
            is_resident = home is not None and home["is_resident"]
            for name, holds in (
                ("asp", kind == "АСП"), ("asp_residents", kind == "АСП" and is_resident), ("disabled", kind == "ИНВ"),
                ("supported", is_resident),
            ):  # fmt: skip
                if holds:
                    paid[okrug, name].add(row["iin"])
        for (okrug, name), persons in paid.items():
            self.sums[okrug][name] = len(persons)

    def seekers(self) -> None:
        for row in self.registries["employment"].counted:
            home = self.homes.get(row["iin"])
            okrug = (home or row)["place"][1] or row["place"][1]
            since = self.believed(row["registered_on"], self.soon)
            if okrug is None or (since and since > self.end):
                continue
            status, placed = text(row["status"]).upper(), day(row["placed_on"])
            seeks = status in ("SEEKING", "UNEMPLOYED") or bool(status == "PLACED" and placed and placed > self.end)
            is_placed = bool(status == "PLACED" and placed and self.begin <= placed <= self.end)
            born = (home["born"] if home else None) or day(row["birth_date"])
            age, is_resident = years(born, self.end), home is not None and home["is_resident"]
            self.sums[okrug].update(
                ["seekers"] * seeks
                + ["placed"] * is_placed
                + ["placement"] * (seeks or is_placed)
                + ["young"] * bool(seeks and age is not None and age < 35)
                + ["seekers_16_62"] * bool(seeks and is_resident and age is not None and 16 <= age <= 62)
            )

    def herd(self) -> None:
        for row in self.registries["livestock"].counted:
            okrug, born = row["place"][1], self.believed(row["birth_date"], self.soon)
            if okrug is None or (born and born > self.end):
                continue
            word = text(row["species_name"]).lower()
            species = next((name for name, starts in WORDS.items() if word.startswith(starts)), None)
            number = text(row["animal_number"])
            if species is None and number.startswith("KZ"):
                species = SPECIES[int(number[3]) - 1]
            treated = self.believed(row["vaccinated_on"], self.end)
            tested, result = day(row["tested_on"]), text(row["test_result"]).lower()
            is_positive = result.startswith(("полож", "оң")) and not (tested and tested > self.end)
            self.sums[okrug].update(
                ["heads", species or "unknown"]
                + ["vaccinated"] * bool(treated and treated >= self.year)
                + ["positive"] * is_positive
            )
            self.sums[okrug]["conditional"] += WEIGHTS.get(species or "", Fraction(0))

    def calls(self) -> None:
        for row in self.registries["ambulance"].counted:
            okrug = row["place"][1]
            if okrug is None:
                continue
            found = amount(row["category"])
            category = int(found) if found in NORMS else None
            received, arrived = moment(row["received_at"]), moment(row["arrived_at"])
            seconds = None
            if received and arrived and timedelta() <= arrived - received <= timedelta(days=1):
                seconds = (arrived - received).seconds + 86400 * (arrived - received).days
            minutes = None if seconds is None else Fraction(seconds, 60)
            self.sums[okrug].update(["calls"] + ["of_category"] * bool(category) + ["urgent"] * (category in (1, 2)))
            if minutes is not None:
                self.times[okrug].append(minutes)
                if category:
                    self.sums[okrug].update(["measured"] + ["within"] * (minutes <= NORMS[category]))

    def budgets(self) -> None:
        """Coverage is that of the lines that are used: of an okrug that has one twice, neither is."""
        lines: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        unplaced = []
        for row in self.registries["budget_okrug"].counted:
            name, level = text(row["line_name"]).upper().translate(CYRILLIC), text(row["line_level"])
            kind = None
            if level == "0":
                kind = "income" if "ДОХОДЫ" in name else "spending" if "ЗАТРАТЫ" in name else None
            elif level == "1":
                kind = (
                    "tax" if name.startswith("НАЛОГОВЫЕ") else "non_tax" if name.startswith("НЕНАЛОГОВЫЕ")
                    else "capital" if "ОСНОВНОГО КАПИТАЛА" in name else "transfers" if "ТРАНСФЕРТ" in name else None
                )  # fmt: skip
            row["is_main"] = bool(re.search("ДОХОДЫ|ЗАТРАТЫ|ПОСТУПЛЕНИЯ", name))
            if kind and row["place"][1]:
                lines[row["place"][1]][kind].append(row)
            elif kind:
                unplaced.append(row)

        self.registries["budget_okrug"].counted = [
            rows[0] for kinds in lines.values() for rows in kinds.values() if len(rows) == 1
        ] + unplaced

        def of(okrug: str, kind: str, column: str) -> Fraction | None:
            rows = lines[okrug][kind]
            value = amount(rows[0][f"{column}_thousand_kzt"]) if len(rows) == 1 else None
            return None if value is None or (value < 0 and rows[0]["is_main"]) else value

        for okrug in list(lines):
            kinds = ("tax", "non_tax", "capital", "transfers")
            done = {kind: of(okrug, kind, "executed") for kind in ("income", "spending", *kinds)}
            parts = [part for kind in kinds if (part := done[kind]) is not None]
            income = done["income"]
            if income is not None and parts and abs(income - sum(parts)) <= Fraction(1, 2):
                self.sums[okrug]["own"] = income - (done["transfers"] or 0)
            for name, value in (
                ("income", income), ("spending", done["spending"]), ("tax", done["tax"]),
                ("income_plan", of(okrug, "income", "plan_period")),
                ("spending_kzt", None if done["spending"] is None else done["spending"] * 1000),
                ("spending_plan", of(okrug, "spending", "plan_period")),
            ):  # fmt: skip
                if value is not None:
                    self.sums[okrug][name] = value

    def figures(self) -> dict[tuple[str, str], Figure]:
        coverage = {name: Coverage(registry) for name, registry in self.registries.items()}
        found = {}
        for okrug in self.okrugs:
            for indicator, entry in INDICATORS.items():
                found[okrug, indicator] = self._figure(okrug, entry, coverage)
        return found

    def _part(self, okrug: str, name: str | None, is_owed: bool) -> Fraction | None:
        """A count of nothing is zero, where the registry does not owe the okrug a report or has others of it."""
        if name is None:
            return None
        if name == "minutes":
            return median(self.times[okrug])
        sums = self.sums[okrug]
        if name in ("income", "spending", "spending_kzt", "tax", "own", "income_plan", "spending_plan"):
            return Fraction(sums[name]) if name in sums else None
        if is_owed and okrug not in self.reported:
            return None
        names = {"dependants": ("children", "elders")}.get(name, (name,))
        return Fraction(sum(sums[one] for one in names))

    def _figure(self, okrug: str, entry: tuple[Any, ...], coverage: dict[str, Coverage]) -> Figure:
        registries, name, per, scale, decimals, kind = entry
        people = ("residents", "working", "children", "elders", "dependants", "infants", "women", "arrivals")
        top, bottom = (self._part(okrug, n, n in people) for n in (name, per))
        value = top
        if top is not None and per:
            value = None if not bottom else top / bottom
        value = None if value is None else rounded(value * Fraction(scale), decimals)
        covered = min(coverage[registry].of(okrug) for registry in registries)
        near = coverage[registries[0]].near(okrug)
        flag = "ok"
        if value is None:
            flag = "missing"
        elif kind == "count" and (near or covered < 100):
            flag = "at_least"
        elif kind == "share" and covered < 95:
            flag = "partial"
        top, bottom = (None if part is None else rounded(part, 4) for part in (top, bottom))
        return Figure(value, top, bottom, flag, covered)


class Coverage:
    """Counted of all rows of an okrug × placed of those of its district × placed of all, in tenths of a percent."""

    def __init__(self, registry: Registry) -> None:
        counted = [row["own_place"] for row in registry.counted]
        self.counted = Counter(okrug for _, okrug, _ in counted if okrug)
        places = [p for p in counted + registry.rejected if p[2] is None or p[2].startswith("19")]
        self.of_okrug = Counter(okrug for _, okrug, _ in places if okrug)
        self.of_district = Counter(district for *_, district in places if district)
        self.unplaced = Counter(d for settlement, okrug, d in places if d and not okrug and not settlement)
        self.unknown, self.all = sum(p[2] is None for p in places), len(places)

    def near(self, okrug: str) -> int:
        return self.of_okrug[okrug] - self.counted[okrug] + self.unplaced[okrug[:4] + "00000"]

    def of(self, okrug: str) -> Fraction:
        district = okrug[:4] + "00000"
        own = Fraction(self.counted[okrug], self.of_okrug[okrug]) if self.of_okrug[okrug] else Fraction(1)
        near = 1 - Fraction(self.unplaced[district], self.of_district[district])
        return rounded(100 * own * near * (1 - Fraction(self.unknown, self.all)), 1)


P, S, E, L, A, B = "population", "social_assistance", "employment", "livestock", "ambulance", "budget_okrug"
# registries, of them the first is counted; numerator, denominator, scale, decimals; count, share, or sum of one line
INDICATORS: dict[str, tuple[Any, ...]] = {
    "population.residents": ([P], "residents", None, 1, 0, "count"),
    "population.children_share": ([P], "children", "residents", 100, 1, "share"),
    "population.working_age_share": ([P], "working", "residents", 100, 1, "share"),
    "population.elders_share": ([P], "elders", "residents", 100, 1, "share"),
    "population.dependency": ([P], "dependants", "working", 100, 1, "share"),
    "population.infants": ([P], "infants", None, 1, 0, "count"),
    "population.women_15_49": ([P], "women", None, 1, 0, "count"),
    "population.arrivals_12_months": ([P], "arrivals", "residents", 1000, 1, "share"),
    "social.asp_recipients": ([S, P], "asp", None, 1, 0, "count"),
    "social.asp_share": ([S, P], "asp_residents", "residents", 100, 1, "share"),
    "social.asp_amount": ([S, P], "asp_kzt", None, "0.001", 1, "count"),
    "social.asp_average": ([S, P], "asp_kzt", "asp", 1, 0, "share"),
    "social.disability_recipients": ([S, P], "disabled", None, 1, 0, "count"),
    "social.supported_share": ([S, P], "supported", "residents", 100, 1, "share"),
    "employment.jobseekers": ([E, P], "seekers", None, 1, 0, "count"),
    "employment.jobseekers_share": ([E, P], "seekers_16_62", "working", 100, 1, "share"),
    "employment.youth_share": ([E, P], "young", "seekers", 100, 1, "share"),
    "employment.placed": ([E, P], "placed", None, 1, 0, "count"),
    "employment.placement": ([E, P], "placed", "placement", 100, 1, "share"),
    "livestock.cattle": ([L], "cattle", None, 1, 0, "count"),
    "livestock.small_ruminants": ([L], "small_ruminants", None, 1, 0, "count"),
    "livestock.horses": ([L], "horses", None, 1, 0, "count"),
    "livestock.camels": ([L], "camels", None, 1, 0, "count"),
    "livestock.conditional_heads": ([L], "conditional", None, 1, 1, "count"),
    "livestock.vaccinated": ([L], "vaccinated", "heads", 100, 1, "share"),
    "livestock.brucellosis_positive": ([L], "positive", None, 1, 0, "count"),
    "ambulance.calls": ([A], "calls", None, 1, 0, "count"),
    "ambulance.calls_rate": ([A, P], "calls", "residents", 1000, 1, "share"),
    "ambulance.within_norm": ([A], "within", "measured", 100, 1, "share"),
    "ambulance.arrival_median": ([A], "minutes", None, 1, 1, "share"),
    "ambulance.urgent_share": ([A], "urgent", "of_category", 100, 1, "share"),
    "budget.income": ([B], "income", None, 1, 0, "line"),
    "budget.own_share": ([B], "own", "income", 100, 1, "line"),
    "budget.income_execution": ([B], "income", "income_plan", 100, 1, "line"),
    "budget.spending_execution": ([B], "spending", "spending_plan", 100, 1, "line"),
    "budget.spending_per_resident": ([B, P], "spending_kzt", "residents", 1, 0, "line"),
    "budget.tax_income": ([B], "tax", None, 1, 0, "line"),
}  # fmt: skip
