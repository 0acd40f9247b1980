"""What a demo is asked for: period, size, classifier and registries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auyl.errors import AuylError
from lab import CORE_REGISTRIES

PEOPLE = 1_600_000


@dataclass(frozen=True)
class DemoPlan:
    """Options of a demo. `scale` divides the 1.6 M people; `kato` is the real classifier.

    `registries` are those to load; all of the synthetic oblast by default.
    """

    period: str
    scale: int = 20
    kato: Path | None = None
    stay: bool = False
    registries: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.registries:
            from lab.synthetic import REGISTRIES

            object.__setattr__(self, "registries", tuple(registry.name for registry in REGISTRIES))

    @property
    def people(self) -> int:
        """People of the synthetic oblast."""
        return PEOPLE // self.scale


def choose_registries(names: str) -> tuple[str, ...]:
    """Registries from a list with commas: `core` gives CORE_REGISTRIES, an empty text none (DemoPlan then takes all).

    Raises AuylError for an unknown one.
    """
    from lab.synthetic import REGISTRIES

    known = [registry.name for registry in REGISTRIES]
    wanted = CORE_REGISTRIES if names == "core" else tuple(filter(None, (name.strip() for name in names.split(","))))
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise AuylError(f"no registry {', '.join(unknown)}; there are: {', '.join(known)}")
    return wanted
