"""Core tables: staged rows, and quarantined rows that were linked to a person, each with its okrug if known."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bench.pandas_way.clean import age
from bench.pandas_way.judge import Batch
from bench.pandas_way.link import LINK_COLUMNS, PAIR_COLUMNS, STATED, link, without_number
from bench.pandas_way.places import PLACE, Territory
from bench.pandas_way.read import WHERE
from bench.pandas_way.registries import Given, place_of_assistance, place_of_calls, place_of_jobseekers

Tables = dict[str, pd.DataFrame]
Placed = Callable[[pd.DataFrame, Territory], pd.DataFrame]
# Registries whose rows name a person as well as the number: key of a row, and how to find its place.
LINKED: dict[str, tuple[list[str], Placed]] = {
    "social_assistance": (["person_key", "kind"], place_of_assistance),
    "employment": (["person_key"], place_of_jobseekers),
}
CONDITIONAL_HEADS = {"cattle": 1.0, "horses": 1.2, "camels": 1.4, "small_ruminants": 0.2, "pigs": 0.0}


def link_all(batches: dict[str, Batch], given: Given) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Links and pairs of all rows that are quarantined because of their number, see `link`."""
    records = []
    for registry, (key, placed) in LINKED.items():
        rows = without_number(batches[registry])
        if rows.empty:
            continue
        rows[PLACE] = placed(rows, given.territory)
        rows = rows.assign(registry=registry, is_singular=key == ["person_key"])
        records.append(rows[["registry", "is_singular", "iin", *WHERE, *STATED]])
    if not records:
        return pd.DataFrame(columns=LINK_COLUMNS), pd.DataFrame(columns=PAIR_COLUMNS)
    return link(pd.concat(records, ignore_index=True), batches["population"].staged, given.secret)


def counted(batch: Batch, links: pd.DataFrame | None) -> pd.DataFrame:
    """Staged and linked rows; linked_by is the method. A key occurs once, staged rows take precedence."""
    rows = batch.staged.assign(linked_by=None)
    if links is None:
        return rows
    key, _ = LINKED[batch.registry]
    found = links[(links["registry"] == batch.registry) & (links["outcome"] == "link")]
    found = batch.typed.merge(found[[*WHERE, "person_key", "method"]], on=WHERE).rename(columns={"method": "linked_by"})
    return pd.concat([rows, found.sort_values(WHERE)], ignore_index=True).drop_duplicates(key)


def tables(batches: dict[str, Batch], links: pd.DataFrame | None, given: Given) -> Tables:
    """Tables person, assistance, jobseeker, animal, ambulance_call, budget_line with the columns of the indicators."""
    people = batches["population"].staged
    people["age_years"] = age(people["birth_date"], given.end)
    people["registered_12_months"] = people["registered_from"].between(given.year_ago, given.end, inclusive="right")
    people["is_alive"] &= ~(people["birth_date"] > given.end)
    aid = _at_home(counted(batches["social_assistance"], links), people, place_of_assistance, given)
    listed = counted(batches["employment"], links)
    listed = listed[~(listed["registered_on"] > given.end)]
    seekers = _at_home(listed, people, place_of_jobseekers, given)
    seekers["age_years"] = age(seekers["home_birth_date"].fillna(seekers["birth_date"]), given.end)
    seekers["is_seeking"] = seekers["status"].isin(["SEEKING", "UNEMPLOYED"])
    seekers["placed_in_period"] = (seekers["status"] == "PLACED") & seekers["placed_on"].between(given.begin, given.end)
    animals = batches["livestock"].staged
    animals = animals[~(animals["birth_date"] > given.end)].copy()
    animals["conditional_heads"] = animals["species"].map(CONDITIONAL_HEADS)
    animals["vaccinated_12_months"] = animals["vaccinated_on"] > given.year_ago
    animals["tested_12_months"] = animals["tested_on"] > given.year_ago
    calls = batches["ambulance"].staged
    calls["norm_min"] = calls["category"].map({1: 10, 2: 15, 3: 30, 4: 60})
    calls[PLACE] = place_of_calls(calls, people, given.territory)
    budget = batches["budget_okrug"].staged
    found = {
        "person": people[
            ["person_key", "sex", "birth_date", "age_years", "is_alive", "registered_12_months", *PLACE, *WHERE]
        ],
        "assistance": aid[["person_key", "kind", "amount_kzt", "is_registered", *PLACE, "linked_by", *WHERE]],
        "jobseeker": seekers[
            ["person_key", "status", "age_years", "is_seeking", "placed_in_period", "is_registered", *PLACE,
             "linked_by", *WHERE]
        ],
        "animal": animals[
            ["animal_number", "species", "conditional_heads", "owner_key", "vaccinated_12_months", "tested_12_months",
             "test_result", *PLACE, *WHERE]
        ],
        "ambulance_call": calls[["call_id", "category", "arrival_min", "norm_min", *PLACE, *WHERE]],
        "budget_line": budget.loc[
            budget["line"] != "", ["line", "plan_period_thousand_kzt", "executed_thousand_kzt", *PLACE, *WHERE]
        ],
    }  # fmt: skip
    return found


def _at_home(rows: pd.DataFrame, people: pd.DataFrame, placed: Placed, given: Given) -> pd.DataFrame:
    """Place of each row: where its person is registered, or as the row states for a person outside the population."""
    home = people.set_index("person_key")[[*PLACE, "birth_date"]].add_prefix("home_")
    rows = rows.merge(home, left_on="person_key", right_index=True, how="left")
    stated = placed(rows, given.territory)
    for column in PLACE:
        rows[column] = rows[f"home_{column}"].fillna(stated[column])
    return rows.assign(is_registered=rows["home_birth_date"].notna())
