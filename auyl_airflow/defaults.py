"""Arguments of every task, the parameter `period`, and the period or day that a run is about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException

from auyl.periods import LOCAL, PERIOD
from auyl_airflow.alarms import TaskFailed

# None keeps the trigger form enabled; with an empty text and a pattern its button stays grey.
PERIOD_PARAM = Param(
    None,
    type=["null", "string"],
    pattern=f"^{PERIOD.pattern}$",
    title="Period, YYYY-MM",
    description="Leave empty when the run has a partition key.",
)
FATAL = {
    "auyl.errors.ExtractRefused": "the extract is refused",
    "auyl.errors.ConnectionUnusable": "the connection is wrong",
    "auyl.errors.ContractInvalid": "the contract is wrong",
    "auyl.errors.SettingMissing": "a setting is missing",
}
TRANSIENT = {
    "auyl.reports.mail.MailNotSent": "the mail server is away",
    "auyl.errors.SourceUnavailable": "the source is away",
    "auyl.errors.LockLost": "the connection to the database broke off",
}
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "auyl",
    # The longest step, a load at full size, takes minutes; this also ends a wait for a lock that nobody gives back.
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": [TaskFailed()],
    "retries": 3,
    # The first delay is Airflow's own setting, [core] default_task_retry_delay.
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            *(RetryRule(exception=name, action=RetryAction.FAIL, reason=reason) for name, reason in FATAL.items()),
            *(RetryRule(exception=name, action=RetryAction.RETRY, reason=text) for name, text in TRANSIENT.items()),
        ],
        default=RetryAction.DEFAULT,
    ),
}


def period_of(context: Any) -> str:
    """The period of this run: its partition key, else the parameter `period`.

    Runs triggered by assets or by hand have no logical date, so the date is not used. Raises AirflowFailException.
    """
    period = context.get("partition_key") or (context.get("params") or {}).get("period") or ""
    if not PERIOD.fullmatch(period):
        raise AirflowFailException(
            f"this run has no period: expected a partition key or the parameter `period` as YYYY-MM, found {period!r}. "
            f"Fix: trigger the DAG again with one of them"
        )
    return str(period)


def day_of(context: Any) -> date:
    """The local day of a nightly run; today for one that was started by hand."""
    return (context.get("logical_date") or datetime.now(tz=LOCAL)).astimezone(LOCAL).date()
