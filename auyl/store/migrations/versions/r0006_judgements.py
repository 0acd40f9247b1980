"""Which batch of a delivery counts, and whole readings that gave known bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    """Add a table, and to a look whether it read the whole period."""
    op.create_table(
        "judgement",
        sa.Column("judgement_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("ledger.batch.batch_id"), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", sa.Text),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.CheckConstraint("length(trim(reason)) > 0 and (reason is null) = (decided_by is null)", name="has_reason"),
        schema="ledger",
    )
    op.create_index("judgement_by_batch", "judgement", ["batch_id"], schema="ledger")
    op.add_column(
        "look", sa.Column("is_whole", sa.Boolean, nullable=False, server_default=sa.text("false")), schema="ledger"
    )
