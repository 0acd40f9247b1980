"""Roll a period back to an earlier revision, and forward again: a person's decision, with a reason.

Nothing is deleted and nothing computed. A revision that was rolled back does not become current by a build of the same
inputs or with the same content, until the decision is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass

from auyl import ledger
from auyl.errors import AuylError
from auyl.settings import Settings
from auyl.snapshot.current import inputs_of, return_to
from auyl.store.lake import Lake
from auyl.store.locks import BUILD, lock


@dataclass(frozen=True)
class Move:
    """What a decision did: the revision that is current now, whether anything changed, and why in words."""

    period: str
    revision: int
    is_new: bool
    note: str


def rollback(settings: Settings, period: str, reason: str, decided_by: str, to: int | None = None) -> Move:
    """Make an earlier revision current: `to`, else the nearest before that was not rolled back. Again changes nothing.

    All revisions after `to` up to the current one count as rolled back. Raises AuylError for an empty reason, a period
    without a revision, or a revision that is not before the current one.
    """
    _check_reason(reason)
    with lock(settings, BUILD, period):
        known = _known(settings, period)
        current = _current(known, period)
        above = [r for r in known if r.is_rolled_back and r.revision > current.revision]
        if to == current.revision or (to is None and above):
            words = f", since revision {above[0].revision} was rolled back {above[0].decision}" if above else ""
            further = ". Name --to to go further back" if to is None else ""
            return Move(period, current.revision, False, f"revision {current.revision} is current{words}{further}")
        earlier = [r for r in known if r.revision < current.revision and (to is not None or not r.is_rolled_back)]
        target = next((r for r in reversed(earlier) if to in (None, r.revision)), None)
        if target is None:
            numbers = ", ".join(str(r.revision) for r in earlier) or "none"
            raise AuylError(
                f"snapshot {period}: expected a revision before the current {current.revision}, of which there are: "
                f"{numbers}; found {to or 'none'}. `auyl snapshot list {period}` shows them"
            )
        _decide(settings, True, target, current, target, reason, decided_by)
    return Move(period, target.revision, True, f"revision {target.revision} is current, {current.revision} rolled back")


def forward(settings: Settings, period: str, reason: str, decided_by: str, to: int | None = None) -> Move:
    """Take rollbacks back: the newest revision that was rolled back, or `to`, is current again. Again changes nothing.

    A revision that was published after a rollback stays current. Raises AuylError as `rollback`, and for a revision
    that does not exist.
    """
    _check_reason(reason)
    with lock(settings, BUILD, period):
        known = _known(settings, period)
        current = _current(known, period)
        if to is not None and to not in [r.revision for r in known]:
            raise AuylError(f"snapshot {period}: expected a revision of it, found {to}. `auyl snapshot list {period}`")
        freed = [r for r in known if r.is_rolled_back and (to is None or r.revision <= to)]
        if not freed or to not in (None, freed[-1].revision):
            what = "no revision" if to is None else f"revision {to}"
            words = f"{what} is rolled back" if to is None else f"{what} is not rolled back"
            return Move(period, current.revision, False, f"{words}; revision {current.revision} is current")
        upper = freed[-1]
        goes = current.revision < upper.revision
        _decide(settings, False, freed[0], upper, upper if goes else current, reason, decided_by)
    if goes:
        return Move(period, upper.revision, True, f"revision {upper.revision} is current again")
    return Move(
        period, current.revision, True,
        f"revision {upper.revision} is not rolled back any more; revision {current.revision}, published after it, "
        "stays current",
    )  # fmt: skip


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise AuylError("a decision on a snapshot: expected a reason, found none. Give --reason")


def _known(settings: Settings, period: str) -> list[ledger.Revision]:
    known = ledger.revisions(settings, period)
    if not known:
        raise AuylError(f"snapshot {period}: expected a published revision, found none. `auyl snapshot list` shows all")
    return known


def _current(known: list[ledger.Revision], period: str) -> ledger.Revision:
    current = next((r for r in known if r.is_current), None)
    if current is None:
        raise AuylError(f"snapshot {period}: no revision is current; auyl build --period {period}")
    return current


def _decide(
    settings: Settings,
    is_rolled_back: bool,
    lower: ledger.Revision,
    upper: ledger.Revision,
    current: ledger.Revision,
    reason: str,
    decided_by: str,
) -> None:
    """Write the decision down and move the period in the same transaction.

    It is about the revisions after `lower` (rolled back) or from `lower` (forward) up to `upper`.
    """
    decision = {
        "period": upper.period,
        "is_rolled_back": is_rolled_back,
        "lower_revision": lower.revision if is_rolled_back else lower.revision - 1,
        "upper_revision": upper.revision,
        "reason": reason.strip(),
        "decided_by": decided_by,
    }
    return_to(
        settings,
        Lake(settings.lake),
        inputs_of(settings, current),
        current.revision,
        lambda cursor: ledger.add_revision_decision(cursor, decision),
    )
