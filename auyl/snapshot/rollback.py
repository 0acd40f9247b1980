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
from auyl.store.binding import lake_of
from auyl.store.locks import BUILD, lock


@dataclass(frozen=True)
class Move:
    """What a decision did: the revision that is current now, whether anything changed, and why in words."""

    period: str
    revision: int
    is_new: bool
    note: str


def rollback(settings: Settings, period: str, reason: str, decided_by: str, to: int | None = None) -> Move:
    """Make the revision current that was so before the current one, or `to`. Again changes nothing.

    The current revision, and those that were current between it and `to`, count as rolled back. Raises AuylError for
    an empty reason, a period without a revision, and where there is none to go back to.
    """
    _check_reason(reason)
    with lock(settings, BUILD, period):
        known, moves = _known(settings, period)
        current = next(r for r in known.values() if r.is_current)
        is_held = bool(moves) and moves[-1].is_rolled_back is True
        if to == current.revision or (to is None and is_held):
            words = f"revision {current.revision} is current"
            if is_held:
                newest = known[moves[-1].revisions[-1]]
                words += f", since revision {newest.revision} was rolled back {newest.decision}"
            return Move(period, current.revision, False, words + ("" if to else ". Name --to to go further back"))
        former = [m.revision for m in moves if m.revision != current.revision and not known[m.revision].is_rolled_back]
        target = known.get(to if to is not None else former[-1] if former else 0)
        if target is None or target.is_rolled_back:
            found = f"revision {to}" if to is not None else "none"
            found += f", which was rolled back {target.decision}" if target is not None else ""
            raise AuylError(
                f"snapshot {period}: expected a revision before the current {current.revision}; found {found}. "
                f"`auyl snapshot list {period}` shows them"
            )
        after = [m.revision for m in moves]
        since = after[len(after) - after[::-1].index(target.revision) :] if target.revision in after else []
        taken = {r for r in since if not known[r].is_rolled_back} - {target.revision, current.revision}
        _decide(settings, True, [*sorted(taken), current.revision], target, reason, decided_by)
    return Move(period, target.revision, True, f"revision {target.revision} is current, {current.revision} rolled back")


def forward(settings: Settings, period: str, reason: str, decided_by: str, to: int | None = None) -> Move:
    """Take the newest rollback back, or that of `to`: that revision is current again. Again changes nothing.

    Where something was published after the rollback, that stays current. Raises AuylError as `rollback`, and for a
    revision that does not exist.
    """
    _check_reason(reason)
    with lock(settings, BUILD, period):
        known, moves = _known(settings, period)
        current = next(r for r in known.values() if r.is_current)
        if to is not None and to not in known:
            raise AuylError(f"snapshot {period}: expected a revision of it, found {to}. `auyl snapshot list {period}`")
        is_held = bool(moves) and moves[-1].is_rolled_back is True
        freed = [to] if to is not None else moves[-1].revisions if is_held else []
        freed = [revision for revision in freed if known[revision].is_rolled_back]
        if not freed:
            words = f"revision {to} is not rolled back" if to is not None else "no rollback is the newest decision"
            return Move(period, current.revision, False, f"{words}; revision {current.revision} is current")
        target = known[freed[-1]]
        # After a rollback and a forward to a part of it, the rest of it may follow.
        goes = bool(moves) and moves[-1].is_rolled_back is not None
        _decide(settings, False, freed, target if goes else current, reason, decided_by)
    if goes:
        return Move(period, target.revision, True, f"revision {target.revision} is current again")
    return Move(
        period, current.revision, True,
        f"revision {target.revision} is not rolled back any more; revision {current.revision}, which a build made "
        "current after it, stays so",
    )  # fmt: skip


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise AuylError("a decision on a snapshot: expected a reason, found none. Give --reason")


def _known(settings: Settings, period: str) -> tuple[dict[int, ledger.Revision], list[ledger.CurrentMove]]:
    """The revisions of a period by number, and which of them became current one after another."""
    known = {r.revision: r for r in ledger.revisions(settings, period)}
    if not any(r.is_current for r in known.values()):
        raise AuylError(f"snapshot {period}: expected a published revision, found none. `auyl snapshot list` shows all")
    return known, ledger.current_moves(settings, period)


def _decide(
    settings: Settings,
    is_rolled_back: bool,
    revisions: list[int],
    current: ledger.Revision,
    reason: str,
    decided_by: str,
) -> None:
    """Write the decision on `revisions` down and make `current` current in the same transaction."""
    decision = {
        "period": current.period,
        "is_rolled_back": is_rolled_back,
        "revisions": revisions,
        "current_revision": current.revision,
        "reason": reason.strip(),
        "decided_by": decided_by,
    }
    return_to(
        settings,
        lake_of(settings),
        inputs_of(settings, current),
        current.revision,
        lambda cursor: ledger.add_revision_decision(cursor, decision),
    )
