"""
### Quality of what registries send
**Purpose.** Measures completeness, validity, duplicates and timeliness of every registry by okrug and publishes them
as `serving.quality`; engineers and the owners of registries read it.

**Owner.** data engineers of the digitalisation office

**Source.** the current batches of every period in which a batch was accepted since its quality was last measured

**Cadence.** after each new revision of the snapshot, and every night through `nightly` for registries that no snapshot
rests on. It does not follow each registry's stage: two dozen of them arrive within an hour, and each would measure the
whole period again. The ledger says which periods are due; when none is, the run is skipped and its note says so.

**When it is red** it is a bug: clear the task once, then read its log. Nothing waits for it. *Timeout*: it was stopped
after an hour; look for a lock, then clear it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable, task

from auyl.errors import content_hidden
from auyl_airflow.alarms import ends_within
from auyl_airflow.assets import SNAPSHOT
from auyl_airflow.defaults import DEFAULT_ARGS
from auyl_airflow.outcomes import skip

LOG = logging.getLogger(__name__)

with DAG(
    dag_id="quality",
    dag_display_name="Quality of the registries (quality)",
    description="Completeness, validity, timeliness by registry and okrug",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=SNAPSHOT),
    deadline=ends_within(timedelta(hours=3)),
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["quality"],
):

    @task
    @content_hidden()
    def find_periods() -> list[str]:
        """Periods to measure, oldest first."""
        from auyl.settings import from_environment
        from auyl.snapshot.quality import unmeasured

        periods = unmeasured(from_environment())
        if not periods:
            skip("no batch was accepted since quality was last measured")
        LOG.info("%d periods to measure: %s", len(periods), ", ".join(periods))
        return periods

    @task(max_active_tis_per_dag=1)
    @content_hidden()
    def measure(period: str) -> int:
        """Measure a period; the XCom is the number of registries."""
        from auyl.snapshot.quality import measure_quality

        registries = measure_quality(period)
        LOG.info("%s: quality of %d registries measured", period, len(registries))
        return len(registries)

    measure.expand(period=find_periods())
