"""The steps of an intake: pull a delivery, load it, write the file of its rejected rows for the owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, BaseSensorOperator, PokeReturnValue, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException

from auyl.errors import content_hidden
from auyl_airflow.alarms import SupersededOnArrival, send_waiting
from auyl_airflow.connections import address_of
from auyl_airflow.defaults import period_of
from auyl_airflow.links import LINKS
from auyl_airflow.outcomes import DeliveryRefused

# If a poke is due before the scheduler has noticed that the previous process exited, it counts as a lost task and uses
# up a retry; under load the scheduler needs seconds to notice.
MIN_POKE_INTERVAL_S = 15.0
COUNTS = ("rows_in", "staged", "linkable", "quarantined", "duplicates")


class Pull(BaseSensorOperator):
    """Lands the delivery of a registry once its source has it complete; the XCom is the delivery's id in the ledger.

    A source that has nothing yet is polled every `poke_interval` seconds, or when it asks to be; between two pokes the
    task holds no worker. One source is never polled twice at once, whatever the periods. It times out after three
    weeks; a single poke, which transfers the files, after two hours.
    """

    def __init__(self, *, registry: str, poke_interval: float, **options: Any) -> None:
        super().__init__(
            mode="reschedule", poke_interval=max(MIN_POKE_INTERVAL_S, poke_interval), timeout=timedelta(days=21),
            execution_timeout=timedelta(hours=2), max_active_tis_per_dag=1, **options,
        )  # fmt: skip
        self.registry = registry

    @content_hidden()
    def poke(self, context: Any) -> PokeReturnValue:
        """Poke once. Raises whatever `auyl.intake.pull` raises, except SourceNotReady."""
        from auyl.errors import SourceNotReady
        from auyl.intake import pull

        period = period_of(context)
        try:
            delivery_id = pull(self.registry, period, address_of)
        except SourceNotReady as waiting:
            if waiting.again_in_s is not None:
                self.poke_interval = max(MIN_POKE_INTERVAL_S, waiting.again_in_s)
            send_waiting()
            self.log.info("not ready, next poke in %.0f s: %s", self.poke_interval, waiting)
            return PokeReturnValue(is_done=False)
        self.log.info("%s %s: landed as delivery %d", self.registry, period, delivery_id)
        return PokeReturnValue(is_done=True, xcom_value=delivery_id)


class Load(BaseOperator):
    """Checks and stages a delivery and emits an event of its asset, with the period as partition key.

    The XCom holds batch_id, status and the counts of rows. Fails with the text of the refusal. One at a time in a
    registry, whatever the periods.
    """

    template_fields = ("delivery_id",)
    operator_extra_links = LINKS

    def __init__(self, *, registry: str, delivery_id: Any, **options: Any) -> None:
        super().__init__(max_active_tis_per_dag=1, on_success_callback=[SupersededOnArrival()], **options)
        self.registry = registry
        self.delivery_id = delivery_id
        self.superseded_by: int | None = None
        self.period = ""  # for the links, which Airflow makes when the task has ended

    @content_hidden()
    def execute(self, context: Any) -> dict[str, Any]:
        """Load the delivery. Raises DeliveryRefused."""
        from auyl.intake import load, superseded_on_arrival

        self.period = period_of(context)
        batch = load(self.delivery_id)
        if not batch.accepted:
            raise DeliveryRefused(self.registry, self.period, str(batch.refusal))
        context["outlet_events"][self.outlets[0]].add_partitions(batch.periods)
        self.superseded_by = superseded_on_arrival(batch)
        counts = {name: getattr(batch, name) for name in COUNTS}
        summary = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.log.info("%s %s: batch %s %s: %s", self.registry, batch.period, batch.batch_id, batch.status, summary)
        return {"batch_id": batch.batch_id, "status": batch.status, **counts}


class HandBack(BaseOperator):
    """Writes the file of rejected rows for the registry's owner, and of rows that lost an attribute; of a refusal too.

    It runs whenever something was pulled, and is skipped when there is no such row or the file is in the lake already.
    So rows go back too if the load was killed after its commit: run again, it finds the batch unchanged.
    """

    template_fields = ("delivery_id", "account")

    def __init__(self, *, registry: str, delivery_id: Any, account: Any, **options: Any) -> None:
        super().__init__(trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, **options)
        self.registry = registry
        self.delivery_id = delivery_id
        self.account = account  # None when the load failed

    @content_hidden()
    def execute(self, context: Any) -> dict[str, int]:
        """Write the files; the XCom counts files and rows."""
        from auyl.intake import write_handback
        from auyl.settings import from_environment

        period = period_of(context)
        files = write_handback(from_environment(), self.registry, period, only_new=True)
        if self.account and not files:
            raise AirflowSkipException(f"{self.registry} {period}: no row that has not gone back already")
        counts = {"files": len(files), "rows": sum(file.rows for file in files)}
        self.log.info("%s %s: %d rows go back in %d files", self.registry, period, counts["rows"], counts["files"])
        return counts
