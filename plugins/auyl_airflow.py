"""What the DAGs need from Airflow and the library must not know: the period of a run, addresses of sources, retries."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseHook, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

PERIOD = r"\d{4}-(0[1-9]|1[0-2])"
PERIOD_PARAM = Param(
    "",
    type="string",
    pattern=f"^({PERIOD})?$",
    title="Period, YYYY-MM",
    description="Only when the run is started by hand without a partition key.",
)
DEFAULT_ARGS = {
    "owner": "auyl",
    "retries": 3,
    # the first wait is Airflow's own setting, [core] default_task_retry_delay; a minute here
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception="auyl.errors.ExtractRefused", action=RetryAction.FAIL, reason="the extract is refused"),
            RetryRule(exception="auyl.errors.ContractInvalid", action=RetryAction.FAIL, reason="the contract is wrong"),
            RetryRule(exception="auyl.errors.SettingMissing", action=RetryAction.FAIL, reason="a setting is missing"),
            RetryRule(exception="auyl.errors.SourceUnavailable", action=RetryAction.RETRY, reason="the source is away"),
        ],
        default=RetryAction.DEFAULT,
    ),
}


def period_of(context: Any) -> str:
    """The period of this run: its partition key, or the parameter `period` of a run started by hand.

    Runs triggered by assets or by hand have no logical date, so that is never asked. Raises AirflowFailException.
    """
    period = context.get("partition_key") or (context.get("params") or {}).get("period") or ""
    if not re.fullmatch(PERIOD, period):
        raise AirflowFailException(
            f"this run has no period ({period!r}): trigger it with a partition key YYYY-MM, or fill in `period`"
        )
    return period


def address_of(connection_id: str) -> str:
    """Address of a source with its credentials, from the Airflow connection; else from AUYL_CONN_<NAME>.

    A folder is a connection of type `fs` with the extra `path`; `http` has the token as password.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        from auyl.settings import connection_from_environment

        return connection_from_environment(connection_id)
    if connection.conn_type in ("fs", "file"):
        return "file://" + quote(str(connection.extra_dejson["path"]))
    schemes = {"postgres": "postgresql", "http": connection.schema or "http"}
    scheme = schemes.get(connection.conn_type, connection.conn_type)
    login = quote(connection.login or "", safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    port = f":{connection.port}" if connection.port else ""
    path = "" if connection.conn_type == "http" else connection.schema or ""
    return f"{scheme}://{login}{'@' if login else ''}{connection.host or ''}{port}/{quote(path)}"
