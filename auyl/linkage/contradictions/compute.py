"""Contradictions: where the registries current for a period disagree, with both values, files and records.

A period's set is computed whole and replaces the former one. What opens and closes is read off the sets by
`serving.contradiction_history`, so the order in which periods are computed does not matter.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from auyl import contracts, ledger
from auyl.linkage.contradictions import catalogue
from auyl.periods import last_day, month_before
from auyl.settings import Settings, from_environment
from auyl.stage import inputs
from auyl.stage.current import stage_view
from auyl.store import duck, paths
from auyl.store.duck import identifier, literal
from auyl.store.lake import Lake
from auyl.store.locks import CONTRADICTIONS, lock
from auyl.store.postgres import engine
from auyl.territory.resolver import (
    CLAIM_ROLES,
    claim_key,
    current_edition,
    open_territory,
    resolve,
    resolver_rules,
)

if TYPE_CHECKING:
    import duckdb

# Extracts of what happened in a month: an act of January still contradicts in October.
HISTORY_MONTHS = {"civil_acts": 12, "veterinary_events": 12}

# What the SQL of every type gives, with the type that is kept.
COLUMNS = {
    "subject_kind": "varchar", "subject_key": "varchar", "okrug_kato": "varchar",
    "left_file": "varchar", "left_record": "bigint", "left_value": "varchar", "left_date": "date",
    "right_file": "varchar", "right_record": "bigint", "right_value": "varchar", "right_date": "date",
    "people": "bigint", "tenge": "decimal(18, 2)", "affected": "decimal(18, 4)",
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What a set is made of. `judged` are the types whose registries are all current, `blind` the others."""

    period: str
    batches: inputs.Batches
    edition: str
    digest: str
    judged: tuple[catalogue.Type, ...]
    blind: tuple[catalogue.Type, ...]


@dataclass(frozen=True)
class Result:
    """What became of a period's set: computed or unchanged. `counts` is by type, nought included."""

    period: str
    status: str
    counts: dict[str, int]
    blind: tuple[str, ...]
    path: str


def gather(settings: Settings, lake: Lake, period: str) -> Inputs:
    """The current batches that the types rest on, for `HISTORY_MONTHS` those of former periods too.

    Raises TerritoryMissing.
    """
    types = catalogue.load(settings.include)
    registries = sorted({registry for one in types for registry in one.registries})
    batches, missing = inputs.current_batches(settings, registries, period)
    for registry, months in HISTORY_MONTHS.items():
        if registry in batches:
            former = [
                ledger.current_batches(settings, registry, month_before(period, n)) for n in range(months - 1, 0, -1)
            ]
            batches[registry] = [batch for found in former for batch in found] + batches[registry]
    edition = current_edition(settings, lake)
    sql = settings.include / "sql"
    rules = [p for folder in ("macros", "contradictions") for p in sorted((sql / folder).iterdir())]
    rules += resolver_rules(settings.include) + sorted((settings.include / "contradictions").iterdir())
    judged = tuple(one for one in types if not set(one.registries) & set(missing))
    blind = tuple(one for one in types if one not in judged)
    return Inputs(period, batches, edition, inputs.digest(settings, lake, batches, edition, rules), judged, blind)


def compute(period: str, settings: Settings | None = None) -> Result:
    """Compute the set of `period`, write it to the lake and put it in the place of the former one.

    The same inputs again change nothing. Raises TerritoryMissing.
    """
    settings = settings or from_environment()
    lake = Lake(settings.lake)
    with lock(settings, CONTRADICTIONS, period):
        made_of = gather(settings, lake, period)
        path = paths.contradiction_file(period, made_of.digest)
        blind = tuple(one.id for one in made_of.blind)
        if _current_digest(settings, period) == made_of.digest:
            return Result(period, "unchanged", _kept_counts(settings, made_of), blind, path)
        con = duck.connect(settings, lake)
        try:
            define(con, settings, lake, made_of)
            found = {one.id: find(con, one) for one in made_of.judged}
            lake.prepare(paths.folder_of(path))
            con.execute(
                f"copy (select * from contradiction order by type_id, subject_kind, subject_key) to "
                f"{literal(lake.address(path))} "
                f"(format parquet, compression snappy)"
            )
            _publish(con, settings, made_of, path, sum(found.values()))
        finally:
            con.close()
    return Result(period, "computed", found, blind, path)


