"""
### Who is who, and who disagrees
**Purpose.** Writes what became of previous codes of the classifier. Then, for each period with something new: links
rows without a valid person number to persons; chooses the surviving value of each attribute of persons, households,
organisations, parcels, animals and places; publishes where registries disagree as `serving.contradiction`, which
owners read.

**Owner.** data engineers of the digitalisation office

**Source.** the current batches of every period whose batches, rules or links changed since it was last reconciled; a
correction of one period also concerns later ones that carry it forward

**Cadence.** after each new revision of the snapshot, and every night through `nightly` for what no snapshot rests on:
other registries, incomplete periods, rules, a person's decisions on links. The ledger says which periods are due; when
none is, the run is skipped and its note says so.

**When it is red** it is a bug: clear the task once, then read its log. Nothing waits for it. *Timeout*: it was stopped
after an hour; look for a lock, then clear it. Links that need a person's decision are no failure: `auyl link review`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable, task_group

from auyl_airflow.alarms import ends_within
from auyl_airflow.assets import SNAPSHOT
from auyl_airflow.defaults import DEFAULT_ARGS
from auyl_airflow.reconciling import changes, compare, entities, find_periods, link

with DAG(
    dag_id="reconcile",
    dag_display_name="Who is who, and who disagrees (reconcile)",
    description="Links of rows without a number, entities, contradictions between registries",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=SNAPSHOT),
    deadline=ends_within(timedelta(hours=3)),
    default_args=DEFAULT_ARGS | {"max_active_tis_per_dag": 1},
    max_active_runs=1,
    tags=["reconcile"],
):

    @task_group
    def period_steps(period: str) -> None:
        """What is done for one period."""
        link(period) >> entities(period) >> compare(period)

    due = find_periods()
    changes() >> due
    period_steps.expand(period=due)
