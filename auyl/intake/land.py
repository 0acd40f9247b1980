"""Landing: the bytes as they came, their sha256, and one row of the ledger.

The digest of a delivery is over its files' digests and not their names, so a file sent again under another name is
the same delivery. Of corrected rows it is also over the extract that they correct: the same bytes, loaded as an extract
by mistake, are another delivery.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from auyl import ledger
from auyl.contracts import Contract
from auyl.errors import LandingLost, visible
from auyl.intake.age import Age, refuse_month_to_come
from auyl.settings import Settings
from auyl.store import paths
from auyl.store.binding import lake_of
from auyl.store.lake import GrowsOn, Lake
from auyl.store.locks import LAND, lock
from auyl.store.regular import EXPECTED, NotRegular, Opener, open_regular, refusing
from auyl.store.spill import remove_partial

BY_OPERATOR = "whoever gave the command, with a copy of the file"


@dataclass(frozen=True)
class Arrival:
    """Files of one extract on their way in.

    `corrects` is the batch whose rejected rows they correct. `evidence` is what the source said of itself (request ids,
    signatures); it is kept in the manifest. `promised`, `check` and `opener` are those of `auyl.sources.Pulled`.
    """

    files: list[Path]
    age: Age
    source: str
    watermark: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    corrects: int | None = None
    promised: dict[str, str] = field(default_factory=dict)
    check: Callable[[], None] = lambda: None
    is_whole: bool = False
    opener: Opener = open_regular

    @property
    def is_pulled(self) -> bool:
        """Did the source give it, and not a person?"""
        return not self.source.startswith(ledger.BY_HAND)


def land(settings: Settings, contract: Contract, period: str, arrival: Arrival) -> ledger.Delivery:
    """Copy the files into the lake and write the delivery down; the same bytes again give the row that is there.

    Files of one name from several folders are landed under the names of folder and file. Raises ExtractRefused when a
    file is given twice, is too large, a link or a secret of ours, or when the bytes that were copied are not those that
    the source promised.
    """
    lake = lake_of(settings)
    named = names_in_the_lake(contract, arrival.files)
    files = sorted(arrival.files, key=named.__getitem__)
    refuse_month_to_come(contract, period, files[0], None if arrival.is_pulled else "whoever gave the command")
    refuse_large(contract, files)
    with lock(settings, LAND, contract.registry, period):
        # Only this lock's holder writes an incoming folder, so one that is there was left by a killed process.
        incoming = paths.landing_incoming(contract.registry, period)
        lake.prepare(incoming)
        opener = refusing(arrival.opener, settings.secret_files)
        with (
            refusing_odd_files(contract, None if arrival.is_pulled else BY_OPERATOR),
            ThreadPoolExecutor(max_workers=settings.threads) as pool,
        ):
            paths_of = [f"{incoming}/{named[file]}" for file in files]
            copied = list(pool.map(partial(lake.put, opener=opener, limit=contract.max_extract_bytes), files, paths_of))
        sums = [total for total, _ in copied]
        arrival.check()
        for file, total in zip(files, sums, strict=True):
            promised = arrival.promised.get(file.name, total)
            if total != promised:
                raise contract.refusal(file, f"sha256 {promised[:16]}…, as its marker says", f"{total[:16]}…")
        known, digest = _known(settings, contract, period, sums, arrival.corrects)
        _refuse_erased(settings, contract, period, files[0], known, sums)
        if known is not None:
            named_sums = {named[file]: total for file, total in zip(files, sums, strict=True)}
            repair(settings, lake, known, incoming, named_sums)
            lake.remove(incoming)
            outcome: ledger.Outcome = "again" if _is_again(settings, known, arrival) else "unchanged"
            look = ledger.Look(
                contract.registry, period, outcome, arrival.source, known.delivery_id, arrival.watermark,
                arrival.is_whole,
            )  # fmt: skip
            ledger.add_look(settings, look)
            return known
        entries = [(named[file], *sum_and_size) for file, sum_and_size in zip(files, copied, strict=True)]
        return _write_down(settings, lake, contract, period, arrival, entries, digest, incoming)


def refuse_large(contract: Contract, files: list[Path]) -> None:
    """Refuse files that together are larger than an extract of the registry may be, before any of them is copied."""
    sizes = {file: file.lstat().st_size for file in files if file.is_file()}
    if (size := sum(sizes.values())) > contract.max_extract_bytes:
        raise contract.too_large(max(sizes, key=sizes.__getitem__), size)


def _refuse_erased(
    settings: Settings, contract: Contract, period: str, file: Path, known: ledger.Delivery | None, sums: list[str]
) -> None:
    """Refuse the bytes of an erased delivery, and any file that was erased by a decision; leave none of them here."""
    erased = ledger.erasure(settings, known.delivery_id) if known else None
    erased = erased or ledger.erased_bytes(settings, contract.registry, sums)
    if erased is None:
        return
    lake_of(settings).remove(paths.landing_incoming(contract.registry, period))
    remove_partial(settings, contract.registry, period)
    found = f"the bytes of {erased}. To take them in again: auyl extracts readmit {erased.delivery_id} --reason …"
    raise contract.refusal(file, "other bytes than those that were erased", found)


def _known(
    settings: Settings, contract: Contract, period: str, sums: list[str], corrects: int | None
) -> tuple[ledger.Delivery | None, str]:
    """The delivery of these bytes that is there, and the digest of these bytes.

    The same corrected rows are known, whichever batch of the chain they name. But what is withdrawn with another batch
    alone, whose correction it corrected, is no answer: then they are a delivery of their own.
    """
    digest = hashlib.sha256("\n".join(sorted(sums)).encode()).hexdigest()
    known = ledger.find_delivery(settings, contract.registry, period, digest)
    # An earlier version gave corrected rows the digest of their bytes alone.
    if corrects is None or (known is not None and known.corrects_batch_id is not None):
        return known, digest
    chain = ledger.correction_chain(settings, ledger.batch(settings, corrects).delivery_id)
    links = [ledger.delivery(settings, link).digest for link in chain]
    digest = ""
    for words in (f"corrects {links[-1]}", *(f"corrects {link} alone" for link in reversed(links))):
        digest = hashlib.sha256("\n".join([words, *sorted(sums)]).encode()).hexdigest()
        known = ledger.find_delivery(settings, contract.registry, period, digest)
        if known is not None and not _is_of_another_link(settings, known, chain[0]):
            return known, digest
        if known is None and words == f"corrects {links[-1]}":
            break
    return None, digest


def _is_of_another_link(settings: Settings, known: ledger.Delivery, link: int) -> bool:
    """Does a correction correct another delivery than `link`, and is it withdrawn with that one alone?"""
    of_known = ledger.correction_chain(settings, known.delivery_id)
    if of_known[1:2] == [link] or ledger.erasure(settings, known.delivery_id) is not None:
        return False
    return ledger.withdrawn(settings, of_known[1]) is not None and not ledger.is_decided(settings, known.delivery_id)


@contextmanager
def refusing_odd_files(contract: Contract, owner: str | None = None) -> Iterator[None]:
    """A link, a pipe or a secret in place of a file becomes a refusal; `owner` can correct it, else the registry's."""
    try:
        yield
    except NotRegular as odd:
        raise contract.refusal(Path(odd.path).name, EXPECTED, odd.found, owner=owner) from None
    except GrowsOn as file:
        raise contract.too_large(Path(str(file))) from None


