"""The assets through which DAGs follow each other; the period is their partition key."""

from __future__ import annotations

from airflow.sdk import Asset

SNAPSHOT = Asset(name="snapshot", uri="auyl://snapshot")


def stage_of(registry: str) -> Asset:
    """The accepted rows of a registry."""
    return Asset(name=f"stage_{registry}", uri=f"auyl://stage/{registry}")
