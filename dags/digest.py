"""
### The digest of the night
**Purpose.** One text and one mail a night instead of one a task: which registries are late, which deliveries were
refused since the digest before, what lies in quarantine, what the last snapshot goes without. Then the snapshot of a
period all of whose deadlines have passed goes on with the registries that did come.

**Owner.** data engineers of the digitalisation office

**Source.** the ledger

**Cadence.** every day at 06:00, Asia/Almaty. A day has one digest: run again it changes and sends nothing. Where
nothing is late and nothing is new, no mail goes out. The mail goes through the connection `auyl_smtp` (host, port,
login, password; extras `from_email`, `to`); without it the digest is only kept and logged. `auyl digest` shows it.

**When it is red**
- `mail`: the server did not take the message; it was tried again. Correct the connection, then clear.
- `find_waiting`, *no edition of KATO*: load the territory first, `auyl territory FILE`.
- `go_on`: the DAG `consolidate` could not be started; start it by hand with `period` and `allow_missing`.
- anything else is a fault of ours: clear the task once, then read its log.
"""

from __future__ import annotations

from datetime import date, datetime

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, get_current_context, task

from auyl_airflow.connections import address_or_none
from auyl_airflow.defaults import DEFAULT_ARGS, LOCAL, day_of

with DAG(
    dag_id="digest",
    dag_display_name="Digest of the night",
    description="Tells owners and engineers what is late, and lets the snapshot go on without it",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 6 * * *", timezone="Asia/Almaty"),
    start_date=datetime(2026, 1, 1, tzinfo=LOCAL),
    catchup=False,
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["digest"],
) as dag:

    @task
    def compose() -> str:
        """Keep the digest in the ledger; the XCom is its day."""
        from auyl.reports.daily_report import keep

        return keep(day_of(get_current_context())).day.isoformat()

    @task
    def mail(day: str) -> None:
        """Send it once, if there is news and somewhere to send it."""
        from auyl.reports.daily_report import send

        send(date.fromisoformat(day), address_or_none("auyl_smtp"))

    @task
    def find_waiting(day: str) -> list[dict[str, object]]:
        """Periods that wait for nothing any more."""
        from auyl.settings import from_environment
        from auyl.snapshot.missing import waiting

        periods = waiting(from_environment(), date.fromisoformat(day))
        return [{"period": period, "allow_missing": True} for period in periods]

    composed = compose()
    mail(composed)
    go_on = TriggerDagRunOperator.partial(task_id="go_on", trigger_dag_id="consolidate")
    go_on.expand(conf=find_waiting(composed))
