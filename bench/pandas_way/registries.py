"""The six core registries: the meaning of the columns and the rules of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.pandas_way import read
from bench.pandas_way.clean import (
    LEGACY,
    clean,
    clean_code,
    corrected,
    disagrees,
    disagrees_with_birth,
    is_test,
    is_valid_number,
    keyed_hash,
    letter_warnings,
    place_key,
    to_date,
    to_number,
    trimmed,
)
from bench.pandas_way.columns import COSTS
from bench.pandas_way.judge import Batch, cell_rules, judge
from bench.pandas_way.parts import part
from bench.pandas_way.places import PLACE, Territory

SEX_OF_DIGIT = dict(zip("123456", "mfmfmf", strict=True))
TOTALS = "ИТОГО|ВСЕГО|БАРЛЫҒЫ|ЖИЫНЫ"


@dataclass
class Given:
    """Inputs of all registries. `secret` is the key of the keyed hash."""

    period: str
    territory: Territory
    secret: bytes

    @property
    def begin(self) -> pd.Timestamp:
        """First day of the period."""
        return pd.Timestamp(self.period + "-01")

    @property
    def end(self) -> pd.Timestamp:
        """Last day of the period."""
        return self.begin + pd.offsets.MonthEnd(0)

    @property
    def next_end(self) -> pd.Timestamp:
        """Facts of before it may be of the next period; later ones are not believed."""
        return self.end + pd.DateOffset(months=1)

    @property
    def year_ago(self) -> pd.Timestamp:
        """Later dates are in the last 12 months."""
        return self.end - pd.DateOffset(months=12)


def _month(s: pd.Series) -> pd.Series:
    return s.str.strip().str.replace(r"^(\d\d)\.(\d{4})$", r"\2-\1", regex=True)


def population(files: list[Path], given: Given) -> Batch:
    """Persons, with the place of their registration."""
    with part("population: read XML"):
        raw = read.population(files, given.period)
    with part("population: clean and judge"):
        t = raw.rows.copy()
        for column in raw.columns:
            t[column] = trimmed(t[column])
        texts = t.copy()
        for column in ("birth_date", "death_date", "registered_from"):
            t[column] = pd.to_datetime(t[column], format="%Y-%m-%d", errors="coerce")
        t["sex"] = t["sex_code"].map({"1": "m", "2": "f"}).fillna(t["sex_code"]).astype("str")
        t["is_alive"] = (t["life_status_code"] == "0") & t["death_date"].isna() & (t["is_removed"] != "true")
        valid = is_valid_number(t["iin"])
        names = t["surname"] + t["given_name"].fillna("")
        unread, doubtful = cell_rules(texts, t, "", "birth_date death_date registered_from")
        critical = {
            **unread,
            "iin_present": t["iin"].isna(),
            "iin_checksum": t["iin"].notna() & ~valid,
            "not_a_test_row": is_test(t["surname"], t["given_name"]),
            "life_status_code_known": t["life_status_code"].notna() & ~t["life_status_code"].isin(["0", "1"]),
        }
        warnings = {
            **doubtful,
            "surname_present": t["surname"].isna(),
            "birth_date_present": t["birth_date"].isna(),
            "birth_date_not_ahead": t["birth_date"] > given.next_end,
            "born_in_the_period": (t["birth_date"] > given.end) & (t["birth_date"] <= given.next_end),
            "death_date_readable": t["death_date"].isna() & texts["death_date"].notna(),
            "death_after_birth": t["death_date"] < t["birth_date"],
            "sex_present": t["sex"].isna(),
            "sex_known": t["sex"].notna() & ~t["sex"].isin(["m", "f"]),
            "district_code_present": t["district_code"].isna(),
            "district_code_wellformed": t["district_code"].notna() & ~t["district_code"].str.fullmatch(r"[0-9]{7}"),
            "iin_birth_date_agrees": valid & disagrees_with_birth(t["iin"], t["birth_date"]),
            "sex_agrees": valid & t["sex"].notna() & (t["iin"].str[6].map(SEX_OF_DIGIT).fillna(t["sex"]) != t["sex"]),
            "rca_wellformed": t["rca"].notna() & ~t["rca"].str.fullmatch(r"[0-9]{16}"),
            "registered_from_not_ahead": t["registered_from"] > given.end,
            **letter_warnings(names),
        }
        batch = judge("population", raw, t, critical, warnings, ["iin"], ["registered_from"], COSTS["population"])
    with part("population: keyed hash"):
        batch.staged["person_key"] = keyed_hash(batch.staged["iin"], given.secret)
    with part("population: okrug"):
        staged = batch.staged
        staged[PLACE] = given.territory.resolve(
            rca=staged["rca"],
            district=staged["district_code"].map(given.territory.crosswalk),
            settlement=staged["settlement_name"],
        )
    return batch


def assistance(files: list[Path], given: Given) -> Batch:
    """Recipients of assistance, one row per person and kind."""
    raw = read.delimited(files, ";", "cp1251", read.ASSISTANCE)
    t = raw.rows.copy()
    texts = {column: clean(t[column]) for column in raw.columns}
    for column in ("surname", "given_name", "patronymic", "district_name", "okrug_name", "settlement_name"):
        t[column] = texts[column].str.translate(LEGACY)
    for column in ("iin", "family_account"):
        t[column] = clean_code(t[column])
    t["row_number"], t["month"], t["kind"] = texts["row_number"], _month(texts["month"]), texts["kind"].str.upper()
    for column in ("birth_date", "assigned_on"):
        t[column] = to_date(texts[column])
    for column in ("amount_kzt", "family_members"):
        t[column] = to_number(texts[column])
    valid = is_valid_number(t["iin"])
    totals = t["surname"].fillna("") + t["row_number"].fillna("") + t["kind"].fillna("")
    unread, doubtful = cell_rules(texts, t, "amount_kzt", "birth_date assigned_on family_members")
    critical = {
        **unread,
        "iin_present": t["iin"].isna(),
        "iin_checksum": t["iin"].notna() & ~valid,
        "not_a_test_row": is_test(t["surname"], t["given_name"]),
        "not_a_total": totals.str.upper().str.contains(TOTALS),
        "kind_present": t["kind"].isna(),
        "kind_known": t["kind"].notna() & ~t["kind"].isin(["АСП", "ЖП", "ПСД", "ИНВ"]),
        "amount_kzt_present": t["amount_kzt"].isna(),
        "amount_kzt_in_range": t["amount_kzt"].notna() & ~t["amount_kzt"].between(0, 5_000_000),
        "month_present": t["month"].isna(),
        "month_is_the_period": t["month"].notna() & (t["month"] != given.period),
    }
    warnings = {
        **doubtful,
        "iin_birth_date_agrees": valid & disagrees_with_birth(t["iin"], t["birth_date"]),
        "assigned_on_not_ahead": t["assigned_on"] > given.end,
        "family_members_in_range": t["family_members"].notna() & ~t["family_members"].between(1, 40),
        **letter_warnings(t["surname"] + t["given_name"].fillna("")),
    }
    batch = judge("social_assistance", raw, t, critical, warnings, ["iin", "kind"], [])
    batch.staged["person_key"] = keyed_hash(batch.staged["iin"], given.secret)
    return batch


def place_of_assistance(rows: pd.DataFrame, territory: Territory) -> pd.DataFrame:
    """Place of each row as stated in it."""
    district = place_key(rows["district_name"]).map(territory.district_names)
    return territory.resolve(district=district, okrug=rows["okrug_name"], settlement=rows["settlement_name"])


def livestock(files: list[Path], given: Given) -> Batch:
    """Animals and their places."""
    with part("livestock: read XLSX"):
        raw = read.livestock(files)
    with part("livestock: the rest"):
        t = raw.rows.copy()
        for column in ("animal_number", "owner_number", "kato"):
            t[column] = clean_code(t[column])
        dates = ("birth_date", "vaccinated_on", "tested_on", "reported_on")
        texts = {column: clean(t[column]) for column in (*dates, "species_name", "settlement_name", "test_result")}
        for column in dates:
            t[column] = to_date(texts[column])
        t["species_name"] = texts["species_name"]
        t["settlement_name"] = corrected(texts["settlement_name"])
        species, result = texts["species_name"].str.lower(), texts["test_result"].str.lower()
        t["species"] = _by_beginning(species, SPECIES)
        t["test_result"] = _by_beginning(result, {"отриц|теріс": "negative", "полож|оң": "positive"})
        by_number = (
            t["animal_number"].str.extract(r"^KZ.([1-5])")[0].map(dict(zip("12345", SPECIES.values(), strict=True)))
        )
        wellformed = t["animal_number"].str.fullmatch(r"KZ[ABCDEFHLMNPRSTXZ][1-5][0-9]{8}|398[0-9]{12}").fillna(False)
        number, owner = t["animal_number"], t["owner_number"]
        is_number_of_owner = is_valid_number(owner) & (
            owner.str[4].isin(list("0123")) | owner.str.fullmatch(r"[0-9]{2}(?:0[1-9]|1[0-2])[456][0-4][0-9]{6}")
        )
        unread, doubtful = cell_rules(texts, t, "", "birth_date vaccinated_on tested_on reported_on")
        critical = {
            **unread,
            "not_a_total": (number.fillna("") + texts["species_name"].fillna("")).str.upper().str.contains(TOTALS),
            "animal_number_present": number.isna(),
            "animal_number_wellformed": number.notna() & ~wellformed,
            "kato_present": t["kato"].isna(),
            "kato_wellformed": t["kato"].notna() & ~t["kato"].str.fullmatch(r"[1-9][0-9]{8}"),
            "month_is_the_period": t["reported_on"].notna() & ~t["reported_on"].between(given.begin, given.end),
        }
        warnings = {
            **doubtful,
            "species_present": t["species"].isna(),
            "owner_number_present": owner.isna(),
            "owner_checksum": owner.notna() & ~is_number_of_owner,
            "vaccinated_on_readable": texts["vaccinated_on"].notna() & t["vaccinated_on"].isna(),
            "tested_on_readable": texts["tested_on"].notna() & t["tested_on"].isna(),
            "birth_date_not_ahead": t["birth_date"] > given.next_end,
            "born_in_the_period": (t["birth_date"] > given.end) & (t["birth_date"] <= given.next_end),
            "vaccinated_on_not_ahead": t["vaccinated_on"] > given.end,
            "tested_on_not_ahead": t["tested_on"] > given.end,
            "test_result_readable": texts["test_result"].notna() & t["test_result"].isna(),
            "reported_on_present": t["reported_on"].isna(),
            "species_agrees": wellformed
            & number.str.startswith("KZ")
            & t["species"].notna()
            & (by_number != t["species"]),
        }
        newest = ["reported_on", "vaccinated_on", "tested_on"]
        batch = judge("livestock", raw, t, critical, warnings, ["animal_number"], newest, COSTS["livestock"])
        staged = batch.staged
        staged["species"] = staged["species"].fillna(by_number)
        staged["owner_key"] = keyed_hash(staged["owner_number"], given.secret)
        staged[PLACE] = given.territory.resolve(kato=staged["kato"], settlement=staged["settlement_name"])
    return batch


SPECIES = {
    "крс|крупн|ірі|мқк|іқм": "cattle",
    "мрс|овц|овеч|коз|баран|ұсақ|уақ|қой|ешкі": "small_ruminants",
    "свин|шошқа": "pigs",
    "лошад|жылқы|кон": "horses",
    "верблюд|түйе": "camels",
}


def _by_beginning(s: pd.Series, beginnings: dict[str, str]) -> pd.Series:
    found = pd.Series(np.nan, index=s.index, dtype="str")
    for pattern, kind in beginnings.items():
        found = found.mask(s.str.match(f"(?:{pattern})").fillna(False), kind)
    return found


def ambulance(files: list[Path], given: Given) -> Batch:
    """Calls. Their places depend on the homes of patients, see `place_of_calls`."""
    raw = read.delimited(files, ",", "utf-8")
    t = raw.rows.copy()
    times = ("received_at", "dispatched_at", "arrived_at", "finished_at", "updated_at")
    texts = {column: clean(t[column]) for column in raw.columns}
    for column in times:
        t[column] = pd.to_datetime(texts[column], format="%Y-%m-%d %H:%M:%S", errors="coerce")
    for column in ("category", "patient_age"):
        t[column] = to_number(texts[column])
    for column in ("call_id", "patient_iin"):
        t[column] = clean_code(t[column])
    t["address"] = corrected(texts["address"])
    for column in ("patient_sex", "reason", "brigade", "outcome"):
        t[column] = texts[column]
    t["arrival_min"] = (t["arrived_at"] - t["received_at"]).dt.total_seconds() / 60
    unread, doubtful = cell_rules(
        texts, t, "received_at", "category updated_at patient_age dispatched_at arrived_at finished_at"
    )
    critical = {
        **unread,
        "call_id_present": t["call_id"].isna(),
        "received_at_present": t["received_at"].isna(),
        "received_at_readable": texts["received_at"].notna() & t["received_at"].isna(),
        "month_is_the_period": t["received_at"].notna() & (t["received_at"].dt.strftime("%Y-%m") != given.period),
        "received_at_agrees": disagrees(t),
        "not_a_test_row": is_test(t["reason"]) | t["address"].str.lower().str.contains("для теста").fillna(False),
    }
    warnings = {
        **doubtful,
        "category_present": t["category"].isna(),
        "category_in_range": t["category"].notna() & ~t["category"].between(1, 4),
        "arrived_at_readable": texts["arrived_at"].notna() & t["arrived_at"].isna(),
        "updated_at_readable": texts["updated_at"].notna() & t["updated_at"].isna(),
        "arrival_after_call": t["arrived_at"] < t["received_at"],
        "arrival_within_a_day": t["arrived_at"] > t["received_at"] + pd.Timedelta(hours=24),
        "patient_age_in_range": t["patient_age"].notna() & ~t["patient_age"].between(0, 120),
        "patient_iin_checksum": t["patient_iin"].notna() & ~is_valid_number(t["patient_iin"]),
        "address_present": t["address"].isna(),
        "finished_within_two_days": t["finished_at"] > t["received_at"] + pd.Timedelta(hours=48),
        "letters_not_lost": t["address"].str.contains("?", regex=False),
    }
    batch = judge("ambulance", raw, t, critical, warnings, ["call_id"], ["updated_at"], COSTS["ambulance"])
    batch.staged["patient_key"] = keyed_hash(batch.staged["patient_iin"], given.secret)
    return batch


def place_of_calls(calls: pd.DataFrame, people: pd.DataFrame, territory: Territory) -> pd.DataFrame:
    """Place of each call: from its address, disambiguated by crew and registered home of the patient."""
    home = calls["patient_key"].map(people.set_index("person_key")["settlement"])
    return territory.resolve_address(calls["address"], calls["brigade"], home)


def employment(files: list[Path], given: Given) -> Batch:
    """Jobseekers, one row per person."""
    raw = read.employment(files, given.period)
    t = raw.rows.copy()
    texts = {column: trimmed(t[column]) for column in raw.columns}
    for column, text in texts.items():
        t[column] = clean_code(text) if column in ("iin", "kato") else text
    for column in ("birth_date", "registered_on", "placed_on"):
        t[column] = pd.to_datetime(texts[column], format="%Y-%m-%d", errors="coerce")
    t["status"] = t["status"].str.upper()
    valid = is_valid_number(t["iin"])
    unread, doubtful = cell_rules(texts, t, "", "registered_on birth_date placed_on")
    critical = {
        **unread,
        "iin_present": t["iin"].isna(),
        "iin_checksum": t["iin"].notna() & ~valid,
        "not_a_test_row": is_test(t["surname"], t["given_name"]),
        "status_present": t["status"].isna(),
        "status_known": t["status"].notna() & ~t["status"].isin(["SEEKING", "UNEMPLOYED", "PLACED", "REMOVED"]),
    }
    warnings = {
        **doubtful,
        "jobseeker_id_present": t["jobseeker_id"].isna(),
        "registered_on_present": t["registered_on"].isna(),
        "registered_on_not_ahead": t["registered_on"] > given.next_end,
        "registered_in_the_period": (t["registered_on"] > given.end) & (t["registered_on"] <= given.next_end),
        "placed_on_readable": texts["placed_on"].notna() & t["placed_on"].isna(),
        "iin_birth_date_agrees": valid & disagrees_with_birth(t["iin"], t["birth_date"]),
        "placed_has_date": (t["status"] == "PLACED") & texts["placed_on"].isna(),
        "placed_after_registration": t["placed_on"] < t["registered_on"],
        "kato_wellformed": t["kato"].notna() & ~t["kato"].str.fullmatch(r"[1-9][0-9]{8}"),
        **letter_warnings(t["surname"] + t["given_name"].fillna("")),
    }
    batch = judge("employment", raw, t, critical, warnings, ["iin"], ["registered_on"], COSTS["employment"])
    batch.staged["person_key"] = keyed_hash(batch.staged["iin"], given.secret)
    return batch


def place_of_jobseekers(rows: pd.DataFrame, territory: Territory) -> pd.DataFrame:
    """Place of each row as stated in it."""
    return territory.resolve(kato=rows["kato"], settlement=rows["settlement_name"])


def budget(files: list[Path], given: Given) -> Batch:
    """Lines of okrug budgets."""
    raw = read.delimited(files, ";", "utf-8-sig", read.BUDGET)
    t = raw.rows.copy()
    for column in raw.columns:
        t[column] = clean_code(t[column]) if column in CODES_OF_BUDGET else clean(t[column])
    t["line_name"], t["month"] = corrected(t["line_name"]), _month(t["month"])
    texts = t.copy()
    for column in [name for name in raw.columns if name.endswith(("_thousand_kzt", "_pct", "_level"))]:
        t[column] = to_number(t[column])
    level, name = t["line_level"], t["line_name"].str.upper()
    main = (level <= 1) & name.str.contains("ДОХОДЫ|ЗАТРАТЫ|ПОСТУПЛЕНИЯ")
    unread, doubtful = cell_rules(
        texts,
        t,
        "line_level",
        "refined_thousand_kzt executed_thousand_kzt approved_thousand_kzt plan_period_thousand_kzt",
    )
    critical = {
        **unread,
        "kato_present": t["kato"].isna(),
        "kato_wellformed": t["kato"].notna() & ~t["kato"].str.fullmatch(r"[1-9][0-9]{8}"),
        "line_id_present": t["line_id"].isna(),
        "line_name_present": t["line_name"].isna(),
        "line_level_present": level.isna(),
        "line_level_in_range": level.notna() & ~level.between(0, 9),
        "month_present": t["month"].isna(),
        "month_is_the_period": t["month"].notna() & (t["month"] != given.period),
    }
    warnings = {
        **doubtful,
        "executed_thousand_kzt_present": t["executed_thousand_kzt"].isna(),
        "refined_thousand_kzt_present": t["refined_thousand_kzt"].isna(),
        "executed_not_negative": main & (t["executed_thousand_kzt"] < 0),
        "plan_period_not_negative": main & (t["plan_period_thousand_kzt"] < 0),
        "refined_not_negative": main & (t["refined_thousand_kzt"] < 0),
    }
    batch = judge("budget_okrug", raw, t, critical, warnings, ["kato", "line_id", "month"], [], COSTS["budget_okrug"])
    staged = batch.staged
    level, name = staged["line_level"], staged["line_name"].str.upper()
    kinds = {
        "income": (level == 0) & name.str.contains("ДОХОДЫ"),
        "spending": (level == 0) & name.str.contains("ЗАТРАТЫ"),
        "tax": (level == 1) & name.str.startswith("НАЛОГОВЫЕ"),
        "non_tax": (level == 1) & name.str.startswith("НЕНАЛОГОВЫЕ"),
        "capital": (level == 1) & name.str.contains("ОСНОВНОГО КАПИТАЛА"),
        "transfers": (level == 1) & name.str.contains("ТРАНСФЕРТ"),
    }
    staged["line"] = np.select(list(kinds.values()), list(kinds), default="")
    staged[PLACE] = given.territory.resolve(kato=staged["kato"])
    return batch


CODES_OF_BUDGET = ("kato", "line_id", "line_code", "parent_code", "parent_id")
