"""Indicators by okrug, coordinators' tables, and the gate of the snapshot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.pandas_way.core import Tables
from bench.pandas_way.parts import part
from bench.pandas_way.places import Territory

# indicator, amount, amount to divide by, scale, decimals, unit
INDICATORS = (
    ("population.residents", "residents", None, 1, 0, "persons"),
    ("population.children_share", "children", "residents", 100, 1, "pct"),
    ("population.working_age_share", "working_age", "residents", 100, 1, "pct"),
    ("population.elders_share", "elders", "residents", 100, 1, "pct"),
    ("population.dependency", "dependants", "working_age", 100, 1, "per_100"),
    ("population.infants", "infants", None, 1, 0, "persons"),
    ("population.women_15_49", "women_15_49", None, 1, 0, "persons"),
    ("population.arrivals_12_months", "arrivals", "residents", 1000, 1, "per_1000"),
    ("ambulance.calls", "calls", None, 1, 0, "calls"),
    ("ambulance.calls_rate", "calls", "residents", 1000, 1, "per_1000"),
    ("ambulance.within_norm", "calls_within_norm", "calls_measured", 100, 1, "pct"),
    ("ambulance.arrival_median", "arrival_median", None, 1, 1, "min"),
    ("ambulance.urgent_share", "calls_urgent", "calls_of_category", 100, 1, "pct"),
    ("budget.income", "income", None, 1, 0, "thousand_kzt"),
    ("budget.own_share", "own_income", "income", 100, 1, "pct"),
    ("budget.income_execution", "income", "income_plan", 100, 1, "pct"),
    ("budget.spending_execution", "spending", "spending_plan", 100, 1, "pct"),
    ("budget.spending_per_resident", "spending", "residents", 1000, 0, "kzt"),
    ("budget.tax_income", "tax", None, 1, 0, "thousand_kzt"),
    ("employment.jobseekers", "jobseekers", None, 1, 0, "persons"),
    ("employment.jobseekers_share", "jobseekers", "working_age", 100, 1, "pct"),
    ("employment.youth_share", "jobseekers_under_35", "jobseekers", 100, 1, "pct"),
    ("employment.placed", "placed", None, 1, 0, "persons"),
    ("employment.placement", "placed", "placement_base", 100, 1, "pct"),
    ("livestock.cattle", "cattle", None, 1, 0, "heads"),
    ("livestock.small_ruminants", "small_ruminants", None, 1, 0, "heads"),
    ("livestock.horses", "horses", None, 1, 0, "heads"),
    ("livestock.camels", "camels", None, 1, 0, "heads"),
    ("livestock.conditional_heads", "conditional_heads", None, 1, 1, "conditional_heads"),
    ("livestock.vaccinated", "vaccinated", "heads", 100, 1, "pct"),
    ("livestock.brucellosis_positive", "brucellosis_positive", None, 1, 0, "heads"),
    ("social.asp_recipients", "asp_recipients", None, 1, 0, "persons"),
    ("social.asp_share", "asp_recipients", "residents", 100, 1, "pct"),
    ("social.asp_amount", "asp_amount", None, 0.001, 1, "thousand_kzt"),
    ("social.asp_average", "asp_amount", "asp_recipients", 1, 0, "kzt"),
    ("social.disability_recipients", "disability_recipients", None, 1, 0, "persons"),
    ("social.supported_share", "recipients", "residents", 100, 1, "pct"),
)
CATALOGUE = pd.DataFrame(INDICATORS, columns=["indicator_id", "amount", "per", "scale", "decimals", "unit"])
TABLE_OF_THEME = {
    "population": "person", "ambulance": "ambulance_call", "budget": "budget_line", "employment": "jobseeker",
    "livestock": "animal", "social": "assistance",
}  # fmt: skip


def measure(core: Tables, territory: Territory, end: pd.Timestamp) -> pd.DataFrame:
    """One row per okrug and indicator: kato, indicator_id, value, numerator, denominator, flag, coverage_pct, as_of."""
    with part("indicators: rows"):
        wide = _amounts(core, territory.okrugs)
        placed = {theme: _placed(core[table]) for theme, table in TABLE_OF_THEME.items()}
    amounts = wide.reset_index(names="kato").melt("kato", var_name="amount", value_name="n")
    okrugs = pd.DataFrame({"kato": territory.okrugs})
    values = okrugs.merge(CATALOGUE, how="cross").merge(amounts, on=["kato", "amount"], how="left")
    per = amounts.rename(columns={"amount": "per", "n": "denominator"})
    values = values.merge(per, on=["kato", "per"], how="left").rename(columns={"n": "numerator"})
    divisor = values["denominator"].where(values["per"].notna(), 1).replace(0, np.nan)
    exact = values["numerator"] * values["scale"] / divisor
    values["value"] = exact.groupby(values["decimals"]).transform(lambda group: group.round(group.name))
    values["flag"] = values["value"].isna().map({True: "missing", False: "ok"})
    values["coverage_pct"] = _coverage(values, placed)
    values["as_of"] = end
    columns = ["kato", "indicator_id", "value", "numerator", "denominator", "flag", "coverage_pct", "as_of"]
    return values.sort_values(["kato", "indicator_id"])[columns]


def _amounts(core: Tables, okrugs: pd.Series) -> pd.DataFrame:
    people, aid, seekers = core["person"], core["assistance"], core["jobseeker"]
    animals, calls, lines = core["animal"], core["ambulance_call"], core["budget_line"]
    alive = people[people["is_alive"]]
    years = alive["age_years"]

    def count(frame: pd.DataFrame, mask: pd.Series | None = None) -> pd.Series:
        chosen = frame if mask is None else frame[mask]
        return chosen.groupby("okrug").size().reindex(okrugs, fill_value=0)

    def total(frame: pd.DataFrame, column: str, mask: pd.Series | None = None) -> pd.Series:
        chosen = frame if mask is None else frame[mask]
        sums = chosen.groupby("okrug")[column].sum().reindex(okrugs)
        return sums.mask(sums.isna() & sums.index.isin(frame["okrug"]), 0)

    def distinct(frame: pd.DataFrame, mask: pd.Series | None = None) -> pd.Series:
        chosen = frame if mask is None else frame[mask]
        return chosen.groupby("okrug")["person_key"].nunique().reindex(okrugs, fill_value=0)

    amounts = {
        "residents": count(alive),
        "children": count(alive, years <= 15),
        "working_age": count(alive, years.between(16, 62)),
        "elders": count(alive, years >= 63),
        "dependants": count(alive, ~years.between(16, 62)),
        "infants": count(alive, years < 1),
        "women_15_49": count(alive, (alive["sex"] == "f") & years.between(15, 49)),
        "arrivals": count(alive, alive["registered_12_months"] & (years >= 1)),
        "calls": count(calls),
        "calls_urgent": count(calls, calls["category"] <= 2),
        "calls_of_category": count(calls, calls["category"].notna()),
        "calls_measured": count(calls, calls["arrival_min"].notna() & calls["norm_min"].notna()),
        "calls_within_norm": count(calls, calls["arrival_min"] <= calls["norm_min"]),
        "arrival_median": calls.groupby("okrug")["arrival_min"].median().reindex(okrugs),
        "jobseekers": count(seekers, seekers["is_seeking"]),
        "jobseekers_under_35": count(seekers, seekers["is_seeking"] & (seekers["age_years"] < 35)),
        "placed": count(seekers, seekers["placed_in_period"]),
        "placement_base": count(seekers, seekers["is_seeking"] | seekers["placed_in_period"]),
        "heads": count(animals),
        "conditional_heads": total(animals, "conditional_heads").fillna(0),
        "vaccinated": count(animals, animals["vaccinated_12_months"]),
        "brucellosis_positive": count(animals, animals["test_result"] == "positive"),
        "asp_recipients": distinct(aid, aid["kind"] == "АСП"),
        "asp_amount": total(aid, "amount_kzt", aid["kind"] == "АСП").fillna(0),
        "disability_recipients": distinct(aid, aid["kind"] == "ИНВ"),
        "recipients": distinct(aid),
        "own_income": total(lines, "executed_thousand_kzt", lines["line"].isin(["tax", "non_tax", "capital"])),
    }
    for species in ("cattle", "small_ruminants", "horses", "camels"):
        amounts[species] = count(animals, animals["species"] == species)
    for line in ("income", "spending", "tax"):
        amounts[line] = total(lines, "executed_thousand_kzt", lines["line"] == line)
        amounts[f"{line}_plan"] = total(lines, "plan_period_thousand_kzt", lines["line"] == line)
    return pd.DataFrame(amounts)


def _placed(rows: pd.DataFrame) -> pd.Series:
    """Percentage of the rows of each district that have an okrug; rows without a district lower every share."""
    return 100 * rows["okrug"].notna().groupby(rows["district"]).mean() * rows["district"].notna().mean()


def _coverage(values: pd.DataFrame, placed: dict[str, pd.Series]) -> pd.Series:
    """Lowest share of placed rows of a district among the registries of an indicator; `placed` is by theme."""
    shares = pd.DataFrame(placed).rename_axis("district").reset_index().melt("district", var_name="theme")
    shares = shares.set_index(["district", "theme"])["value"]
    district, theme = values["kato"].str[:4], values["indicator_id"].str.partition(".")[0]
    own = shares.reindex(pd.MultiIndex.from_arrays([district, theme])).to_numpy()
    of_people = shares.reindex(pd.MultiIndex.from_arrays([district, ["population"] * len(values)])).to_numpy()
    by_people = values["per"].isin(["residents", "working_age"])
    return pd.Series(np.where(by_people, np.fmin(own, of_people), own), index=values.index).round(1)


def by_settlement(core: Tables, territory: Territory) -> Tables:
    """Coordinators' tables by settlement: calls and residents, animals; '' where only the okrug is known."""
    names = territory.table.set_index("kato")[["name_ru", "name_kk"]]
    names.columns = pd.Index(["settlement_ru", "settlement_kk"])
    okrugs = set(territory.okrugs)
    key = ["okrug", "settlement"]

    def inside(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["okrug"].isin(okrugs)].assign(settlement=lambda r: r["settlement"].fillna(""))

    calls, people, animals = inside(core["ambulance_call"]), inside(core["person"]), inside(core["animal"])
    calls = calls.assign(
        urgent=calls["category"] <= 2,
        within=calls["arrival_min"] <= calls["norm_min"],
    )
    ambulance = calls.groupby(key).agg(
        calls=("call_id", "size"),
        calls_urgent=("urgent", "sum"),
        calls_measured=("arrival_min", "count"),
        calls_within_norm=("within", "sum"),
        arrival_median_min=("arrival_min", "median"),
    )
    ambulance["arrival_p90_min"] = calls.groupby(key)["arrival_min"].quantile(0.9)
    people = people[people["is_alive"]]
    people = people.assign(old=people["age_years"] >= 65, infant=people["age_years"] < 1)
    residents = people.groupby(key).agg(
        residents=("person_key", "size"), residents_65_plus=("old", "sum"), residents_under_1=("infant", "sum")
    )
    ambulance = ambulance.join(residents, how="outer").reset_index()
    counts = [name for name in ambulance.columns if name not in (*key, "arrival_median_min", "arrival_p90_min")]
    ambulance[counts] = ambulance[counts].fillna(0).astype(int)
    animals = animals.assign(due=~animals["vaccinated_12_months"], positive=animals["test_result"] == "positive")
    veterinary = animals.groupby([*key, "species"]).agg(
        heads=("animal_number", "size"),
        owners=("owner_key", "nunique"),
        heads_vaccinated_12_months=("vaccinated_12_months", "sum"),
        heads_vaccination_due=("due", "sum"),
        heads_tested_brucellosis=("tested_12_months", "sum"),
        heads_positive_brucellosis=("positive", "sum"),
    )
    return {
        "ambulance_by_settlement": ambulance.join(names, on="settlement").round(1),
        "veterinary_by_settlement": veterinary.reset_index().join(names, on="settlement"),
    }