def outdated(settings: Settings) -> list[str]:
    """Periods whose current batches, or rules, are no longer those of their set; oldest first."""
    lake = Lake(settings.lake)
    return [p for p in ledger.periods(settings) if gather(settings, lake, p).digest != _current_digest(settings, p)]


def define(con: duckdb.DuckDBPyConnection, settings: Settings, lake: Lake, made_of: Inputs) -> None:
    """Create what the SQL of the types reads: `stage_<registry>`, `placed_<registry>` and the variables of the period.

    placed_<registry>: the columns of stage and okrug_kato, and settlement_kato where stage has none of its own.
    Also creates the empty table `contradiction`, see `empty_set`.
    """
    con.execute(f"set variable period_begin = date {literal(made_of.period + '-01')}")
    con.execute(f"set variable period_end = date {literal(last_day(made_of.period).isoformat())}")
    open_territory(con, settings, lake, made_of.edition)
    claims = []
    for registry, batches in sorted(made_of.batches.items()):
        contract = contracts.load(registry, settings.include)
        # Months of events are folded like changes: the newest row of a key stands.
        folded = replace(contract, is_delta=True) if registry in HISTORY_MONTHS else contract
        claims.append((contract, stage_view(con, settings, lake, folded, batches)))
    resolve(con, settings, claims)
    for contract, relation in claims:
        if set(contract.place) & set(CLAIM_ROLES):
            con.execute(
                f"create or replace temp view placed_{contract.registry} as "
                f"select s.*, l.okrug_kato, l.settlement_kato from {relation} as s "
                f"left join place as l on {claim_key(contract, 's.')} = l._key"
            )
    empty_set(con)


