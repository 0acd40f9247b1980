"""Plain names, and the third state of a row: linkable."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rename tables; let the account of a batch count linkable rows."""
    op.rename_table("snapshot_in_force", "current_snapshot", schema="serving")
    op.rename_table("edition_in_force", "current_edition", schema="serving")
    op.rename_table("digest", "daily_report", schema="ledger")
    op.rename_table("digest_mail", "daily_report_mail", schema="ledger")
    op.add_column("batch", sa.Column("linkable_path", sa.Text), schema="ledger")
    for schema, table in (("ledger", "batch"), ("serving", "quality")):
        op.add_column(table, sa.Column("linkable", sa.BigInteger, nullable=False, server_default="0"), schema=schema)
        op.drop_constraint("balances", table, schema=schema)
        op.create_check_constraint(
            "balances", table, "rows_in = staged + linkable + quarantined + duplicates", schema=schema
        )
