"""Passwords by verifier, and rows of the audit that know their transaction."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Split the hash of a password into its salt and the sha256 of the rest, so that no function has to answer it."""
    op.add_column("account", sa.Column("password_salt", sa.Text), schema="access")
    op.add_column("account", sa.Column("verifier", sa.LargeBinary), schema="access")
    # An encoded argon2 hash ends in base64 without padding.
    op.execute(
        r"""
        update access.account
        set
            password_salt = regexp_replace(password_hash, '\$[^$]*$', ''),
            verifier = sha256(decode(
                rpad(h.last, (length(h.last) + 3) / 4 * 4, '='), 'base64'
            ))
        from (select principal, regexp_replace(password_hash, '^.*\$', '') as last from access.account) as h
        where h.principal = account.principal
        """
    )
    op.drop_column("account", "password_hash", schema="access")
    for name in ("password_salt", "verifier"):
        op.alter_column("account", name, nullable=False, schema="access")
    op.create_check_constraint(
        "account_password_salt", "account", "password_salt like '$argon2id$%$%$%'", schema="access"
    )
    op.create_check_constraint("account_verifier", "account", "octet_length(verifier) = 32", schema="access")
    op.create_table(
        "decoy",
        sa.Column("only_row", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("only_row", name="decoy_once"),
        schema="access",
    )
    op.execute(
        "insert into access.decoy (secret) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
    )
    # Rows of earlier transactions have none.
    op.execute("alter table access.audit add column transaction_id xid8")
    op.execute("alter table access.audit alter column transaction_id set default pg_current_xact_id()")
