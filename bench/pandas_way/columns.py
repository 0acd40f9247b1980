"""Columns by registry: those of the vault, those that are not staged, those that a row counts without."""

# Personal columns: not in the stage.
VAULT = {
    "population": ["iin", "surname", "given_name", "patronymic", "street", "building", "flat"],
    "social_assistance": ["iin", "surname", "given_name", "patronymic"],
    "livestock": ["owner_number"],
    "ambulance": ["patient_iin", "address", "reason"],
    "employment": ["iin", "surname", "given_name", "patronymic"],
    "budget_okrug": [],
}

# Read only to derive other columns.
NOT_STAGED = {
    "population": ["sex_code", "is_removed"],
    "budget_okrug": [
        "plan_year_thousand_kzt", "obligations_paid_thousand_kzt", "obligations_thousand_kzt",
        "obligations_executed_thousand_kzt", "executed_of_period_pct", "executed_of_year_pct", "is_leaf", "is_loaded",
        "is_expanded", "parent_code",
    ],
}  # fmt: skip

# By rule: what a row that breaks it counts without.
COSTS = {
    "population": {
        "birth_date_not_ahead": "birth_date",
        "death_date_readable": "death_date",
        "death_after_birth": "death_date",
        "sex_known": "sex",
        "district_code_wellformed": "district_code",
    },
    "livestock": {
        "owner_checksum": "owner_number",
        "birth_date_not_ahead": "birth_date",
        "vaccinated_on_not_ahead": "vaccinated_on",
        "tested_on_not_ahead": "tested_on test_result",
    },
    "ambulance": {
        "category_in_range": "category",
        "arrival_after_call": "arrived_at arrival_min",
        "arrival_within_a_day": "arrived_at arrival_min",
    },
    "employment": {"registered_on_not_ahead": "registered_on"},
    "budget_okrug": {
        "executed_not_negative": "executed_thousand_kzt",
        "plan_period_not_negative": "plan_period_thousand_kzt",
        "refined_not_negative": "refined_thousand_kzt",
    },
}
