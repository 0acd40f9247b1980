"""Links from the task `load` to the page of its batch (`auyl_airflow.pages`)."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

URL_PREFIX = "/auyl"


class PageLink(BaseOperatorLink):
    """A link to one section of the page of a registry and period."""

    section: str

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Address of the section; empty when the run has no period."""
        if not operator.period:
            return ""
        base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
        return f"{base}{URL_PREFIX}/{ti_key.dag_id}/{operator.period}#{self.section}"


class LedgerLink(PageLink):
    """What the ledger has of the registry and period."""

    name = "Ledger"
    section = "ledger"


class RejectedRowsLink(PageLink):
    """How many rows were rejected, and why."""

    name = "Rejected rows"
    section = "rejected"


class QualityLink(PageLink):
    """Quality by okrug."""

    name = "Quality"
    section = "quality"


LINKS = (LedgerLink(), RejectedRowsLink(), QualityLink())
