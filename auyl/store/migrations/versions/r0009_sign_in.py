"""Sign-ins that are slowed by place, sessions that end when nobody uses them, passwords for one use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import INET

revision = "0009"
down_revision = "0008"


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()"))


def upgrade() -> None:
    """Count failures by place in tables of their own; know browsers; let an account demand a new password."""
    for name in ("failed_sign_ins", "locked_until"):
        op.drop_column("account", name, schema="access")
    op.add_column(
        "account",
        sa.Column("must_change_password", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="access",
    )
    op.add_column("account", _now("password_set_at"), schema="access")
    op.add_column("session", _now("last_seen_at"), schema="access")
    op.add_column(
        "session",
        sa.Column("idle_for", sa.Interval, nullable=False, server_default=sa.text("interval '15 minutes'")),
        schema="access",
    )
    op.add_column("session", sa.Column("device", sa.Text, nullable=False, server_default=""), schema="access")
    op.add_column("session", sa.Column("device_sha256", sa.LargeBinary), schema="access")
    op.create_table(
        "device",
        sa.Column("token_sha256", sa.LargeBinary, nullable=False),
        sa.Column("principal", sa.Text, sa.ForeignKey("access.account.principal", ondelete="cascade"), nullable=False),
        _now("first_at"),
        _now("last_at"),
        sa.PrimaryKeyConstraint("token_sha256", "principal"),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name="device_token"),
        schema="access",
    )
    op.create_index("device_of_principal", "device", ["principal"], schema="access")
    op.create_table(
        "sign_in_pace",
        sa.Column("place", sa.LargeBinary, primary_key=True),
        sa.Column("principal", sa.Text),  # null where the place is an address alone
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        _now("free_at"),
        _now("last_at"),
        sa.Column("noted_at", sa.DateTime(timezone=True)),
        schema="access",
    )
    op.create_index("sign_in_pace_oldest", "sign_in_pace", ["last_at"], schema="access")
    op.create_index("sign_in_pace_of_principal", "sign_in_pace", ["principal"], schema="access")
    op.create_table(
        "sign_in_attempt",
        sa.Column("attempt", sa.Uuid, primary_key=True),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("address", INET),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("places", sa.ARRAY(sa.LargeBinary), nullable=False),
        schema="access",
    )