def empty_set(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table `contradiction` without rows: type_id, owner_registry and `COLUMNS`."""
    columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in COLUMNS.items())
    con.execute(f"create or replace temp table contradiction (type_id varchar, owner_registry varchar, {columns})")


def find(con: duckdb.DuckDBPyConnection, one: catalogue.Type) -> int:
    """Add the contradictions of a type to the table `contradiction`; return how many.

    Where two rows of a side speak of one subject, the first by file and record is told.
    """
    cast = ", ".join(f"{identifier(name)}::{kind}" for name, kind in COLUMNS.items())
    ((count,),) = con.execute(
        f"insert into contradiction select {literal(one.id)}, {literal(one.owner)}, {cast} from ({one.sql}) "
        f"qualify row_number() over (partition by subject_kind, subject_key "
        f"order by left_file, left_record, right_file, right_record) = 1"
    ).fetchall()
    return int(count)


def _current_digest(settings: Settings, period: str) -> str | None:
    with engine(settings.dsn).connect() as con:
        return con.execute(
            text("select inputs_digest from serving.contradiction_set where period = :p"), {"p": period}
        ).scalar()


def _kept_counts(settings: Settings, made_of: Inputs) -> dict[str, int]:
    with engine(settings.dsn).connect() as con:
        rows = con.execute(
            text("select type_id, count(*) from serving.contradiction where period = :p group by 1"),
            {"p": made_of.period},
        )
        kept = {row[0]: int(row[1]) for row in rows}
    return {one.id: kept.get(one.id, 0) for one in made_of.judged}


def _publish(con: duckdb.DuckDBPyConnection, settings: Settings, made_of: Inputs, path: str, count: int) -> None:
    """Put the set in the place of the former one, in one transaction."""
    names = ["type_id", "owner_registry", *COLUMNS]
    with tempfile.TemporaryDirectory(prefix="auyl-", dir=settings.home / "spill") as work:
        file = Path(work) / "contradiction.csv"
        con.execute(
            f"copy (select {literal(made_of.period)}, {', '.join(names)} from contradiction) to {literal(str(file))} "
            f"(format csv, header false, nullstr '\\N', quote '\"')"
        )
        connection = engine(settings.dsn).raw_connection()
        try:
            cursor = connection.cursor()
            _write_head(cursor, made_of, path, count)
            with file.open("rb") as stream:
                cursor.copy_expert(
                    f"copy serving.contradiction (period, {', '.join(names)}) from stdin (format csv, null '\\N')",
                    stream,
                )
            connection.commit()
        finally:
            connection.close()


def _write_head(cursor: Any, made_of: Inputs, path: str, count: int) -> None:
    """Forget the former set of the period; write what the new one rests on, and the catalogue."""
    cursor.execute("delete from serving.contradiction_set where period = %s", (made_of.period,))
    cursor.execute(
        "insert into serving.contradiction_set (period, inputs_digest, edition, lake_path, contradictions) "
        "values (%s, %s, %s, %s, %s)",
        (made_of.period, made_of.digest, made_of.edition, path, count),
    )
    cursor.executemany(
        "insert into serving.contradiction_judged (period, type_id) values (%s, %s)",
        [(made_of.period, one.id) for one in made_of.judged],
    )
    cursor.executemany(
        "insert into serving.contradiction_source (period, registry, batch_id) values (%s, %s, %s)",
        [(made_of.period, registry, b.batch_id) for registry, found in made_of.batches.items() for b in found],
    )
    # Two periods at once write the same rows; the lock makes the second wait.
    cursor.execute("lock table serving.contradiction_type in exclusive mode")
    cursor.execute("delete from serving.contradiction_type")
    cursor.executemany(
        "insert into serving.contradiction_type values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (t.id, t.position, t.names["kk"], t.names["ru"], t.names["en"], t.owner, t.left.registry,
             t.right.registry, t.severity, t.affected)
            for t in sorted(made_of.judged + made_of.blind, key=lambda one: one.position)
        ],
    )  # fmt: skip


def summary(
    settings: Settings, period: str, registry: str | None = None, type_id: str | None = None, okrug: str | None = None
) -> list[dict[str, Any]]:
    """Counts of a period's set by type, in the order of the catalogue; those without any are left out.

    Keys: type, owner, severity, name, open, opened and closed (in this period), people, tenge, affected,
    unit. `registry` is the owner's; `okrug` the KATO of an okrug.
    """
    query = (settings.include / "sql" / "ledger" / "contradictions.sql").read_text(encoding="utf-8")
    with engine(settings.dsn).connect() as con:
        rows = con.execute(text(query), {"period": period, "registry": registry, "type": type_id, "okrug": okrug})
        return [dict(row._mapping) for row in rows]


def export(
    settings: Settings,
    period: str,
    folder: Path,
    registry: str | None = None,
    type_id: str | None = None,
    okrug: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write one workbook for each registry whose owner has to act: `contradictions_<registry>_<period>.xlsx`.

    Both sides with value, date, file and the line in the landed file; the reason in Russian and Kazakh. Files can be
    read by their owner only.
    """
    import pandas

    types = {one.id: one for one in catalogue.load(settings.include)}
    query = (settings.include / "sql" / "ledger" / "contradiction_rows.sql").read_text(encoding="utf-8")
    with engine(settings.dsn).connect() as con:
        rows = [
            dict(row._mapping)
            for row in con.execute(
                text(query), {"period": period, "registry": registry, "type": type_id, "okrug": okrug}
            )
        ]
        sources: dict[str, list[int]] = {}
        for name, batch_id in con.execute(
            text("select registry, batch_id from serving.contradiction_source where period = :p"), {"p": period}
        ):
            sources.setdefault(name, []).append(batch_id)
    lines = _lines(settings, sources, types, rows)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for owner in sorted({row["owner_registry"] for row in rows}):
        table = [_told(types[r["type_id"]], r, lines) for r in rows if r["owner_registry"] == owner]
        target = folder / f"contradictions_{owner}_{period}.xlsx"
        target.touch(mode=0o600)
        with pandas.ExcelWriter(
            target, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_numbers": False}}
        ) as book:
            pandas.DataFrame(table).to_excel(book, index=False, sheet_name="Противоречия")
        written.append(target)
        say(f"{len(table)} contradictions for {contracts.load(owner, settings.include).owner} in {target}")
    return written


Lines = dict[tuple[str, str, int], int]
# What a contradiction is about, as its owner reads it.
SUBJECTS = {
    "animal": "животное / жануар",
    "application": "заявка / өтінім",
    "family": "семья / отбасы",
    "herd": "стадо / мал",
    "household": "хозяйство / шаруашылық",
    "okrug": "округ / округ",
    "organisation": "организация / ұйым",
    "person": "лицо / адам",
    "plot": "участок / жер телімі",
    "post": "должность / лауазым",
    "settlement": "населённый пункт / елді мекен",
    "site": "свалка / қоқыс орны",
    "sole_trader": "индивидуальный предприниматель / жеке кәсіпкер",
}


def _lines(
    settings: Settings, sources: dict[str, list[int]], types: dict[str, catalogue.Type], rows: list[dict[str, Any]]
) -> Lines:
    """Line on which each (registry, file, record) of both sides begins."""
    from auyl.intake.locate import locate

    wanted: dict[str, set[tuple[str, int]]] = {}
    for row in rows:
        one = types[row["type_id"]]
        for name, side in (("left", one.left), ("right", one.right)):
            if row[f"{name}_file"] is not None:
                wanted.setdefault(side.registry, set()).add((row[f"{name}_file"], row[f"{name}_record"]))
    found: Lines = {}
    for registry, places in wanted.items():
        located = locate(settings, registry, sources.get(registry, []), sorted(places))
        found |= {(registry, file, record): line for (file, record), line in located.items()}
    return found


def _told(one: catalogue.Type, row: dict[str, Any], lines: Lines) -> dict[str, Any]:
    """A row of the workbook."""
    told: dict[str, Any] = {
        "Противоречие": one.names["ru"],
        "Қайшылық": one.names["kk"],
        "Важность / Маңызы": {"high": "высокая / жоғары", "medium": "средняя / орташа", "low": "низкая / төмен"}[
            one.severity
        ],
        "Округ / Округ": row["okrug_kato"],
        "Предмет / Нысан": SUBJECTS[row["subject_kind"]],
        "Ключ / Кілт": row["subject_key"],
        "Открыто с / Ашылған": row["opened_period"],
    }
    for number, name, side in ((1, "left", one.left), (2, "right", one.right)):
        file, record = row[f"{name}_file"], row[f"{name}_record"]
        told |= {
            f"Реестр {number} / Тізілім {number}": side.registry,
            f"Файл {number}": file,
            f"Строка {number} / Жол {number}": lines.get((side.registry, file, record)),
            f"Значение {number} / Мәні {number}": row[f"{name}_value"],
            f"Дата {number} / Күні {number}": row[f"{name}_date"],
        }
    for title, language in (("Причина", "ru"), ("Себебі", "kk")):
        told[title] = "; ".join(
            " ".join(str(part) for part in (side.says[language], row[f"{name}_value"]) if part is not None)
            for name, side in (("left", one.left), ("right", one.right))
        )
    return told | {
        "Людей / Адам": row["people"],
        "Тенге": None if row["tenge"] is None else float(row["tenge"]),
        "Затронуто / Қамтылған": None if row["affected"] is None else float(row["affected"]),
        "Единица / Өлшем": {"heads": "голов / бас", "hectares": "га"}.get(one.affected or ""),
    }
