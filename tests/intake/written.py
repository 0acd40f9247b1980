"""What operations have written into the ledger, and whether its accounts balance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlalchemy import text

from auyl import contracts, intake
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.postgres import transaction
from tests.intake.current_model import REGISTRIES, Content

# Facts in the order in which they were written: table, number, when, values.
FACTS = {
    "look": "select look_id, looked_at, registry, period, outcome, case when outcome <> 'landed' then delivery_id end, "
            "delivery_id from ledger.look",
    "judgement": "select j.judgement_id, j.judged_at, b.delivery_id, b.rules_digest, d.registry, j.batch_id "
                 "from ledger.judgement as j inner join ledger.batch as b using (batch_id) "
                 "inner join ledger.delivery as d using (delivery_id)",
    "withdrawal": "select withdrawal_id, decided_at, batch_id, is_withdrawn, 0 from ledger.withdrawal",
    "edition_decision": "select decision_id, decided_at, edition, is_adopted, 0 from ledger.edition_decision",
    "revision_decision": "select decision_id, decided_at, period, is_rolled_back, revisions, current_revision, 0 "
                         "from ledger.revision_decision",
}  # fmt: skip
BUILDS = "select build_id, built_at, period, inputs_digest, outcome, revision from ledger.build"
ACCEPTANCES = "select acceptance_id, decided_at, period, inputs_digest from ledger.change_acceptance"


@dataclass
class Rows:
    """Rows that were added: facts (table, values, number that later facts name), builds, acceptances, batches."""

    facts: list[tuple[str, tuple[object, ...], int]] = field(default_factory=list)
    builds: list[Sequence[Any]] = field(default_factory=list)
    acceptances: list[Sequence[Any]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


class Written:
    """Reads what was added to the ledger of an installation since the last time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._last = dict.fromkeys([*FACTS, "build", "change_acceptance"], 0)
        self.limits: dict[tuple[str, str], int] = {}
        self.since()

    def know(self, settings: Settings, limit: int) -> None:
        """Recognise batches that were made under the rules of `settings`."""
        for registry in REGISTRIES:
            digest = intake.rules_digest(settings, contracts.load(registry, settings.include))
            self.limits.setdefault((registry, digest), limit)

    def since(self) -> Rows:
        """The rows that were added."""
        rows = Rows()
        facts = []
        with transaction(self._settings) as con:

            def read(table: str, query: str) -> list[Any]:
                key = query.split()[1].rstrip(",")
                new = con.execute(text(f"{query} where {key} > {self._last[table]} order by 1")).all()
                self._last[table] = max((row[0] for row in new), default=self._last[table])
                return list(new)

            for table, query in FACTS.items():
                facts += [(row[1], table, row[2:]) for row in read(table, query)]
            rows.builds = [row[2:] for row in read("build", BUILDS)]
            rows.acceptances = [row[2:] for row in read("change_acceptance", ACCEPTANCES)]
        for _, table, values in sorted(facts, key=lambda fact: fact[0]):
            if table == "judgement":
                delivery, digest, registry, batch = values
                rows.facts.append((table, (delivery, self.limits[registry, digest]), batch))
                rows.batches.append(batch)
            else:
                *named, number = (tuple(v) if isinstance(v, list) else v for v in values)
                rows.facts.append((table, tuple(named), number))
        return rows

    def refusals(self) -> set[tuple[str, str]]:
        """Registries and periods of which something was refused."""
        with transaction(self._settings) as con:
            return {tuple(row) for row in con.execute(text("select distinct registry, period from ledger.refusal"))}

    def current(self) -> dict[str, int]:
        """The current revision of each period."""
        with transaction(self._settings) as con:
            rows = con.execute(text("select period, revision from serving.current_snapshot"))
            return {row.period: row.revision for row in rows}

    def content(self, period: str, revision: int) -> Content:
        """sha256 and edition of a revision."""
        return content_of(self._settings, period, revision)


def content_of(settings: Settings, period: str, revision: int) -> Content:
    """sha256 and edition of a revision of an installation."""
    with transaction(settings) as con:
        row = con.execute(
            text("select content_sha256, edition from serving.snapshot where period = :p and revision = :r"),
            {"p": period, "r": revision},
        ).one()
        return row[0], row[1]


def account_balances(settings: Settings, batches: list[int]) -> None:
    """Each delivery has one batch that counts, each period one extract; the files of `batches` hold the rows of the
    account.
    """
    lake = Lake(settings.lake)
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select rows_in - staged - linkable - quarantined - duplicates as rest, staged, stage_path, batch_id, "
                "count(*) filter (where current_rank = 1) over (partition by registry, period) as current, "
                "count(*) filter (where rank_in_delivery = 1) over (partition by delivery_id) as counted, "
                "bool_and(is_withdrawn) over (partition by registry, period) as gone, "
                "current_rank = 1 and rank_in_delivery <> 1 as is_odd from ledger.batch_ranked"
            )
        ).all()
    for row in rows:
        assert (row.rest, row.counted, bool(row.is_odd)) == (0, 1, False), row
        assert row.current == (0 if row.gone else 1), row
        if row.batch_id in batches:
            ((staged,),) = duckdb.sql(f"select count(*) from '{lake.address(row.stage_path)}'").fetchall()
            assert staged == row.staged, row