def repair(settings: Settings, lake: Lake, known: ledger.Delivery, incoming: str, given: dict[str, str]) -> list[str]:
    """Put back the landed files of a delivery that the lake has lost, or holds with other bytes; return their names.

    `given`: names in `incoming` with their sha256, the same bytes as the delivery's.
    """
    by_sum = {total: name for name, total in given.items()}
    lost = []
    for file in ledger.files(settings, known.delivery_id):
        path = f"{known.landing_path}/{file['name']}"
        if lake.exists(path) and lake.sha256(path) == file["sha256"]:
            continue
        lake.write(path, lake.read(f"{incoming}/{by_sum[file['sha256']]}"))
        lost.append(file["name"])
    return lost


def refuse_lost(settings: Settings, lake: Lake, delivery: ledger.Delivery) -> None:
    """Raise LandingLost where the lake has not all landed files of a delivery, in their size."""
    for file in ledger.files(settings, delivery.delivery_id):
        path = f"{delivery.landing_path}/{file['name']}"
        if not lake.exists(path):
            raise LandingLost(delivery.registry, delivery.period, path)
        if (size := lake.size(path)) != file["size_bytes"]:
            found = f"one of {size} bytes in place of {file['size_bytes']}"
            raise LandingLost(delivery.registry, delivery.period, path, found)


