"""
### The snapshot of a period
**Purpose.** Joins the registries of a period into persons and okrugs, measures the indicators, and publishes one new
revision of the snapshot, in one transaction, after the gate.

**Owner.** data engineers of the digitalisation office

**Source.** the stage of every registry that the catalogue of indicators rests on; starts at each accepted batch, with
the period as partition key

**Cadence.** at every arrival. The ledger, not the event, says whether the period is complete and whether anything is
new: an incomplete period is skipped, an unchanged one publishes nothing. So a lost or merged event does no harm;
trigger this DAG with the partition key `YYYY-MM` at any time. When all deadlines of a period have passed, the DAG
`digest` starts this one with `allow_missing`: the snapshot goes on without what did not come, and says so.

**When it is red**
- *gate refused*: the message names the rule and the indicator. The former revision stays current and akims go on
  reading it. Correct the registry or the rule, then trigger it again.
- anything else is a fault of ours: clear the task once, then read its log.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from airflow.sdk import DAG, Asset, Param, PartitionedAssetTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from auyl import settings
from auyl.snapshot import catalogue
from auyl_airflow.defaults import DEFAULT_ARGS, PERIOD_PARAM, period_of

STAGED = [
    Asset(name=f"stage_{name}", uri=f"auyl://stage/{name}")
    for name in catalogue.load(settings.from_environment().include).registries
]
SNAPSHOT = Asset(name="snapshot", uri="auyl://snapshot")

with DAG(
    dag_id="consolidate",
    dag_display_name="Snapshot of the okrugs",
    description="Consolidates the registries of a period and publishes the snapshot",
    doc_md=__doc__,
    # `&` would not fire again for a correction of one registry; the ledger decides what is complete
    schedule=PartitionedAssetTimetable(assets=reduce(or_, STAGED)),
    params={
        "period": PERIOD_PARAM,
        "allow_missing": Param(False, type="boolean", title="Go on without registries that did not come"),
    },
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["snapshot"],
) as dag:

    @task(outlets=[SNAPSHOT])
    def publish() -> dict[str, int]:
        """Consolidate, measure, gate, publish; the XCom holds revision and number of rows."""
        from auyl.snapshot import build

        context = get_current_context()
        result = build(period_of(context), allow_missing=context["params"]["allow_missing"])
        if result.status == "incomplete":
            raise AirflowSkipException(f"{result.period} waits for: {', '.join(result.missing)}")
        if result.status == "unchanged":
            raise AirflowSkipException(f"{result.period}: nothing new since revision {result.revision}")
        if result.status == "refused":
            raise AirflowFailException(f"{result.period}: the gate refused it: " + "; ".join(result.breaches))
        context["outlet_events"][SNAPSHOT].add_partitions([result.period])
        return {"revision": result.revision, "rows": result.rows}

    publish()
