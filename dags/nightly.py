"""
### The night
**Purpose.** Starts `quality` and `reconcile` for what no new snapshot triggers: registries that no indicator rests on,
incomplete periods, changed rules, decisions of a person.

**Owner.** data engineers of the digitalisation office

**Source.** none; each of the two finds in the ledger which periods are due, and is skipped when none is

**Cadence.** every night at 05:00, Almaty time

**When it is red** the run could not be started: is the DAG paused, or its file broken? Then clear the task. Nothing
waits for it, and the next night starts the same.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable

from auyl.periods import TIMEZONE
from auyl_airflow.alarms import ends_within
from auyl_airflow.defaults import DEFAULT_ARGS

with DAG(
    dag_id="nightly",
    dag_display_name="The night (nightly)",
    description="Starts quality and reconcile for what no new snapshot triggers",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 5 * * *", timezone=TIMEZONE),
    # Without a start date: with one, the last night's run would start when Airflow first sees the file.
    catchup=False,
    deadline=ends_within(timedelta(hours=1)),
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["nightly"],
):
    for dag_id in ("quality", "reconcile"):
        TriggerDagRunOperator(task_id=dag_id, trigger_dag_id=dag_id, note="started by nightly")
