"""How a run ends: what a task that has nothing to do says in the note of its run, and refusals that end it at once."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, NoReturn

from airflow.listeners import hookimpl
from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

NOTE = "note"


class GateRefused(AirflowFailException):
    """The gate refused the snapshot of a period; a retry changes nothing."""

    def __init__(self, period: str, breaches: list[str]) -> None:
        super().__init__(f"{period}: the gate refused it: {'; '.join(breaches)}")
        self.period, self.breaches = period, breaches


class DeliveryRefused(AirflowFailException):
    """A delivery was refused; a retry changes nothing."""

    def __init__(self, registry: str, period: str, refusal: str) -> None:
        super().__init__(refusal)
        self.registry, self.period = registry, period


def skip(reason: str) -> NoReturn:
    """Skip the current task and what follows it; the run's note gives the reason. Raises AirflowSkipException."""
    get_current_context()["ti"].xcom_push(NOTE, reason)
    raise AirflowSkipException(reason)


class NoteListener:
    """Adds the reason of a skipped task to the note of its run.

    A task cannot do so itself: the execution API of Airflow 3.3 writes notes only for runs that it triggers. This runs
    in the scheduler, in the session that ends the run.
    """

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """A run whose tasks were all skipped has succeeded for Airflow."""
        from airflow.models.dagrun import DagRunNote
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session
        from sqlalchemy import select
        from sqlalchemy.orm import object_session

        query = select(XComModel.value).where(XComModel.dag_run_id == dag_run.id, XComModel.key == NOTE)
        # The scheduler holds a lock on the run, so a second session would wait for it; `dag.test()` has none.
        session = object_session(dag_run)
        with nullcontext(session) if session else create_session() as session, session.no_autoflush:
            reasons = "; ".join(map(str, session.scalars(query)))
            note = session.get(DagRunNote, dag_run.id)
            if not reasons:
                return
            if note is None:
                note = DagRunNote(content=reasons[:1000])
                note.dag_run_id = dag_run.id
                session.add(note)
            elif reasons not in (note.content or ""):
                note.content = f"{note.content}; {reasons}"[:1000]
