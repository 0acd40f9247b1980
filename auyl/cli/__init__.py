"""The command line: which command is which function, in the order of the help.

    intake     what is promised, what came, what was kept back and handed back
    snapshot   building it, showing it, where a number comes from, where registries disagree
    linkage    who is who: entities, their history
    people     who may read what
    links      of whom records without a number speak, what a person decided
    evaluate   how well linkage does where the truth is known, its training
    secrecy    the key of the keyed hashes
    running    setting up, the demo, what the night has to say
    shared     options, tables, expected errors

What stays out: any work on data. Each command imports the room that it calls, so that the start stays quick.
"""

from collections.abc import Callable

import typer

from auyl.cli import evaluate, intake, linkage, links, people, running, secrecy, snapshot

__all__ = ["app"]


def _group(text: str, commands: dict[str, Callable[..., None]]) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=text)
    for name, command in commands.items():
        group.command(name)(command)
    return group


app = _group(
    "The command line `auyl`: the functions of the library in one process, no Airflow.",
    {
        "migrate": running.migrate,
        "synth": running.synth,
        "territory": running.territory,
        "changes": running.changes,
        "translate": running.translate,
        "contracts": intake.list_contracts,
        "intake": intake.intake,
        "build": snapshot.build,
        "extracts": intake.extracts,
        "quarantine": intake.quarantine,
        "drift": intake.drift,
        "quality": snapshot.quality,
        "contradictions": snapshot.contradictions,
        "handback": intake.handback,
        "lineage": snapshot.lineage,
        "demo": running.demo,
        "up": running.up,
        "late": running.late,
        "digest": running.digest,
    },
)
app.add_typer(_group("Published snapshots.", {"show": snapshot.show}), name="snapshot")
app.add_typer(_group("Entities of a period, all kinds.", {"build": linkage.build}), name="entities")
app.add_typer(_group("One entity.", {"show": linkage.show}), name="entity")
app.add_typer(
    _group(
        "Records without a valid number: of whom they speak.",
        {
            "build": links.build,
            "show": links.show,
            "review": links.review,
            "same": links.same,
            "apart": links.apart,
        },
    ),
    name="link",
)
app.add_typer(
    _group(
        "Linkage, measured where the truth is known.",
        {
            "persons": evaluate.persons,
            "febrl": evaluate.febrl,
            "address": evaluate.address,
            "entities": evaluate.entities,
            "train": evaluate.train,
        },
    ),
    name="evaluate",
)
app.add_typer(
    _group(
        "Who may read what.",
        {
            "list": people.list_grants,
            "who": people.who,
            "give": people.give,
            "take": people.take,
            "owner": people.owner,
            "account": people.account,
        },
    ),
    name="access",
)
app.add_typer(
    _group("The key that person keys are made with.", {"status": secrecy.status, "rotate": secrecy.rotate}), name="key"
)
