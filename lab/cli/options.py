"""Options that several commands of the laboratory share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from auyl.periods import LOCAL, month_before, period_of

LastMonth = Annotated[str | None, typer.Option(help="Month YYYY-MM; the last full month by default.")]


def last_month() -> str:
    """The last full month in Kazakhstan: the period that extracts are due for."""
    return month_before(period_of(datetime.now(LOCAL).date()), 1)
