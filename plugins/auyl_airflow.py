"""What the DAGs need from Airflow and the library must not know: period of a run, addresses, retries, waiting."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from airflow.sdk import (
    BaseHook,
    BaseSensorOperator,
    ExceptionRetryPolicy,
    Param,
    PokeReturnValue,
    RetryAction,
    RetryRule,
)  # fmt: skip
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
    # the first wait is Airflow's own setting, [core] default_task_retry_delay; a minute here
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": ExceptionRetryPolicy(
        rules=[
            RetryRule(exception="auyl.errors.ExtractRefused", action=RetryAction.FAIL, reason="the extract is refused"),
            RetryRule(
                exception="auyl.errors.ConnectionUnusable", action=RetryAction.FAIL, reason="the connection is wrong"
            ),
            RetryRule(exception="auyl.errors.ContractInvalid", action=RetryAction.FAIL, reason="the contract is wrong"),
            RetryRule(exception="auyl.errors.SettingMissing", action=RetryAction.FAIL, reason="a setting is missing"),
            RetryRule(
                exception="auyl.reports.mail.MailNotSent", action=RetryAction.RETRY, reason="the mail server is away"
            ),
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


# A look that is due before the scheduler has heard that the process of the last one ended is taken for a lost task and
# costs a try; under load it hears of it seconds later.
LEAST_WAIT_S = 15.0


class Pull(BaseSensorOperator):
    """Lands the delivery of a registry when its source has it whole; the XCom is the delivery's number in the ledger.

    A source that has nothing yet is asked again every `poke_interval`, or when it says itself; between two looks the
    task holds no worker. Two looks at one source are never taken at once, whatever their periods. After three weeks it
    fails: nobody waits for it any more.
    """

    def __init__(self, *, registry: str, poke_interval: float, **options: Any) -> None:
        super().__init__(
            mode="reschedule", poke_interval=max(LEAST_WAIT_S, poke_interval), timeout=timedelta(days=21),
            max_active_tis_per_dag=1, **options,
        )  # fmt: skip
        self.registry = registry

    def poke(self, context: Any) -> PokeReturnValue:
        """Ask once. Raises what `auyl.intake.pull` raises, but for SourceNotReady."""
        from auyl.errors import SourceNotReady
        from auyl.intake import pull

        try:
            return PokeReturnValue(is_done=True, xcom_value=pull(self.registry, period_of(context), address_of))
        except SourceNotReady as waiting:
            if waiting.again_in_s is not None:
                self.poke_interval = max(LEAST_WAIT_S, waiting.again_in_s)
            self.log.info("not ready, asked again in %.0f s: %s", self.poke_interval, waiting)
            return PokeReturnValue(is_done=False)


def address_of(connection_id: str) -> str:
    """Address of a source with its credentials, from the Airflow connection; else from AUYL_CONN_<NAME>.

    A folder is a connection of type `fs` with the extra `path`; `http` has the token as password, and `https` or `http`
    as schema; `smtp` has the extras `from_email`, `to` (addresses, separated by commas), `disable_ssl` and
    `disable_tls`. The extra `path` is the path of the others, `sqlalchemy_scheme` the driver of a database. All other
    extras become the query of the address: host key, certificates, options of a driver.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        from auyl.settings import connection_from_environment

        return connection_from_environment(connection_id)
    extras = {name: value for name, value in connection.extra_dejson.items() if isinstance(value, (str, int, float))}
    path = str(extras.pop("path", ""))
    if connection.conn_type in ("fs", "file"):
        return "file://" + quote(path)
    if connection.conn_type == "sqlite":
        return "sqlite:///" + str(connection.host or path)
    is_web = connection.conn_type in ("http", "https")
    schemes = {"postgres": "postgresql", "http": connection.schema or "http", "ssh": "sftp"}
    scheme = extras.pop("sqlalchemy_scheme", None) or schemes.get(connection.conn_type, connection.conn_type)
    login = quote(connection.login or "", safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    port = f":{connection.port}" if connection.port else ""
    path = path.lstrip("/") or ("" if is_web else connection.schema or "")
    if connection.conn_type == "smtp":
        query = _mail_options(connection.extra_dejson)
    else:
        query = f"?{urlencode(extras)}" if extras else ""
    return f"{scheme}://{login}{'@' if login else ''}{connection.host or ''}{port}/{quote(path, safe='/{}')}{query}"


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
