"""What decides which extract counts: looks at sources, arrivals, withdrawals."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Write down each look at a source, and withdrawals of batches; let a build return to inputs of an earlier one."""
    # The extracts of an older program count in the order that they had: by the time that each of them says.
    for name, default in (("is_time_stated", "true"), ("is_whole", "false")):
        op.add_column(
            "delivery", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(default)), schema="ledger"
        )
    op.create_table(
        "look",
        sa.Column("look_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("registry", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("delivery_id", sa.BigInteger, sa.ForeignKey("ledger.delivery.delivery_id")),
        sa.Column("watermark", sa.Text),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.CheckConstraint(
            "outcome in ('landed', 'again', 'unchanged', 'not_ready', 'unavailable', 'refused')", name="look_outcome"
        ),
        schema="ledger",
    )
    op.create_index("look_newest", "look", ["registry", "period", "look_id"], schema="ledger")
    op.create_index(
        "look_again", "look", ["delivery_id"], schema="ledger", postgresql_where=sa.text("outcome = 'again'")
    )
    op.create_table(
        "withdrawal",
        sa.Column("withdrawal_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("ledger.batch.batch_id"), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.CheckConstraint("length(trim(reason)) > 0", name="withdrawal_has_reason"),
        schema="ledger",
    )
    # After a withdrawal a period has the inputs of an earlier build again.
    op.drop_index("build_published_once", "build", schema="ledger")
    op.create_index("build_of_inputs", "build", ["period", "inputs_digest"], schema="ledger")
    op.drop_constraint("drift_kind_check", "drift", schema="ledger")
    op.create_check_constraint("drift_kind", "drift", "kind ~ '^[a-z]+(_[a-z]+)*$'", schema="ledger")
