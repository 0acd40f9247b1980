"""
### Quality of what registries send
**Purpose.** Measures completeness, validity, repetitions and timeliness of every registry by okrug and publishes them
as `serving.quality`; engineers and the owners of registries read it.

**Owner.** data engineers of the digitalisation office

**Source.** the current batches of every period in which something was accepted since the last measure

**Cadence.** every night at 05:00, Almaty time

**When it is red** it is a fault of ours: clear the task once, then read its log. Nothing waits for it.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from auyl_airflow.defaults import DEFAULT_ARGS

with DAG(
    dag_id="quality",
    dag_display_name="Quality of the registries",
    description="Completeness, validity, timeliness by registry and okrug",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 5 * * *", timezone="Asia/Almaty"),
    catchup=False,
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["quality"],
) as dag:

    @task
    def measure() -> dict[str, int]:
        """Measure the periods that changed; the XCom holds registries by period."""
        from auyl.settings import from_environment
        from auyl.snapshot.quality import measure_quality, unmeasured

        settings = from_environment()
        return {period: len(measure_quality(period, settings)) for period in unmeasured(settings)}

    measure()
