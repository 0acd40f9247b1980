"""The tasks of the DAG `reload`. XComs hold names of registries and periods."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from airflow.sdk import TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from auyl.errors import content_hidden
from auyl_airflow.outcomes import skip

LOG = logging.getLogger(__name__)


@task
@content_hidden()
def find_registries() -> list[str]:
    """Registries with landed deliveries, of those that the run names or of all."""
    from auyl import contracts, ledger
    from auyl.settings import from_environment

    settings, params = from_environment(), get_current_context()["params"]
    wanted = params["registries"] or contracts.names(settings.include)
    found = {delivery.registry for delivery in ledger.landed(settings, wanted, params["period"])}
    if not found:
        skip("no landed delivery to judge")
    return sorted(found)


@task(max_active_tis_per_dagrun=3)
@content_hidden()
def judge(registry: str) -> list[str]:
    """Judge the deliveries of a registry; the XCom is the periods in which another batch counts."""
    from auyl.intake.reload import reload
    from auyl.ledger import Decision
    from auyl.settings import from_environment

    context = get_current_context()
    params = context["params"]
    decided_by = f"airflow {context['run_id']}"
    periods, faults = set(), []
    for result in reload(from_environment(), Decision(params["reason"], decided_by), registry, params["period"]):
        LOG.info("%s %s: delivery %d %s", registry, result.period, result.delivery_id, result.status)
        if result.status == "accepted":
            periods.update(result.periods)
        if result.status == "failed" or (result.status == "refused" and result.batch_id):
            what = "failed" if result.status == "failed" else "refused by the rules of today"
            faults.append(f"{result.period} delivery {result.delivery_id} {what}: {result.refusal}")
    if faults:
        raise AirflowFailException(f"{registry}: " + "; ".join(faults))
    return sorted(periods)


@task(trigger_rule=TriggerRule.ALL_DONE)
@content_hidden()
def find_periods(judged: Iterable[list[str] | None]) -> list[dict[str, str]]:
    """Parameters of `consolidate` for each period to build, of whatever registries were judged."""
    periods = sorted({period for of_registry in judged for period in of_registry or ()})
    LOG.info("%d periods to build: %s", len(periods), ", ".join(periods) or "none")
    return [{"period": period} for period in periods]
