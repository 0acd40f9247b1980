"""The ledger's tables in Python are those of the database."""

from sqlalchemy import TableClause, text

from auyl.ledger import tables
from auyl.settings import Settings
from auyl.store.postgres import transaction


def test_every_column_of_the_tables_in_python_is_a_column_of_the_database(settings: Settings) -> None:
    described = {
        (table.schema, table.name): {column.name for column in table.columns}
        for table in vars(tables).values()
        if isinstance(table, TableClause)
    }
    assert ("ledger", "batch_ranked") in described
    with transaction(settings) as con:
        rows = con.execute(
            text(
                "select table_schema, table_name, array_agg(column_name::text) from information_schema.columns "
                "where table_schema in ('ledger', 'serving') group by 1, 2"
            )
        ).all()
    actual = {(schema, name): set(columns) for schema, name, columns in rows}
    assert {key: columns - actual[key] for key, columns in described.items() if columns - actual[key]} == {}
    # The ledger's own tables are described whole.
    whole = {key for key in described if key[0] == "ledger"}
    assert {key: actual[key] - described[key] for key in whole if actual[key] - described[key]} == {}
