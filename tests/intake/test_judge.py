"""The judge says in words what a batch breaches, and takes no fault of ours for one of the data."""

from typing import Any

import pandas
import pytest

from auyl.stage.judge import judge

VALUES, MAXIMUM = "expect_column_values_to_be_between", "expect_column_max_to_be_between"


def at_most(rule: str, column: str, limit: object, kind: str = MAXIMUM) -> dict[str, Any]:
    return {
        "type": kind,
        "kwargs": {"column": column, "max_value": limit},
        "severity": "critical",
        "meta": {"rule": rule, "reason_ru": "много"},
    }


def rules(kind: str) -> list[dict[str, Any]]:
    """Two rules on one column, and one on a column that no frame has."""
    limits = (("many", "share", 0.2), ("most", "share", 0.9), ("other", "absent", 0.0))
    return [at_most(*limit, kind) for limit in limits]


RULES = rules(MAXIMUM)


@pytest.mark.parametrize("kind", [VALUES, MAXIMUM])
@pytest.mark.parametrize(
    ("share", "breaches"),
    [
        (0.1, []),
        (0.5, ["many: expected at most 0.2, found 0.5 (много)"]),
        (1.0, ["many: expected at most 0.2, found 1 (много)", "most: expected at most 0.9, found 1 (много)"]),
    ],
)
def test_every_breach_is_named_with_limit_and_value(share: float, breaches: list[str], kind: str) -> None:
    assert judge("s", rules(kind), pandas.DataFrame([{"share": share}])) == breaches


@pytest.mark.parametrize("kind", [VALUES, MAXIMUM])
def test_an_exception_inside_a_rule_is_raised_as_an_error_of_ours(kind: str) -> None:
    with pytest.raises(RuntimeError, match=f"suite s, {kind}: "):
        judge("s", rules(kind), pandas.DataFrame([{"share": "a half"}]))


def test_a_rule_that_great_expectations_does_not_know_is_refused() -> None:
    unknown = at_most("many", "share", 0.2) | {"type": "expect_column_values_to_shine"}
    with pytest.raises(RuntimeError, match="knows 1 of 2 rules"):
        judge("s", [unknown, RULES[0]], pandas.DataFrame([{"share": 0.1}]))


def test_modules_that_the_import_leaves_out_are_whole_afterwards() -> None:
    judge("s", RULES, pandas.DataFrame([{"share": 0.1}]))
    import altair
    import jsonschema
    from great_expectations.datasource.fluent.spark_datasource import SparkDatasource
    from scipy import stats

    assert SparkDatasource.__fields__["name"].required and not list(jsonschema.Draft7Validator({}).iter_errors(1))
    assert altair.Chart.__module__.startswith("altair.") and stats.entropy([1.0]) == 0
