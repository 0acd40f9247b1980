"""What the machine of operations does to an installation; each is a step of its own that another process can do."""

from __future__ import annotations

from pathlib import Path

from auyl import intake, ledger
from auyl.intake.reload import reload
from auyl.intake.withdraw import restore, withdraw
from auyl.settings import Settings
from auyl.snapshot import BuildResult, build
from auyl.snapshot.release import release
from auyl.snapshot.rollback import forward, rollback
from auyl.store.lake import Lake
from auyl.territory.adoption import adopt, retire
from tests.extracts import ambulance_csv, call, iin, person, population_xml, social_csv, social_row
from tests.intake.written import Content, content_of

WHO, WHY = "machine", "an operation of the machine"
BAD, BIG = "123456789012", "90 000,00"


def stated_day(variant: int) -> int:
    """The day that a register of persons states; the fourth states an earlier one."""
    return 20 if variant == 3 else 28


def extract(folder: Path, registry: str, period: str, variant: int) -> Path:
    """An extract of a few rows; another one for each variant. The last differs so much that the gate refuses it."""
    year, month = period.split("-")
    if registry == "population":
        people = [
            person(n, city="КАЙРАТ" if n % 4 == 0 else "ШЕЛЕК") for n in range(1, 70 if variant == 4 else 9 + variant)
        ]
        made = f"{period}-{stated_day(variant)}T02:00:00+05:00"
        content, name = population_xml(people, period, made=made), "p.xml"
    elif registry == "social_assistance":
        rows = [social_row(n) for n in range(1, 7)] + [social_row(9, ИИН=BAD)] * (variant % 2)
        rows += [social_row(20 + n, **{"СУММА, ТЕНГЕ": BIG}) for n in range(variant)]
        content, name = social_csv(rows).replace(b"10.2026", f"{month}.{year}".encode()), "s.csv"
    else:
        calls = [call(n) for n in range(1 + 2 * variant, 6 + 2 * variant)]
        content, name = ambulance_csv(calls).replace(b"2026-10-05", f"{period}-05".encode()), "c.csv"
    file = folder / name
    file.write_bytes(content)
    return file


def take_in(
    settings: Settings, folder: Path, registry: str, period: str, variant: int, corrects: int | None = None
) -> int | None:
    """Land and load an extract; the number of its batch."""
    file = extract(folder, registry, period, variant)
    return intake.load(intake.land_files(registry, period, [file], settings, None, corrects), settings).batch_id


def correct(settings: Settings, folder: Path, period: str) -> int | None:
    """Hand the rejected rows of the current extract back, and take them in corrected; the number of the batch."""
    batch = None
    for file in intake.write_handback(settings, "social_assistance", period):
        if file.state == "current":
            returned = folder / Path(file.path).name
            rows = Lake(settings.lake).read(file.path).decode("utf-8-sig")
            returned.write_text(rows.replace(BAD, iin(50)).replace(BIG, "70 000,00"), encoding="utf-8-sig")
            batch = intake.load(intake.land_files("social_assistance", period, [returned], settings), settings).batch_id
    return batch


def decide(settings: Settings, batch: int, is_back: bool) -> None:
    """Withdraw or restore a batch."""
    (restore if is_back else withdraw)(settings, batch, WHY, WHO)


def decide_edition(settings: Settings, edition: str, is_adopted: bool) -> None:
    """Adopt or retire an edition."""
    (adopt if is_adopted else retire)(settings, edition, WHY, WHO)


def judge_again(settings: Settings, period: str | None) -> None:
    """Reload what was landed."""
    for result in reload(settings, ledger.Decision(WHY, WHO), None, period):
        assert result.status != "failed", result


def publish(settings: Settings, period: str) -> BuildResult:
    """Build with what is there."""
    return build(period, settings, allow_missing=True)


def release_changes(settings: Settings, period: str) -> None:
    """Publish what the gate refused."""
    release(settings, period, WHY, WHO)


def move(settings: Settings, period: str, is_back: bool, to: int | None) -> None:
    """Roll a period back or forward."""
    (rollback if is_back else forward)(settings, period, WHY, WHO, to)


def built_from_nothing(settings: Settings, period: str) -> Content | None:
    """The content of a period of a clean installation; None if its population is missing."""
    result = publish(settings, period)
    if result.status == "refused":
        result = release(settings, period, WHY, WHO)
    assert result.status in ("published", "incomplete"), result
    return content_of(settings, period, result.revision) if result.revision else None
