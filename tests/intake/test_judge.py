"""The judge brings no more of Great Expectations than judging needs, and says in words what a batch breaches."""

import subprocess
import sys

SCRIPT = """
import sys
import pandas
from auyl.stage.judge import SELDOM_NEEDED, judge

expectations = [
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "max_value": limit},
        "meta": {"rule": rule, "reason_ru": "много"},
    }
    for rule, column, limit in (("many", "share", 0.2), ("most", "share", 0.9), ("other", "absent", 0.0))
]
for share in (0.1, 0.5, 1.0):
    print(judge("s", expectations, pandas.DataFrame([{"share": share}])))
print(sorted(name for name in sys.modules if name.startswith(tuple(f"{n}." for n in SELDOM_NEEDED))))
from scipy import stats
import altair
print(round(float(stats.entropy([0.5, 0.5])), 4), altair.Chart.__module__, altair.Chart is sys.modules["altair"].Chart)
"""


def test_what_is_seldom_needed_is_imported_when_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == [
        "[]",
        "['many: expected at most 0.2, found 0.5 (много)']",
        "['many: expected at most 0.2, found 1 (много)', 'most: expected at most 0.9, found 1 (много)']",
        "[]",
        "0.6931 altair.vegalite.v6.api True",
    ]
