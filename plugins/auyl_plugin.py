"""Registers the package `auyl_airflow` with Airflow.

It is found through [core] plugins_folder in every shape of the installation. An entry point `airflow.plugins` in
pyproject.toml would register the same plugin a second time, which Airflow reports as an import error, and is missing
until the package is installed again.
"""

from functools import cached_property
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from auyl_airflow.links import URL_PREFIX
from auyl_airflow.outcomes import NoteListener
from auyl_airflow.timetable import PeriodTimetable


class AuylPlugin(AirflowPlugin):
    """The timetable of the intake DAGs, the pages that their loads link to, and the notes of skipped runs."""

    name = "auyl"
    timetables: ClassVar = [PeriodTimetable]
    listeners: ClassVar = [NoteListener()]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The pages; only the api-server asks for them, and only it has what they import."""
        from auyl_airflow.pages import app

        return [{"app": app, "url_prefix": URL_PREFIX, "name": "auyl"}]
