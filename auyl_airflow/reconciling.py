"""The tasks of the DAG `reconcile`. XComs hold periods and counts; each log ends with one sentence of counts."""

from __future__ import annotations

import logging

from airflow.sdk import task

from auyl.errors import content_hidden
from auyl_airflow.outcomes import skip

LOG = logging.getLogger(__name__)


@task
@content_hidden()
def changes() -> int:
    """Write what became of previous codes, by the newest period; the XCom is the number of codes."""
    from auyl.ledger import periods
    from auyl.settings import from_environment
    from auyl.territory.changes import write_changes

    settings = from_environment()
    loaded = periods(settings)
    codes = sum(write_changes(settings, max(loaded)).values()) if loaded else 0
    LOG.info("%d previous codes written", codes)
    return codes


@task
@content_hidden()
def find_periods() -> list[str]:
    """Periods to reconcile, oldest first."""
    from auyl.linkage.contradictions import compute
    from auyl.linkage.entities import build
    from auyl.settings import from_environment

    settings = from_environment()
    periods = sorted({*build.outdated(settings), *compute.outdated(settings)})
    if not periods:
        skip("nothing new since every period was reconciled")
    LOG.info("%d periods to reconcile: %s", len(periods), ", ".join(periods))
    return periods


@task
@content_hidden()
def link(period: str) -> int:
    """Link the rows without a number; the XCom is the number of linked records."""
    from auyl.linkage.persons.link import link as link_period
    from auyl.settings import from_environment

    result = link_period(from_environment(), period)
    LOG.info("%s %s: %d of %d records linked", period, result.status, result.linked, result.records)
    return result.linked


@task
@content_hidden()
def entities(period: str) -> int:
    """Choose the surviving values; the XCom is the number of new sets."""
    from auyl.linkage.entities.build import build

    sets = build(period)
    new = sum(one.is_new for one in sets)
    LOG.info("%s: %d of %d entity sets are new", period, new, len(sets))
    return new


@task
@content_hidden()
def compare(period: str) -> int:
    """Compare the registries; the XCom is the number of contradictions."""
    from auyl.linkage.contradictions.compute import compute

    result = compute(period)
    count = sum(result.counts.values())
    LOG.info("%s %s: %d contradictions of %d types", period, result.status, count, len(result.counts))
    return count
