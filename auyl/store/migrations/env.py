"""How Alembic runs the revisions: on the connection, and in the transaction, of `auyl.store.schema.migrate`."""

from alembic import context

from auyl.store.version import SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=SCHEMA)
with context.begin_transaction():
    context.run_migrations()
