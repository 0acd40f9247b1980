"""Great Expectations run in DuckDB itself, through SQLAlchemy: the peer that the compiled scan is held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest


def unexpected_counts(
    expectations: list[dict[str, Any]], con: duckdb.DuckDBPyConnection, file: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    """How many rows of table `candidates` each row expectation finds unexpected. They are copied to `file` first."""
    import duckdb_sqlalchemy
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    from auyl.settings import REPOSITORY
    from auyl.stage.judge import exception_of, great_expectations, suite_of

    rows = con.sql("from candidates").to_arrow_table()
    with duckdb.connect(str(file)) as peer:
        for path in sorted((REPOSITORY / "include" / "sql" / "macros").glob("*.sql")):
            peer.execute(path.read_text("utf-8"))
        peer.register("rows_of_candidates", rows)
        peer.execute("create table candidates as from rows_of_candidates")

    class Buffered(duckdb_sqlalchemy.Dialect.execution_ctx_cls):  # type: ignore[name-defined, misc]
        """Great Expectations reads a result after it closed its connection, when DuckDB has nothing left of it."""

        def post_exec(self) -> None:
            super().post_exec()
            if self.cursor.description:
                rows = self.cursor.fetchall()
                self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, initial_buffer=rows)

    monkeypatch.setattr(duckdb_sqlalchemy.Dialect, "execution_ctx_cls", Buffered)
    gx = great_expectations()
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql("peer", connection_string=f"duckdb:///{file}")
    batch = (
        source.add_table_asset("candidates", table_name="candidates")
        .add_batch_definition_whole_table("all")
        .get_batch()
    )
    counts = {}
    for item in expectations:
        if item["meta"]["level"] != "row":
            continue
        suite = suite_of(item["meta"]["rule"], [item])
        (result,) = batch.validate(suite, result_format="SUMMARY").results
        error = exception_of(result)
        assert not error, f"{item['meta']['rule']}: {error}"
        found = result.result
        counts[item["meta"]["rule"]] = found.get("unexpected_count", found.get("observed_value"))
    return counts