def gate(values: pd.DataFrame, territory: Territory, previous_residents: float | None) -> list[str]:
    """Limits that the snapshot breaks, in words; they are those of the project's suite."""
    with_units = values.merge(CATALOGUE[["indicator_id", "unit"]], on="indicator_id")
    percentages = with_units[with_units["unit"] == "pct"].dropna(subset="value")
    # A plan may be exceeded.
    shares = percentages.loc[~percentages["indicator_id"].str.endswith("_execution"), "value"]
    residents = values.loc[values["indicator_id"] == "population.residents"]
    is_met = {
        "one value per okrug and indicator": not values.duplicated(["kato", "indicator_id"]).any(),
        "no negative value": (values["value"].dropna() >= 0).all(),
        "98% of the shares within 100%": shares.between(0, 100).mean() >= 0.98,
        "no percentage over 1000%": (percentages["value"] <= 1000).all(),
        "every okrug": set(values["kato"]) == set(territory.okrugs),
        "every indicator": set(values["indicator_id"]) == set(CATALOGUE["indicator_id"]),
        "few okrugs without residents": (residents["value"].fillna(0) == 0).mean() <= 0.02,
        "80% of residents placed": residents["coverage_pct"].min() >= 80,
        "half of the values": (values["flag"] == "missing").mean() <= 0.5,
        "residents within 10% of the previous revision": previous_residents is None
        or 0.9 <= residents["value"].sum() / previous_residents <= 1.1,
    }
    return [limit for limit, holds in is_met.items() if not holds]
