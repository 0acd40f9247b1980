"""
### Who is who, and who disagrees
**Purpose.** Writes what became of former codes of the classifier; finds of whom the rows speak that came without a
valid number; keeps the one value of each attribute of persons, households, organisations, plots, animals and places
that stands; writes where registries disagree as `serving.contradiction`, which owners read.

**Owner.** data engineers of the digitalisation office

**Source.** the current batches of every period; what was made of the same batches, decisions and rules is left alone

**Cadence.** every night at 05:30, Almaty time

**When it is red** it is a fault of ours: clear the task once, then read its log. Nothing waits for it. What a person
has to look at is no fault: `auyl link review`.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task

from auyl_airflow.defaults import DEFAULT_ARGS

with DAG(
    dag_id="reconcile",
    dag_display_name="Who is who, and who disagrees",
    description="Links of rows without a number, entities, contradictions between registries",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("30 5 * * *", timezone="Asia/Almaty"),
    catchup=False,
    default_args=DEFAULT_ARGS,
    max_active_runs=1,
    tags=["reconcile"],
) as dag:

    @task
    def changes() -> dict[str, int]:
        """Write what became of former codes, by the newest period; the XCom holds codes by kind."""
        from auyl.ledger import periods
        from auyl.settings import from_environment
        from auyl.territory.changes import write_changes

        settings = from_environment()
        return write_changes(settings, max(known)) if (known := periods(settings)) else {}

    @task
    def link() -> dict[str, int]:
        """Link the rows without a number; the XCom holds linked records by period."""
        from auyl.ledger import periods
        from auyl.linkage.persons.link import link as link_period
        from auyl.settings import from_environment

        settings = from_environment()
        return {period: link_period(settings, period).linked for period in periods(settings)}

    @task
    def entities() -> dict[str, int]:
        """Keep what stands for each attribute; the XCom holds new sets by period."""
        from auyl.ledger import periods
        from auyl.linkage.entities.build import build
        from auyl.settings import from_environment

        settings = from_environment()
        return {period: sum(made.is_new for made in build(period, settings)) for period in periods(settings)}

    @task
    def compare() -> dict[str, int]:
        """Compare the registries of the periods that changed; the XCom holds contradictions by period."""
        from auyl.linkage.contradictions.compute import compute, outdated
        from auyl.settings import from_environment

        settings = from_environment()
        return {period: sum(compute(period, settings).counts.values()) for period in outdated(settings)}

    changes() >> link() >> entities() >> compare()
