"""What the DAGs need from Airflow and the library must not know: the period of a run, addresses of sources, retries."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from airflow.sdk import BaseHook, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

LOCAL = ZoneInfo("Asia/Almaty")
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
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception="auyl.errors.ExtractRefused", action=RetryAction.FAIL, reason="the extract is refused"),
            RetryRule(exception="auyl.errors.ContractInvalid", action=RetryAction.FAIL, reason="the contract is wrong"),
            RetryRule(exception="auyl.errors.SettingMissing", action=RetryAction.FAIL, reason="a setting is missing"),
            RetryRule(exception="auyl.mail.MailNotSent", action=RetryAction.RETRY, reason="the mail server is away"),
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

    A folder is a connection of type `fs` with the extra `path`; `http` has the token as password; `smtp` has the
    extras `from_email`, `to` (addresses, separated by commas), `disable_ssl` and `disable_tls`.
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
    query = _mail_options(connection.extra_dejson) if connection.conn_type == "smtp" else ""
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    port = f":{connection.port}" if connection.port else ""
    path = "" if connection.conn_type == "http" else connection.schema or ""
    return f"{scheme}://{login}{'@' if login else ''}{connection.host or ''}{port}/{quote(path)}{query}"


def address_or_none(connection_id: str) -> str | None:
    """The address of a connection that need not be there."""
    from auyl.errors import SettingMissing

    try:
        return address_of(connection_id)
    except SettingMissing:
        return None


def _mail_options(extra: dict[str, Any]) -> str:
    # Names and defaults of Airflow's own mail connections: TLS unless both are switched off.
    is_plain, is_open = (str(extra.get(name, False)).lower() == "true" for name in ("disable_ssl", "disable_tls"))
    security = "tls" if not is_plain else "none" if is_open else "starttls"
    options = {"from": extra.get("from_email", ""), "to": extra.get("to", ""), "security": security}
    return "?" + urlencode(options)


def day_of(context: Any) -> date:
    """The local day of a nightly run; today for one that was started by hand."""
    return (context.get("logical_date") or datetime.now(tz=LOCAL)).astimezone(LOCAL).date()
