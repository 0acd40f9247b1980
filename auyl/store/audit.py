"""The audit of a decision: who decided what, and why, in the transaction that carries it out."""

from sqlalchemy import Connection, text


def audit_decision(con: Connection, action: str, object_: str, reason: str, decided_by: str) -> None:
    """Add one row to access.audit in the transaction of `con`."""
    con.execute(
        text("select access.write_audit(:action, :object, 'done', :reason, null, :decided_by)"),
        {"action": action, "object": object_, "reason": reason, "decided_by": decided_by},
    )
