"""Which lake belongs to the database."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Write down the id that database and lake share: begun, then settled when the lake has it too."""
    now = sa.text("clock_timestamp()")
    op.create_table(
        "lake",
        sa.Column("lake_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("lake_id", sa.Text, nullable=False, unique=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        sa.CheckConstraint("length(trim(reason)) > 0", name="lake_has_reason"),
        schema="ledger",
    )
    op.create_table(
        "lake_settled",
        sa.Column("lake_no", sa.Integer, sa.ForeignKey("ledger.lake.lake_no"), primary_key=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        schema="ledger",
    )
