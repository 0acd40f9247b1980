"""
### Judge landed deliveries again
**Purpose.** After a rule, a contract or a stage SQL was changed, or taken back: judges what was landed by the rules of
today. The batch that fits them counts, and the snapshots of the periods concerned are built again.

**Owner.** data engineers of the digitalisation office

**Source.** the landed bytes; no source is asked, and the order of the extracts stays

**Cadence.** by hand only: with a `reason`, and `registries` or `period` to judge less than everything. What was judged
by these rules already is left alone, so it may be run again at any time. On the command line: `auyl reload`.

**When it is red**
- `judge`, *refused by the rules of today*: the batch made by earlier rules is kept. Correct the rule, or ask the owner
  for another extract, then run it again.
- `judge`, *failed*: the message says why for each delivery. Correct it, then clear the task.
- `build`: the DAG `consolidate` could not be started; start it by hand with the period.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Param

from auyl_airflow.alarms import ends_within
from auyl_airflow.defaults import DEFAULT_ARGS, PERIOD_PARAM
from auyl_airflow.reloading import find_periods, find_registries, judge

with DAG(
    dag_id="reload",
    dag_display_name="Judge landed deliveries again (reload)",
    description="Judges landed deliveries by the rules of today, and builds the snapshots that rest on them",
    doc_md=__doc__,
    schedule=None,
    params={
        "reason": Param("", type="string", minLength=1, title="Reason, for the ledger and the audit"),
        "registries": Param([], type="array", title="Registries; all without any"),
        "period": PERIOD_PARAM,
    },
    deadline=ends_within(timedelta(hours=3)),
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["intake"],
):
    judged = judge.expand(registry=find_registries())
    build = {"task_id": "build", "trigger_dag_id": "consolidate", "note": "started by reload"}
    TriggerDagRunOperator.partial(**build).expand(conf=find_periods(judged))
