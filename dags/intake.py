"""One DAG `intake_<registry>` for every contract in `include/contracts`."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAtRuntime, get_current_context, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from auyl import contracts, settings
from auyl_airflow.defaults import DEFAULT_ARGS, PERIOD_PARAM
from auyl_airflow.operators import Pull
from auyl_airflow.timetable import due

SETTINGS = settings.from_environment()
DOC = """
### {title}
**Purpose.** {purpose}

**Owner of the registry.** {owner}

**Source.** connection `{connection}`, {way}, {format}, {encoding}

**Cadence.** every {cadence}; due {deadline} after the end of the period, and started then. By hand: trigger it with a
partition key; former months: `airflow backfill create --dag-id intake_{registry} --from-date … --to-date …`

**What it does.** `pull` lands the bytes as they came; `load` checks them, writes stage and quarantine, and one row of
the ledger. The period is the partition key, `YYYY-MM`. The same bytes a second time change nothing.

**When it is red**
- `pull`, *up for reschedule* is no fault: nothing whole is there yet, its log says what. It holds no worker meanwhile.
- `pull`, *source unavailable*: it was tried again several times. Ask the owner whether the system is up, then clear
  the task. Nothing was landed. *Connection …* names what does not hold in it; docs/sources.md says how it is set.
- `load`, *refused*: the message names file, line or column, what was expected and who fixes it. Send it to the owner;
  when a corrected extract is there, trigger this DAG with the same partition key. Clearing the task changes nothing.
- anything else is a fault of ours: clear the task once, then read its log.

The file of rejected rows for the owner, with reasons, lies in the lake below `handback/{registry}/`;
`auyl handback {registry} --to FOLDER` copies it. Corrected, the same file comes back by `auyl intake`.
"""


def intake(contract: contracts.Contract) -> None:
    """Define the intake DAG of one registry."""
    registry = contract.registry
    staged = Asset(name=f"stage_{registry}", uri=f"auyl://stage/{registry}")

    with DAG(
        dag_id=f"intake_{registry}",
        dag_display_name=contract.title,
        description=f"Extract of {contract.owner}",
        doc_md=DOC.format(**vars(contract)),
        schedule=due(contract) if SETTINGS.is_scheduled else PartitionedAtRuntime(),
        params={"period": PERIOD_PARAM},
        default_args=DEFAULT_ARGS,
        max_active_runs=24,  # one that waits for its month must not keep back a correction of another
        tags=["intake", contract.way],
    ):
        pull = Pull(task_id="pull", registry=registry, poke_interval=contract.poll_seconds)

        @task(outlets=[staged], max_active_tis_per_dag=1)
        def load(delivery_id: int) -> dict[str, int]:
            """Check and stage it; the XCom holds counts. Fails with the text of the refusal."""
            from auyl.intake import hand_back, load

            batch = load(delivery_id)
            if batch.rejected and batch.status != "unchanged":
                hand_back(SETTINGS, registry, batch.period)
            if not batch.accepted:
                raise AirflowFailException(str(batch.refusal))
            get_current_context()["outlet_events"][staged].add_partitions([batch.period])
            counts = ("batch_id", "rows_in", "staged", "linkable", "quarantined", "duplicates")
            return {name: getattr(batch, name) for name in counts}

        load(pull.output)


# The process of a task parses this file too, and needs only its own DAG.
wanted = get_parsing_context().dag_id
for name in contracts.names(SETTINGS.include):
    if wanted in (None, f"intake_{name}"):
        intake(contracts.load(name, SETTINGS.include))  # `with DAG` registers it
