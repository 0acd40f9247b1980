"""The steps of an intake."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from auyl_airflow.connections import address_of
from auyl_airflow.defaults import period_of

# If a poke is due before the scheduler has noticed that the previous process exited, it counts as a lost task and uses
# up a retry; under load the scheduler needs seconds to notice.
MIN_POKE_INTERVAL_S = 15.0


class Pull(BaseSensorOperator):
    """Lands the delivery of a registry once its source has it complete; the XCom is the delivery's id in the ledger.

    A source that has nothing yet is polled every `poke_interval` seconds, or when it asks to be; between two pokes the
    task holds no worker. One source is never polled twice at once, whatever the periods. It times out after three
    weeks.
    """

    def __init__(self, *, registry: str, poke_interval: float, **options: Any) -> None:
        super().__init__(
            mode="reschedule", poke_interval=max(MIN_POKE_INTERVAL_S, poke_interval), timeout=timedelta(days=21),
            max_active_tis_per_dag=1, **options,
        )  # fmt: skip
        self.registry = registry

    def poke(self, context: Any) -> PokeReturnValue:
        """Poke once. Raises whatever `auyl.intake.pull` raises, except SourceNotReady."""
        from auyl.errors import SourceNotReady
        from auyl.intake import pull

        try:
            return PokeReturnValue(is_done=True, xcom_value=pull(self.registry, period_of(context), address_of))
        except SourceNotReady as waiting:
            if waiting.again_in_s is not None:
                self.poke_interval = max(MIN_POKE_INTERVAL_S, waiting.again_in_s)
            self.log.info("not ready, next poke in %.0f s: %s", self.poke_interval, waiting)
            return PokeReturnValue(is_done=False)
