"""When a registry is due: by the cadence and the deadline of its contract, with the period as partition key.

Airflow's CronPartitionTimetable names a partition after the tick of the cron. Here the partition is a month that ended
before the tick: for a quarterly registry the last month of the quarter; an hourly one has many ticks for one month.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable
from pendulum import DateTime

from auyl.contracts import Contract
from auyl.periods import TIMEZONE

AT_HOUR = 2  # of the night after the deadline


class PeriodTimetable(CronPartitionTimetable):
    """Runs once for each period when its deadline has passed; a daily or hourly registry runs throughout the month.

    `months` is the cadence in months, 0 for `hourly` or daily extracts of the current month. A period is due
    `deadline_days` after its end; an hourly registry is pulled for it until then, so that its last changes arrive too.
    The partition date is the first day of the period, whoever starts the run, so a backfill recognises a period that
    was loaded by hand or by schedule.
    """

    def __init__(self, months: int, deadline_days: int, hourly: bool = False) -> None:
        self._months, self._deadline_days, self._hourly = months, deadline_days, hourly
        if months:
            # A deadline of 28 days or more moves to a later month, since the 29th to 31st are missing in some months.
            self._late, day = 1 + deadline_days // 28, deadline_days % 28 + 1
            due = sorted((month + self._late - 1) % 12 + 1 for month in range(months, 13, months))
            cron = f"0 {AT_HOUR} {day} {'*' if months == 1 else ','.join(map(str, due))} *"
        else:
            cron = "0 * * * *" if hourly else f"0 {AT_HOUR} * * *"
        super().__init__(cron, timezone=TIMEZONE, key_format="%Y-%m")

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> PeriodTimetable:
        """The timetable that `serialize` described."""
        return cls(**data)

    def serialize(self) -> dict[str, Any]:
        """The three numbers of the contract."""
        return {"months": self._months, "deadline_days": self._deadline_days, "hourly": self._hourly}

    def _get_partition_date(self, *, run_date: DateTime) -> DateTime:
        local = run_date.in_timezone(self._timezone)
        if self._months:
            return local.start_of("month").subtract(months=self._late).in_timezone("UTC")
        return local.subtract(days=self._deadline_days).start_of("month").in_timezone("UTC")

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterable[DagRunInfo]:
        """Periods whose first day lies between the two dates, both included: what a backfill runs."""
        first = self.localize_partition_datetime(earliest).in_timezone(self._timezone)
        last = self.localize_partition_datetime(latest)
        current = first.start_of("month")
        if current < first:
            current = current.add(months=1)
        while current <= last:
            if current.month % (self._months or 1) == 0:
                at = current.in_timezone("UTC")
                yield DagRunInfo(run_after=at, data_interval=None, partition_date=at, partition_key=f"{current:%Y-%m}")
            current = current.add(months=1)


def due(contract: Contract) -> PeriodTimetable:
    """When a registry is due. Raises ContractInvalid."""
    months = 0 if contract.is_within_month else contract.frequency_months
    return PeriodTimetable(months, contract.latency_days, contract.is_hourly)
