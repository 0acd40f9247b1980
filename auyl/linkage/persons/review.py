"""Review: the pairs that a person must review, their decisions, and the reasons of a link in three languages."""

from __future__ import annotations

import json
from typing import Any

import yaml
from sqlalchemy import text

from auyl.errors import AuylError
from auyl.languages import LANGUAGES
from auyl.linkage.persons import model
from auyl.settings import Settings
from auyl.store import duck
from auyl.store.binding import lake_of
from auyl.store.duck import literal
from auyl.store.locks import DECIDE, lock
from auyl.store.postgres import transaction

_WAITING = """
select r.*
from vault.link_review as r
where not exists (
    select from ledger.current_link_decision as d
    where d.record_key = r.record_key and (d.person_key = r.person_key or d.is_same)
)
order by max(r.weight_bits) over (partition by r.period, r.record_key) desc, r.period, r.record_key,
    r.weight_bits desc, r.person_key
limit :n
"""


def decide(settings: Settings, record_key: str, person_key: str, is_same: bool, reason: str) -> None:
    """Record a person's decision on a pair. From the next run on it outranks every weight; a later one replaces it."""
    with lock(settings, DECIDE), transaction(settings) as con:
        con.execute(
            text(
                "insert into ledger.link_decision (record_key, person_key, is_same, reason) "
                "values (cast(:r as uuid), cast(:p as uuid), :s, :why)"
            ),
            {"r": record_key, "p": person_key, "s": is_same, "why": reason},
        )


def review(settings: Settings, limit: int = 50) -> list[dict[str, Any]]:
    """The pairs to review: period, keys, weights in bits, levels, places and both sides.

    The candidates of a record stand together, the heaviest first; a record whose person was decided is left out.
    """
    with transaction(settings) as con:
        rows = con.execute(text(_WAITING), {"n": limit})
        return [dict(row._mapping) for row in rows]


def explain(settings: Settings, method: str, weight: float | None, levels: dict[str, int | None], language: str) -> str:
    """The reason of a link, in kk, ru or en: the method, then each field and how it agrees. Raises AuylError."""
    words = yaml.safe_load((settings.include / "linkage" / "words.yaml").read_text(encoding="utf-8"))
    if language not in LANGUAGES:
        raise AuylError(f"no language «{language}»: kk, ru or en")
    labels = model.load(settings.include).level_labels
    agreements = [
        f"{words['fields'][field][language]} — {words['levels'][labels[field][level]][language]}"
        for field, level in levels.items()
        if level is not None
    ]
    # The other methods do not depend on the weight.
    bits = f" {weight:.1f}" if weight is not None and method == "weighed" else ""
    return (
        f"{words['methods'][method][language]}{bits}: {'; '.join(agreements)}"
        if agreements
        else words["methods"][method][language]
    )


def links(settings: Settings, path: str, registry: str | None = None) -> list[dict[str, Any]]:
    """The rows of a run's links, all or those of one registry: places, keys, method, outcome, weight, levels."""
    lake = lake_of(settings)
    with duck.connect(settings, lake) as con:
        where = f"where registry = {literal(registry)}" if registry else ""
        result = con.execute(f"select * from read_parquet({literal(lake.address(path))}) {where}")
        names = [column[0] for column in result.description]
        return [json.loads(json.dumps(dict(zip(names, row, strict=True)), default=str)) for row in result.fetchall()]
