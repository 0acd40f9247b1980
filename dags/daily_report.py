"""
### The daily report
**Purpose.** One text and one mail a night: what is overdue, refused, superseded, withdrawn, failed, drifted, in
quarantine, not sent. Then a period whose deadlines have all passed is published without the registries it lacks.

**Owner.** data engineers of the digitalisation office

**Source.** the ledger

**Cadence.** every day at 06:00, Almaty time; a second run changes and sends nothing, and without news no mail goes
out. It goes through the connection `auyl_smtp`; without it the report is only stored and logged.

**When it is red**
- `mail`: the server did not take the message, in spite of all retries. Correct the connection, then clear the task.
- `find_closed_periods`, *no edition of KATO*: load the territory first, `auyl territory load FILE`.
- `publish`: the DAG `consolidate` could not be started; start it by hand with `period` and `allow_missing`.
- else it is a bug: clear the task once, then read its log.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task

from auyl.errors import content_hidden
from auyl.periods import LOCAL, TIMEZONE
from auyl_airflow.alarms import ends_within, send_waiting
from auyl_airflow.connections import address_or_none
from auyl_airflow.defaults import DEFAULT_ARGS, day_of

LOG = logging.getLogger(__name__)
with DAG(
    dag_id="daily_report",
    dag_display_name="Daily report (daily_report)",
    description="Reports what is overdue, and publishes the snapshot without it",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 6 * * *", timezone=TIMEZONE),
    start_date=datetime(2026, 1, 1, tzinfo=LOCAL),
    catchup=False,
    deadline=ends_within(timedelta(hours=1)),
    default_args=DEFAULT_ARGS | {"execution_timeout": timedelta(minutes=10)},
    max_active_runs=1,
    tags=["report"],
):

    @task
    @content_hidden()
    def compose() -> str:
        """Store the report in the ledger; the XCom is its day."""
        from auyl.reports import daily_report

        return daily_report.compose(day_of(get_current_context())).day.isoformat()

    @task
    @content_hidden()
    def mail(day: str) -> None:
        """Send it once, if there is news and an address to send it to; and alarms that wait."""
        from auyl.reports.daily_report import send

        send_waiting()
        report = send(date.fromisoformat(day), address_or_none("auyl_smtp"))
        LOG.info("report of %s: %s", report.day, f"sent at {report.sent_at}" if report.sent_at else "not sent")

    @task
    @content_hidden()
    def find_closed_periods(day: str) -> list[dict[str, object]]:
        """Parameters of `consolidate` for each period whose deadlines have all passed."""
        from auyl.settings import from_environment
        from auyl.snapshot.missing import waiting

        periods = waiting(from_environment(), date.fromisoformat(day))
        LOG.info("to publish without what is missing: %s", periods)
        return [{"period": period, "allow_missing": True} for period in periods]

    mail(composed := compose())
    publish = {"task_id": "publish", "trigger_dag_id": "consolidate", "note": "all deadlines have passed"}
    TriggerDagRunOperator.partial(**publish).expand(conf=find_closed_periods(composed))
