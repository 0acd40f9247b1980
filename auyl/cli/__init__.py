"""The command line: which command is which function, in the order of the help.

    check       descriptions, rules and SQL; the lake against the ledger
    intake      contracts, extracts, rejected rows
    snapshot    building it, showing it, where a number comes from, where registries disagree
    revisions   which revision is current, rolling back and forward, releasing
    linkage     entities and their history
    links       which person a record without a number belongs to, what a reviewer decided
    access      who may read what
    accounts    who may sign in
    erasure     erasing a delivery, or what is past its retention period
    keys        the key of the keyed hashes
    lake        which lake belongs to the database
    territory   editions of KATO, earlier codes
    operations  setting up, overdue extracts, the daily report
    lists       what other commands are asked about: okrugs, indicators, registries, periods
    examples    one for each command, as its help prints it
    failures    what a failed command prints
    interrupts  Ctrl-C within a query
    shared      options, tables, the installation that a command works on

What stays out: any work on data. Each command imports the package that it calls, so that the start stays quick.
"""

from collections.abc import Callable

from auyl.cli import (
    access,
    accounts,
    check,
    erasure,
    intake,
    keys,
    lake,
    linkage,
    links,
    lists,
    operations,
    revisions,
    snapshot,
    territory,
)
from auyl.cli.examples import examples
from auyl.cli.shared import Commands, ListsByDefault, command_group

__all__ = ["app"]


app = command_group(
    "The command line `auyl`: the functions of the library in one process, no Airflow. Without a setting it works on "
    "the installation of `make demo`. Exits with 0 when it is done, 1 when something was refused or is not as it has "
    "to be, 2 for wrong usage, 3 for a failure of ours.",
    {
        "migrate": operations.migrate,
        "bootstrap": operations.bootstrap,
        "check": check.check,
        "intake": intake.intake,
        "reload": intake.reload,
        "build": snapshot.build,
        "quarantine": intake.quarantine,
        "drift": intake.drift,
        "quality": snapshot.quality,
        "contradictions": snapshot.contradictions,
        "handback": intake.handback,
        "lineage": snapshot.lineage,
        "overdue": operations.overdue,
        "report": operations.report,
        "retention": erasure.retention,
    },
    examples=examples(),
    completes=True,
)
# Text and commands of each group.
GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "list": (
        "What other commands are asked about.",
        {
            "okrugs": lists.okrugs,
            "indicators": lists.indicators,
            "registries": lists.registries,
            "periods": lists.periods,
        },
    ),
    "extracts": (
        "Extracts that came, and which of them count: `auyl extracts [REGISTRY]`, or a decision on one.",
        {
            "list": intake.list_extracts,
            "withdraw": intake.withdraw,
            "restore": intake.restore,
            "erase": erasure.erase,
            "readmit": erasure.readmit,
        },
    ),
    "territory": (
        "Editions of KATO and their codes.",
        {
            "load": territory.load,
            "list": territory.list_editions,
            "changes": territory.changes,
            "adopt": territory.adopt,
            "retire": territory.retire,
            "current": territory.current,
        },
    ),
    "snapshot": (
        "Published snapshots, and which revision of a period is current.",
        {
            "list": revisions.list_revisions,
            "show": snapshot.show,
            "rollback": revisions.rollback,
            "forward": revisions.forward,
            "release": revisions.release,
        },
    ),
    "entities": (
        "Entities of a period, all kinds.",
        {
            "build": linkage.build,
        },
    ),
    "entity": (
        "One entity.",
        {
            "show": linkage.show,
        },
    ),
    "link": (
        "Records without a valid number, and the persons they belong to.",
        {
            "build": links.build,
            "show": links.show,
            "review": links.review,
            "same": links.same,
            "apart": links.apart,
        },
    ),
    "access": (
        "Who may read what.",
        {
            "list": access.list_grants,
            "who": access.who,
            "give": access.give,
            "take": access.take,
            "owner": access.owner,
            "matrix": access.matrix,
            "accounts": accounts.list_accounts,
            "open": accounts.open_,
            "import": accounts.import_,
            "password": accounts.password,
            "sql-login": accounts.sql_login,
            "unlock": accounts.unlock,
            "rename": accounts.rename,
            "sign-out": accounts.sign_out,
            "close": accounts.close,
            "reopen": accounts.reopen,
            "forget-audit": accounts.forget_audit,
        },
    ),
    "key": (
        "The key that person keys are made with.",
        {
            "status": keys.status,
            "rotate": keys.rotate,
        },
    ),
    "lake": (
        "The lake as a whole.",
        {
            "adopt": lake.adopt,
            "separate": lake.separate,
        },
    ),
}

for name, (text, commands) in GROUPS.items():
    cls = ListsByDefault if name == "extracts" else Commands
    app.add_typer(command_group(text, commands, cls, examples(name)), name=name)
