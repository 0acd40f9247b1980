"""Which heading or key of an extract is which column of its contract."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from auyl.contracts.model import GEOMETRY, Column, Contract
from auyl.errors import ExtractRefused, shape

# Latin letters and the Cyrillic ones that look like them in capitals or in small letters.
_LATIN, _CYRILLIC = "abcehijkmopstxyү", "авсеніјкморѕтхуу"
# Marks that join letters or choose the look of a sign, and are not seen themselves.
_UNSEEN = "\u034f\ufe0e\ufe0f"
# Words of headings and keys, beside those of the contract; a cell that took the place of a heading has others.
_USUAL = re.findall(
    r"\w+",
    """
    адрес адреса всего город данные дата дом имя источник итог итого квартира код комментарий количество контакты лист
    наименование номер область основание отметка ответственный подпись примечание примечания причина прочее район
    согласие ссылка статус сумма телефон улица барлығы ескерту жиыны күні мекенжай саны
    address amount city code column comment count created data date description email error errors extra features file
    index items key list message name next note notes number page pages part parts period person phone reason records
    remark response result results rows source status street sum total type updated value version
    """,
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBER = re.compile(r"\d+")
# A heading may have a small number or a year in it.
_SMALL_NUMBER = re.compile(r"\d{1,3}|(?:19|20)\d\d")
# A day is a cell of many rows, even where a title has it.
_DAY = re.compile(r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
_DOUBLED = re.compile(r" \(\d+\)$")
# How near a mistyped word is to the one that was meant.
_NEAR = 0.8
_LOOK_ALIKE = str.maketrans(_LATIN + _LATIN.upper() + "һҺ", _CYRILLIC + _CYRILLIC.upper() + "нН")


# The sheets of a workbook have the same headings.
@lru_cache(maxsize=10_000)
def as_written(heading: str) -> str:
    """A heading or key without what cannot be seen: composed (NFC), no invisible marks, single spaces."""
    composed = heading if heading.isascii() else unicodedata.normalize("NFC", heading)
    if not composed.isascii():
        composed = "".join(sign for sign in composed if unicodedata.category(sign) != "Cf" and sign not in _UNSEEN)
    return " ".join(composed.split())


@lru_cache(maxsize=10_000)
def heading_key(heading: str) -> str:
    """A heading for comparison: as written, without case."""
    return as_written(heading).casefold()


def _unique_looks(contract: Contract, spelling: Callable[[str], str]) -> dict[str, Column]:
    """What names of columns look like, with look-alike letters as one; without the looks that two columns share."""
    looks: dict[str, set[Column]] = {}
    for column in contract.columns:
        for name in column.names:
            looks.setdefault(_look(spelling(name)), set()).add(column)
    return {look: column for look, (column, *others) in looks.items() if not others}


def _look(text: str) -> str:
    return text.translate(_LOOK_ALIKE)


def match_headings(contract: Contract, headings: Sequence[str], file: str, line: int) -> dict[Column, str]:
    """Which heading of an extract is which column of the contract. `headings` are distinct (`formats.common.distinct`).

    Headings are compared without case. One in its own letters goes before one in which Latin and Cyrillic letters that
    look alike are mixed. Raises ExtractRefused when a required column is missing, naming the nearest unclaimed heading,
    or when two headings claim the same column.
    """
    # A doubled heading carries its place.
    originals = [heading.removesuffix(f" ({number})") for number, heading in enumerate(headings, start=1)]
    by_key: dict[str, list[int]] = {}
    for place, heading in enumerate(originals):
        by_key.setdefault(heading_key(heading), []).append(place)
    claims = {
        column: sorted({place for name in column.names for place in by_key.get(heading_key(name), ())})
        for column in contract.columns
    }
    taken = {place for places in claims.values() for place in places}
    unclaimed = [place for place in range(len(originals)) if place not in taken]
    looks = _unique_looks(contract, heading_key) if unclaimed else {}
    alike: dict[Column, list[int]] = {}
    for place in unclaimed:
        if column := looks.get(_look(heading_key(originals[place]))):
            alike.setdefault(column, []).append(place)
    claims |= {column: places for column, places in alike.items() if not claims[column]}
    for column, places in claims.items():
        if len(places) > 1:
            found = f"{len(places)}: " + ", ".join(f"«{originals[n]}» in column {n + 1}" for n in places)
            raise contract.refusal(file, "one heading for the column", found, line, column.source)
    matched = {column: headings[places[0]] for column, places in claims.items() if places}
    for column in contract.columns:
        if column.required and column not in matched:
            spare = [text for text, name in zip(originals, headings, strict=True) if name not in matched.values()]
            raise missing_column(contract, column, [s for s in spare if heading_key(s)], file, line)
    return matched


def match_keys(contract: Contract, keys: set[str], file: str) -> dict[Column, list[str]]:
    """Which keys of JSON objects are which column: its source, then its aliases.

    Keys are compared as written, then with look-alike letters as one. One name may be several keys, which differ in
    marks that cannot be seen.

    Raises ExtractRefused when no object has the key of a required column, naming the nearest unclaimed key.
    """
    spelt: dict[str, list[str]] = {}
    for key in sorted(keys):
        spelt.setdefault(as_written(key), []).append(key)
    matched = {
        column: [key for name in column.names for key in spelt.get(as_written(name), ())] for column in contract.columns
    }
    known = {as_written(name) for column in contract.columns for name in column.names}
    looks = _unique_looks(contract, as_written)
    for text in sorted(spelt.keys() - known):
        if (alike := looks.get(_look(text))) and not matched[alike]:
            matched[alike] = spelt[text]
    matched = {column: names for column, names in matched.items() if names}
    taken = {name for names in matched.values() for name in names}
    for column in contract.columns:
        if column.required and column not in matched and not column.source.startswith(GEOMETRY):
            raise missing_column(contract, column, sorted(keys - taken), file, None)
    return matched


def missing_column(contract: Contract, column: Column, spare: list[str], file: str, line: int | None) -> ExtractRefused:
    """The refusal for a required column that is missing; `spare` are the headings that no column claims.

    They may be cells of a row; then only their shapes are shown.
    """
    near = difflib.get_close_matches(heading_key(column.source), [heading_key(s) for s in spare], n=1, cutoff=0.5)
    nearest = next((s for s in spare if heading_key(s) in near), "")
    if nearest and is_heading(contract, nearest):
        found = f"no such column; the nearest unclaimed one is «{in_words(contract, nearest)}»{_letters(nearest)}"
    else:
        unclaimed = [in_words(contract, text) for text in spare[:12]]
        found = f"no such column among the unclaimed: {', '.join(unclaimed) or 'none is left'}"
    owner = f"{contract.owner}; or us, by an alias in {contract.path.name}"
    return contract.refusal(file, "a required column", found, line, column.source, owner)


def is_heading(contract: Contract, text: str) -> bool:
    """Are all words of a text those of headings: of the contract, usual ones, abbreviations or typing errors of these?

    A heading of other words may be a cell of a person's row that took its place. Up to three letters say nothing.
    """
    plain = _DOUBLED.sub("", as_written(text))
    words = [word.casefold() for word in _WORD.findall(_parted(plain))]
    telling = [word for word in words if len(word) > 3] or words[1:]
    are_known = all(_is_word(contract, word) for word in telling)
    return bool(words) and are_known and all(map(_SMALL_NUMBER.fullmatch, _NUMBER.findall(plain)))


def _parted(name: str) -> str:
    """The name of a program's field with its words apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


