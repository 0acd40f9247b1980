"""Release: a person decides that the changes for which the gate refused a period are real, and it is published."""

from __future__ import annotations

from auyl import ledger
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.snapshot.revision import BuildResult, build


def release(settings: Settings, period: str, reason: str, decided_by: str) -> BuildResult:
    """Accept the changes of the newest build, if the gate refused it for them alone, and build the period.

    It holds for the inputs of that build: where others arrived meanwhile, the gate judges those. Without a refused
    build it changes nothing. Raises AuylError for an empty reason, and for a build that breaches more than that.
    """
    if not reason.strip():
        raise AuylError("a release: expected a reason, found none. Give --reason")
    refused = ledger.newest_refused_build(settings, period)
    if refused is None:
        current = ledger.current_revision(settings, period)
        note = f"{period}: no refused build waits for a decision"
        return BuildResult(period, "unchanged", current.revision if current else None, note=note)
    if not refused["details"].get("is_change"):
        breaches = "; ".join(refused["details"]["breaches"])
        raise AuylError(f"snapshot {period}: only changes can be released; the gate refused it for: {breaches}")
    if ledger.accepted_change(settings, period, refused["inputs_digest"]) is None:
        acceptance = {
            "period": period,
            "inputs_digest": refused["inputs_digest"],
            "reason": reason.strip(),
            "decided_by": decided_by,
        }
        ledger.add_change_acceptance(settings, acceptance)
    return build(period, settings, bool(refused["details"]["missing"]))