def names_in_the_lake(contract: Contract, files: list[Path]) -> dict[Path, str]:
    """Under which name each file is landed: its own, with its folder's before it where another has the same.

    Raises ExtractRefused for files that the names do not distinguish, before anything is written.
    """
    counts = Counter(file.name for file in files)
    named: dict[Path, str] = {}
    for file in files:
        if visible(file.name) != file.name:
            raise contract.refusal(file, "a name without control characters", "one with them")
        # The manifest of the delivery stands beside the files.
        is_alone = counts[file.name] == 1 and file.name != paths.MANIFEST
        name = file.name if is_alone else f"{file.parent.resolve().name} {file.name}"
        if name in named.values():
            raise contract.refusal(name, "each file once, in folders of different names", "two of this name")
        named[file] = name
    return named


def _is_again(settings: Settings, known: ledger.Delivery, arrival: Arrival) -> bool:
    """Do the bytes of an earlier delivery come again after those of another one?

    Not where they are the last that arrived, with or without corrected rows, nor where a source goes on giving them
    after a person has brought others.
    """
    last = ledger.last_arrival(settings, known.registry, known.period)
    if last is not None and known.delivery_id in ledger.correction_chain(settings, last):
        return False
    return not (arrival.is_pulled and known.delivery_id == ledger.last_pulled(settings, known.registry, known.period))


def _write_down(
    settings: Settings,
    lake: Lake,
    contract: Contract,
    period: str,
    arrival: Arrival,
    entries: list[tuple[str, str, int]],
    digest: str,
    incoming: str,
) -> ledger.Delivery:
    folder = paths.landing_folder(contract.registry, period, digest)
    manifest = {
        "registry": contract.registry,
        "period": period,
        "digest": digest,
        "extracted_at": arrival.age.extracted_at.isoformat(),
        "source": arrival.source,
        "contract": contract.digest,
        "evidence": arrival.evidence,
        "files": [{"name": name, "sha256": total, "bytes": size} for name, total, size in entries],
    }
    lake.write(f"{incoming}/{paths.MANIFEST}", json.dumps(manifest, ensure_ascii=False, indent=1).encode())
    lake.move(incoming, folder)
    return ledger.add_delivery(
        settings, contract.registry, period, digest, entries, arrival.age.extracted_at, arrival.watermark,
        arrival.source, folder, arrival.corrects, arrival.age.is_stated, arrival.is_whole,
    )  # fmt: skip


def files_of(lake: Lake, delivery: ledger.Delivery, work: Path, names: Collection[str] | None = None) -> list[Path]:
    """The landed files of a delivery as local paths; fetched into `work` when the lake is elsewhere.

    `names` asks for these alone. Raises FileNotFoundError when one of them is not there.
    """
    landed = [path for path in lake.files(delivery.landing_path) if not path.endswith(f"/{paths.MANIFEST}")]
    if names is not None:
        landed = [f"{delivery.landing_path}/{name}" for name in sorted(names)]
        if gone := [path for path in landed if not lake.exists(path)]:
            raise FileNotFoundError(f"the lake has lost {gone[0]}")
    if lake.is_local:
        return [Path(lake.address(path)) for path in landed]
    local = []
    for path in landed:
        target = work / path.rsplit("/", 1)[-1]
        lake.filesystem.get_file(lake.address(path), str(target))
        local.append(target)
    return local
