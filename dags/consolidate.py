"""
### The snapshot of a period
**Purpose.** Joins the registries of a period into persons and okrugs, measures the indicators, and publishes one new
revision of the snapshot, in one transaction, after the gate.

**Owner.** data engineers of the digitalisation office

**Source.** the stage of every registry that the catalogue of indicators rests on; starts at each accepted batch, with
the period as partition key

**Cadence.** at every arrival. The ledger, not the event, says whether the period is complete and whether anything is
new: an incomplete or unchanged period is skipped, and the run's note says why. So a lost or merged event does no harm;
trigger this DAG with the partition key `YYYY-MM` at any time. When all deadlines of a period have passed, the DAG
`daily_report` starts this one with `allow_missing`: the snapshot is published and names the missing registries.

**When it is red**
- *gate refused*: the message names the rule and the indicator. The previous revision stays current and akims go on
  reading it. Correct the registry or the rule, then trigger it again.
- *timeout*: it was stopped after an hour and published nothing. Look for a lock, then clear it.
- anything else is a bug: clear the task once, then read its log.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import reduce
from operator import or_

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, get_current_context, task

from auyl import settings
from auyl.errors import content_hidden
from auyl.snapshot import catalogue
from auyl_airflow.alarms import ends_within
from auyl_airflow.assets import SNAPSHOT, stage_of
from auyl_airflow.defaults import DEFAULT_ARGS, PERIOD_PARAM, period_of
from auyl_airflow.outcomes import GateRefused, skip

LOG = logging.getLogger(__name__)
REGISTRIES = catalogue.load(settings.from_environment().include).registries

with DAG(
    dag_id="consolidate",
    dag_display_name="Snapshot of the okrugs (consolidate)",
    description="Consolidates the registries of a period and publishes the snapshot",
    doc_md=__doc__,
    # With `&`, a correction of one registry would fire only after all others have come again.
    schedule=PartitionedAssetTimetable(assets=reduce(or_, map(stage_of, REGISTRIES))),
    params={
        "period": PERIOD_PARAM,
        "allow_missing": Param(False, type="boolean", title="Publish without the missing registries"),
    },
    default_args=DEFAULT_ARGS,
    deadline=ends_within(timedelta(hours=3)),
    max_active_runs=1,
    tags=["snapshot"],
):

    @task(outlets=[SNAPSHOT], priority_weight=10)  # before the hand-backs of its registries
    @content_hidden()
    def publish() -> dict[str, int]:
        """Consolidate, measure, gate, publish; the XCom holds revision and number of rows."""
        from auyl.snapshot import build

        context = get_current_context()
        result = build(period_of(context), allow_missing=context["params"]["allow_missing"])
        if result.status == "incomplete":
            skip(f"{result.period} waits for: {', '.join(result.missing)}")
        if not result.is_moved and result.status != "refused":
            skip(result.note or f"{result.period}: nothing new since revision {result.revision}")
        if result.status == "refused":
            raise GateRefused(result.period, list(result.breaches))
        context["outlet_events"][SNAPSHOT].add_partitions([result.period])
        LOG.info("%s: revision %d %s, %d values new", result.period, result.revision, result.status, result.rows)
        return {"revision": result.revision, "rows": result.rows}

    publish()
