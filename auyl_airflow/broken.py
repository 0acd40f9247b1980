"""A DAG in the place of one whose contract is wrong."""

from __future__ import annotations

from typing import NoReturn

from airflow.sdk import DAG


class BrokenDag(DAG):
    """Fails when Airflow validates it, which makes an import error of the file and keeps its other DAGs."""

    cause: Exception

    def validate(self) -> NoReturn:
        """Raise what is wrong."""
        raise self.cause


def broken_dag(dag_id: str, cause: Exception) -> DAG:
    """A DAG that Airflow lists as an import error with the words of `cause`."""
    dag = BrokenDag(dag_id=dag_id, schedule=None)
    dag.cause = cause
    return dag
