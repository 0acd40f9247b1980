"""Whose bytes were erased, by whom and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Write down decisions to erase the bytes of a delivery, or to let them come again, and when an erasure ended."""
    now = sa.text("clock_timestamp()")
    op.create_table(
        "erasure",
        sa.Column("erasure_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("delivery_id", sa.BigInteger, sa.ForeignKey("ledger.delivery.delivery_id"), nullable=False),
        sa.Column("is_erased", sa.Boolean, nullable=False),
        sa.Column("is_by_term", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.CheckConstraint("length(trim(reason)) > 0", name="erasure_has_reason"),
        schema="ledger",
    )
    op.create_index("erasure_newest", "erasure", ["delivery_id", "erasure_id"], schema="ledger")
    op.create_table(
        "erasure_end",
        sa.Column("erasure_id", sa.BigInteger, sa.ForeignKey("ledger.erasure.erasure_id"), primary_key=True),
        sa.Column("files", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        schema="ledger",
    )
