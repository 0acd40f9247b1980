"""Registers the package `auyl_airflow` with Airflow.

It is found through [core] plugins_folder in every shape of the installation. An entry point `airflow.plugins` in
pyproject.toml would register the same plugin a second time, which Airflow reports as an import error, and is missing
until the package is installed again.
"""

from airflow.plugins_manager import AirflowPlugin

from auyl_airflow.timetable import PeriodTimetable


class AuylPlugin(AirflowPlugin):
    """The timetable of the intake DAGs."""

    name = "auyl"
    timetables = [PeriodTimetable]  # noqa: RUF012  (Airflow reads a list)