@lru_cache(maxsize=10_000)
def _is_word(contract: Contract, word: str) -> bool:
    look, known = _look(word), _words(contract)
    return any(one.startswith(look) for one in known) or bool(difflib.get_close_matches(look, known, n=1, cutoff=_NEAR))


@lru_cache(maxsize=100)
def _words(contract: Contract) -> tuple[str, ...]:
    of_contract = [_WORD.findall(_parted(name)) for column in contract.columns for name in column.names]
    return tuple(sorted({_look(word.casefold()) for words in (*of_contract, _USUAL) for word in words}))


def in_words(contract: Contract, text: str) -> str:
    """A heading or key for reports: its shape where it may be a cell, else with the shapes of the days in it."""
    return _DAY.sub(lambda day: shape(day[0]), text) if is_heading(contract, text) else shape(text)


def shown(contract: Contract, headings: list[str]) -> list[str]:
    """Headings that the contract does not know, for reports; one that is shown by shapes has its number behind it."""
    words = [in_words(contract, text) for text in headings]
    return [
        word if word == text else f"{word} ({number})"
        for number, (word, text) in enumerate(zip(words, headings, strict=True), start=1)
    ]


def _letters(heading: str) -> str:
    """A hint at a heading in letters of two alphabets, which nobody sees."""
    latin, cyrillic = (re.findall(f"[{letters}]", heading.casefold()) for letters in ("a-z", "а-яёәғқңөұүһі"))
    return f", which has {len(latin)} Latin letters among Cyrillic ones" if latin and cyrillic else ""
