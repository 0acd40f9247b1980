"""An Airflow connection as the address that a source of `auyl` takes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSecretsBackendAccessDenied

SCHEMES = {"postgres": "postgresql", "ssh": "sftp"}


def address_of(connection_id: str) -> str:
    """Address of a source with its credentials, from the Airflow connection; else from AUYL_CONN_<NAME>.

    A folder is a connection of type `fs` with the extra `path`; `http` has the token as password, and `https` or `http`
    as schema; `smtp` has the extras `from_email`, `to` (addresses, separated by commas), `disable_ssl` and
    `disable_tls`. The extra `path` is the path of the others, `sqlalchemy_scheme` the driver of a database. All other
    extras become the query of the address: host key, certificates, options of a driver. Raises SettingMissing.
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
    kind = connection.conn_type or ""
    scheme = extras.pop("sqlalchemy_scheme", None) or SCHEMES.get(kind, kind)
    if kind == "http":
        scheme = connection.schema or scheme
    login = quote(connection.login or "", safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    port = f":{connection.port}" if connection.port else ""
    path = path.lstrip("/") or ("" if is_web else connection.schema or "")
    query = _mail_options(connection.extra_dejson) if connection.conn_type == "smtp" else urlencode(extras)
    address = f"{scheme}://{login}{'@' if login else ''}{connection.host or ''}{port}/{quote(path, safe='/{}')}"
    return f"{address}?{query}" if query else address


def address_or_none(connection_id: str) -> str | None:
    """The address of a connection that is optional."""
    from auyl.errors import SettingMissing

    try:
        return address_of(connection_id)
    except (SettingMissing, AirflowSecretsBackendAccessDenied):
        return None


def _mail_options(extra: dict[str, Any]) -> str:
    # Names and defaults of Airflow's own mail connections: TLS unless both are switched off.
    is_plain, is_open = (str(extra.get(name, False)).lower() == "true" for name in ("disable_ssl", "disable_tls"))
    security = "tls" if not is_plain else "none" if is_open else "starttls"
    return urlencode({"from": extra.get("from_email", ""), "to": extra.get("to", ""), "security": security})
