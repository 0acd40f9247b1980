"""One DAG `intake_<registry>` for every contract in `include/contracts`."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, PartitionedAtRuntime, get_parsing_context

from auyl import contracts, settings
from auyl.errors import ContractInvalid
from auyl_airflow.alarms import ends_within
from auyl_airflow.assets import stage_of
from auyl_airflow.broken import broken_dag
from auyl_airflow.defaults import DEFAULT_ARGS, PERIOD_PARAM
from auyl_airflow.operators import HandBack, Load, Pull
from auyl_airflow.timetable import due

SETTINGS = settings.from_environment()
DOC = """
### {title}
**Purpose.** {purpose}

**Owner of the registry.** {owner}

**Source.** connection `{connection}`, {way}, {format}, {encoding}

**Cadence.** every {cadence}; due {deadline} after the end of the period, and started then. By hand: trigger it with a
partition key `YYYY-MM`; earlier months: `airflow backfill create --dag-id intake_{registry} --from-date … --to-date …`

**What it does.** `pull` lands the files unchanged; `load` checks them, writes stage and quarantine, and one row of the
ledger; `hand_back` writes the file of rejected rows, with reasons, for the owner. The same files again change nothing.

**When it is red**
- `pull`, *up for reschedule*, is no failure: its log says what the source still lacks. It holds no worker meanwhile.
- `pull`, *source unavailable*: all retries failed. Ask the owner whether the system is up, then clear the task. Nothing
  was landed. *Connection …* names what is wrong in the connection; docs/sources.md says how to set it.
- `load`, *refused*: the message names file, line or column, what was expected and who fixes it. Send it to the owner;
  when a corrected extract is there, trigger this DAG with the same partition key. Clearing the task changes nothing.
- `hand_back`: the load stands and its data counts. Clear the task once; by hand `auyl handback {registry} --to FOLDER`.
- any task, *timeout*: it was stopped after an hour (`pull`: two). Look for a lock or a stalled transfer, then clear it.
- anything else is a bug: clear the task once, then read its log.

The files for the owner lie in the lake below `handback/{registry}/`; `auyl handback {registry} --to FOLDER` copies
them, and `auyl intake` takes the corrected file.
"""


def intake(contract: contracts.Contract) -> None:
    """Define the intake DAG of one registry."""
    registry = contract.registry
    with DAG(
        dag_id=f"intake_{registry}",
        dag_display_name=f"{contract.title} ({registry})",
        description=f"Extract of {contract.owner}",
        doc_md=DOC.format(**vars(contract)),
        schedule=due(contract) if SETTINGS.is_scheduled else PartitionedAtRuntime(),
        params={"period": PERIOD_PARAM},
        default_args=DEFAULT_ARGS,
        deadline=ends_within(timedelta(days=1)),
        max_active_runs=24,  # a month that still waits must not block the correction of another
        tags=["intake", contract.way],
    ):
        pull = Pull(task_id="pull", registry=registry, poke_interval=contract.poll_seconds)
        load = Load(task_id="load", registry=registry, delivery_id=pull.output, outlets=[stage_of(registry)])
        HandBack(task_id="hand_back", registry=registry, delivery_id=pull.output, account=load.output)
        # The state of a run is that of its last tasks, and hand_back succeeds after a refused load too.
        load >> EmptyOperator(task_id="accepted")


# The process of a task parses this file too, and needs only its own DAG.
wanted = get_parsing_context().dag_id
for name in contracts.names(SETTINGS.include):
    if wanted in (None, f"intake_{name}"):
        try:
            intake(contracts.load(name, SETTINGS.include))  # `with DAG` registers it
        except ContractInvalid as error:
            # One import error; the others are parsed all the same.
            globals()[name] = broken_dag(f"intake_{name}", error)
