"""Retire an edition of KATO: from then on no snapshot is made in it, and the newest of the others is current.

What was published in it stays as it is until its period is built again or rolled back.
"""

from __future__ import annotations

from auyl import ledger
from auyl.errors import AuylError, TerritoryMissing
from auyl.settings import Settings
from auyl.store.lake import Lake
from auyl.store.locks import DECIDE, lock
from auyl.territory.resolver import current_edition, editions


def retire(settings: Settings, edition: str, reason: str, decided_by: str) -> tuple[bool, str]:
    """Retire an edition; return whether that is new, and the edition that is current now. Again changes nothing.

    Raises AuylError for an empty reason, an edition that is not loaded, and the only one that is left.
    """
    return _decide(settings, edition, True, reason, decided_by)


def reinstate(settings: Settings, edition: str, reason: str, decided_by: str) -> tuple[bool, str]:
    """Let snapshots be made in a retired edition again. Returns and raises as `retire`."""
    return _decide(settings, edition, False, reason, decided_by)


def _decide(settings: Settings, edition: str, is_retired: bool, reason: str, decided_by: str) -> tuple[bool, str]:
    if not reason.strip():
        raise AuylError("a decision on an edition: expected a reason, found none. Give --reason")
    lake = Lake(settings.lake)
    known = editions(settings, lake)
    if edition not in known:
        raise TerritoryMissing(f"edition {edition}: expected one of {', '.join(known) or 'none that is loaded'}")
    with lock(settings, DECIDE, "edition"):
        retired = ledger.retired_editions(settings)
        is_new = (edition in retired) != is_retired
        if is_new and is_retired and set(known) == {edition, *retired}:
            raise TerritoryMissing(f"edition {edition}: expected another one that is not retired; found none loaded")
        if is_new:
            decision = {
                "edition": edition,
                "is_retired": is_retired,
                "reason": reason.strip(),
                "decided_by": decided_by,
            }
            ledger.add_edition_decision(settings, decision)
    return is_new, current_edition(settings, lake)
