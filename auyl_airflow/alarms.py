"""Alarms of the DAGs: what cannot wait for the daily report, told at once by notifiers (`auyl.reports.alarms`).

They go out through the connections `auyl_smtp`, as the daily report, and `auyl_alarm_webhook` (http); both are
optional. An alarm that cannot be sent never fails a task.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from auyl.periods import LOCAL
from auyl_airflow.connections import address_or_none
from auyl_airflow.outcomes import DeliveryRefused, GateRefused

LOG = logging.getLogger(__name__)
CHANNELS = {"mail": "auyl_smtp", "webhook": "auyl_alarm_webhook"}
INTAKE = "intake_"


def tell(kind: str, dag_id: str, run_id: str, text: str) -> None:
    """Raise an alarm about a run. Whatever goes wrong with it is a line of the log."""
    try:
        from auyl.reports.alarms import Alarm, raise_alarm
        from auyl.settings import from_environment

        alarm = Alarm(kind, dag_id.removeprefix(INTAKE), text, _link(dag_id, run_id))
        raise_alarm(alarm, _channels(), from_environment())
    except Exception as error:
        LOG.warning("an alarm could not be raised: %s", type(error).__name__)


def send_waiting() -> None:
    """Send what is written and was not sent.

    Airflow 3.3 gives the callback of a deadline no connection of its database, so a task sends what that has written.
    """
    try:
        from auyl.reports import alarms
        from auyl.settings import from_environment

        alarms.send_waiting(_channels(), from_environment())
    except Exception as error:
        LOG.warning("alarms that wait could not be sent: %s", type(error).__name__)


def _channels() -> dict[str, str]:
    addresses = {channel: address_or_none(connection) for channel, connection in CHANNELS.items()}
    return {channel: address for channel, address in addresses.items() if address}


class TaskFailed(BaseNotifier):
    """A task that failed for good: the gate or a delivery was refused, or all retries were in vain."""

    def notify(self, context: Any) -> None:
        """Raise the alarm."""
        ti, error = context["ti"], context.get("exception")
        if isinstance(error, GateRefused):
            tell("gate", ti.dag_id, ti.run_id, f"{error.period}: {'; '.join(error.breaches)}")
        elif isinstance(error, DeliveryRefused):
            tell("refused", ti.dag_id, ti.run_id, _why_refused(error.registry, error.period))
        else:
            # An error's text may quote a row. A process that was killed has none.
            what = type(error).__name__ if isinstance(error, BaseException) else "процесс прерван"
            tell(
                "failed",
                ti.dag_id,
                ti.run_id,
                ", ".join(filter(None, (_period(context), f"задача {ti.task_id}: {what}"))),
            )


class SupersededOnArrival(BaseNotifier):
    """An extract that was accepted and does not count, because a later one is there already."""

    def notify(self, context: Any) -> None:
        """Raise the alarm, if the task has found it to be so."""
        ti = context["ti"]
        if delivery_id := getattr(ti.task, "superseded_by", None):
            own = ti.task.delivery_id
            tell(
                "superseded",
                ti.dag_id,
                ti.run_id,
                f"{_period(context)}: выгрузка {own}, действует выгрузка {delivery_id}",
            )


def deadline_missed(context: Any) -> None:
    """The callback of a deadline: a run has not ended in time.

    Airflow 3.3 runs it in a worker with the run as JSON; there is neither task nor template.
    """
    run = context["dag_run"]
    dag_id, since = run["dag_id"], datetime.fromisoformat(str(run["queued_at"])).astimezone(LOCAL)
    kind = "source_late" if dag_id.startswith(INTAKE) else "run_late"
    period = f"{run['partition_key']}, " if run.get("partition_key") else ""
    tell(kind, dag_id, run["dag_run_id"], f"{period}с {since:%d.%m.%Y %H:%M}")


def ends_within(interval: Any) -> DeadlineAlert:
    """The deadline of a DAG whose runs end within `interval` after they were queued."""
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, interval, SyncCallback(deadline_missed))


def _why_refused(registry: str, period: str) -> str:
    from auyl import ledger
    from auyl.intake.overdue import without_content
    from auyl.settings import from_environment

    details = ledger.last_refusal(from_environment(), registry, period)
    return f"{period}: {without_content(details) if details else 'отозванная выгрузка поступила снова'}"


def _period(context: Any) -> str:
    return str(context.get("partition_key") or (context.get("params") or {}).get("period") or "")


def _link(dag_id: str, run_id: str) -> str:
    base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
    return f"{base}/dags/{dag_id}/runs/{quote(run_id, safe='')}" if base else ""
