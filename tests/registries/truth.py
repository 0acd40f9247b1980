"""What became of the rows that the synthetic truth names, and of the good ones: the measure of a suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from auyl import contracts, intake, ledger
from auyl.duck import identifier, literal
from auyl.intake import BatchResult
from auyl.lake import Lake
from auyl.settings import Settings
from auyl.synthetic import REGISTRIES

PERIOD = "2026-10"


@dataclass(frozen=True)
class Outcomes:
    """Each row of the truth with `found` (quarantined, duplicate, warned or staged) and `rules`; good rows beside."""

    faults: list[dict[str, Any]]
    good_rows: int
    good_quarantined: list[dict[str, Any]]

    def missed(self) -> list[dict[str, Any]]:
        """Rows of the truth that intake did not treat as it owes to: mended and kept ones are to be staged."""
        owed = {
            "quarantined": {"quarantined"},
            "duplicate": {"duplicate"},
            "warned": {"warned"},
            "mended": {"staged", "warned"},
            "kept": {"staged", "warned"},
        }
        return [fault for fault in self.faults if fault["found"] not in owed[fault["outcome"]]]


def take_in(registry: str, extracts: Path, settings: Settings, period: str = PERIOD) -> BatchResult:
    """Land and load the extract of a registry."""
    files = sorted(path for path in (extracts / period / registry).iterdir() if path.is_file())
    return intake.load(intake.land_files(registry, period, files, settings), settings)


def outcomes(registry: str, extracts: Path, settings: Settings, period: str = PERIOD) -> Outcomes:
    """Compare the truth of a registry with the batch in force. Rows are the same by file and number in it.

    The truth counts records from 1 without the heading, a workbook's raw rows are counted as Excel does, and raw rows
    of text files leave out lines that never became rows.
    Of an exact duplicate either copy may be the one that is left out.
    """
    contract = contracts.load(registry, settings.include)
    (batch,) = ledger.in_force(settings, registry, period)
    lake = Lake(settings.lake)
    raw = ", ".join(literal(lake.address(path)) for path in lake.files(batch.raw_path))
    columns = ", ".join(identifier(column.name) for column in contract.columns)
    first = "(min(_record) over (partition by _file) - 1)" if contract.format == "xlsx" else "0"
    with duckdb.connect() as con:
        con.execute(f"""
            create table kept_back as
            select _file, _record, _line, _outcome, _rules
            from read_parquet({literal(lake.address(batch.quarantine_path))});
            create table row as
            select _file, _record, _record - {first} as n, hash({columns}) as content
            from read_parquet([{raw}], union_by_name = true);
            create table line as
            with length as (
                select _file, count(*) as lines from (
                    select _file from row union all select _file from kept_back where _record is null
                ) group by all
            )
            select l._file, l.n, row_number() over (partition by l._file order by l.n) as r
            from (select _file, unnest(range(1, lines + 1)) as n from length) as l
            anti join (select _file, _line - 1 as n from kept_back where _record is null) as lost using (_file, n);
            create table fate as
            select
                r._file as file, l.n as record, r.content, coalesce(k._outcome, '') as outcome,
                coalesce(k._rules, []) as rules, s._warned is not null as is_warned
            from row as r
            inner join line as l on r._file = l._file and r.n = l.r
            left join kept_back as k on r._file = k._file and r._record = k._record
            left join read_parquet({literal(lake.address(batch.stage_path))}) as s
                on r._file = s._file and r._record = s._record
            union all
            select _file, _line - 1, null, _outcome, _rules, false from kept_back where _record is null;
            create table truth as
            from read_parquet({literal(str(extracts / "truth" / period / f"{registry}.parquet"))});
            create table copied as
            select f.content from fate as f inner join truth as t using (file, record) where t.outcome = 'duplicate'
        """)
        faults = _dicts(
            con,
            """
            select
                t.*, f.rules,
                case
                    when f.outcome = 'quarantined' then 'quarantined'
                    -- headings among the rows are all alike, so the second repeats a quarantined one
                    when f.outcome = 'duplicate' and t.outcome = 'quarantined' and f.rules <> [] then 'quarantined'
                    when t.outcome = 'duplicate' and f.content in (select content from fate where outcome = 'duplicate')
                        then 'duplicate'
                    when f.outcome = 'duplicate' then 'duplicate'
                    when f.is_warned then 'warned'
                    else 'staged'
                end as found
            from truth as t left join fate as f using (file, record) order by file, record
            """,
        )
        good = "from fate as f anti join truth as t using (file, record)"
        return Outcomes(
            faults,
            con.execute(f"select count(*) {good}").fetchall()[0][0],
            _dicts(
                con,
                f"select f.file, f.record, f.outcome, f.rules {good} where f.outcome = 'quarantined' "
                "or (f.outcome = 'duplicate' and f.content not in (from copied)) order by all",
            ),
        )


def _dicts(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = con.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def stage_rows(registry: str, settings: Settings, period: str = PERIOD) -> list[dict[str, Any]]:
    """Stage of the batch in force, in the order of its files."""
    (batch,) = ledger.in_force(settings, registry, period)
    with duckdb.connect() as con:
        address = literal(Lake(settings.lake).address(batch.stage_path))
        return _dicts(con, f"from read_parquet({address}) order by _file, _record")


def assert_promises_are_kept(registry: str, extracts: Path, settings: Settings) -> BatchResult:
    """The spoiled extract is accepted with an account that balances, and every row of the truth got what it is owed."""
    result = take_in(registry, extracts, settings)
    assert result.status == "accepted", result.refusal
    assert result.rows_in == result.staged + result.quarantined + result.duplicates
    found = outcomes(registry, extracts, settings)
    assert found.good_rows + len(found.faults) == result.rows_in
    kinds = next(one.faults for one in REGISTRIES if one.name == registry)
    # A handful of rows cannot show every kind.
    assert {fault["kind"] for fault in found.faults} == set(kinds) or result.rows_in < 2_000
    assert not found.missed(), found.missed()[:5]
    assert len(found.good_quarantined) <= 0.001 * found.good_rows, found.good_quarantined[:5]
    return result
