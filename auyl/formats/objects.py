"""What the readers of JSON share: parsing, the envelope, objects as columns of text.

A value is written as the document writes it: numbers by their digits, text as it is. What is no value for a cell
becomes a mark of `auyl.formats.marks`: an object or a list, a key that stands twice with different values, text that
no encoding has.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Column, Contract, in_words
from auyl.errors import shape
from auyl.formats.common import distinct
from auyl.formats.encoding import check_no_nul, guess
from auyl.formats.marks import BROKEN_TEXT, REPEATED, STRUCTURE, mark

if TYPE_CHECKING:
    import pyarrow


class Number(str):
    """A number as the document writes it: `1.10`, `1e5`, any count of digits."""

    __slots__ = ()


def parse(text: str, object_hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """A JSON document; `object_hook` may replace each of its objects.

    Raises ValueError for what is no JSON, and RecursionError for what is nested too deeply.
    """
    if object_hook is None:
        document = _QUICK.decode(text)
        if not _may_repeat(text, document):
            return document

    def an_object(pairs: list[tuple[str, Any]]) -> Any:
        one = _one_value_a_key(pairs)
        return object_hook(one) if object_hook else one

    return _decoder(an_object).decode(text)


def _no_number(word: str) -> str:
    """NaN and Infinity, which some programs write and JSON does not have."""
    return mark(BROKEN_TEXT, word)


def _decoder(an_object: Callable[[list[tuple[str, Any]]], Any] | None = None) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=an_object,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_no_number,
        # Line breaks and tabs inside a text are no JSON and have one reading.
        strict=False,
    )


_QUICK = _decoder()
_SPACED_COLON = re.compile(r'"[ \t\r\n]+:')


def _may_repeat(text: str, document: Any) -> bool:
    """May a key stand twice in an object? Quick for the usual documents: an object with a list of flat objects."""
    if not isinstance(document, dict):
        return True
    keys = len(document)
    for value in document.values():
        if isinstance(value, list):
            keys += sum(len(item) for item in value if isinstance(item, dict))
    return text.count('":') != keys or _SPACED_COLON.search(text) is not None


def _one_value_a_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    one = dict(pairs)
    if len(one) < len(pairs):
        for key in one:
            values = [value for name, value in pairs if name == key]
            if any(value != values[0] or type(value) is not type(values[0]) for value in values):
                one[key] = _repeated(*values)
    return one


def load(
    contract: Contract, file: Path, max_bytes: int, object_hook: Callable[[dict[str, Any]], Any] | None = None
) -> Any:
    """The JSON document in a file, see `parse`.

    Raises ExtractRefused for one that is too large, incomplete, nested too deeply, not in UTF-8 or has a NUL in it.
    """
    size = file.stat().st_size
    if size > max_bytes:
        raise contract.refusal(file, f"a file of at most {max_bytes:,} bytes", f"{size:,}")
    # The end of a document shows itself, so what pads the last block of a transfer is no loss.
    content = file.read_bytes().rstrip(b"\0\x1a")
    # The sign that opens a document is half a NUL in UTF-16.
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or content[:2].count(0) == 1:
        raise contract.refusal(file, "whole JSON in UTF-8", "text in UTF-16")
    try:
        text = content.decode("utf-8-sig")
        check_no_nul(contract, file, content)
        document = parse(text, object_hook)
        if "\\u0000" in text and has_nul_in_key(document):
            raise contract.refusal(file, "keys of visible signs", "a key with a NUL in it")
        return document
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"a byte that UTF-8 does not have; {guess(content)}"
        raise contract.refusal(file, "whole JSON in UTF-8", found, line) from error
    except ValueError as error:
        raise contract.refusal(file, "whole JSON in UTF-8", str(error), getattr(error, "lineno", None)) from error
    except RecursionError as error:
        raise contract.refusal(file, "JSON of a few levels", "objects or lists nested too deeply") from error


def has_nul_in_key(document: Any) -> bool:
    """Has any key a NUL, which no name of a column can have? In a value it is one broken cell."""
    if isinstance(document, dict):
        return any("\0" in key for key in document) or any(map(has_nul_in_key, document.values()))
    return isinstance(document, list) and any(map(has_nul_in_key, document))


def kind(value: Any) -> str:
    """What a value of a document is, in words."""
    if isinstance(value, str) and not isinstance(value, Number):
        return f"the text «{shape(value)}»"
    names = {dict: "an object", list: "a list", Number: f"the number {shape(value)}", bool: str(value).lower()}
    return names.get(type(value), "null")


def keys_in_words(contract: Contract, document: Mapping[str, Any]) -> str:
    """The first keys of an object; one that may be data is shown by its shape."""
    return ", ".join(in_words(contract, key) for key in list(document)[:9])


def envelope(contract: Contract, file: Path, document: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the contract's envelope that a document states. Raises ExtractRefused for one that is no text."""
    fields = {name: document[key] for name, key in contract.envelope.items() if document.get(key) is not None}
    for name, value in fields.items():
        if not isinstance(value, str) or "\0" in value:
            raise contract.refusal(file, "a text", kind(value), column=contract.envelope[name])
    return fields


def count(contract: Contract, file: Path, document: Mapping[str, Any], key: str | None) -> int | None:
    """The number that a document states under `key`; None where it states none. Raises ExtractRefused for no number."""
    value = document.get(key) if key else None
    if value is None:
        return None
    # Some services write their numbers as text.
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16):
        raise contract.refusal(file, "a whole number", kind(value), column=key)
    return int(value)


# Columns beside the keys of objects, under names that no key has: NUL is refused. The values are their names in raw.
PLACE = {"\0file": "_file", "\0record": "_record"}


def by_key(objects: Sequence[Mapping[str, Any]], file: str, records: Sequence[int]) -> pyarrow.Table:
    """A column of text for each key of these objects, and those of `PLACE`: the file and the number of each record."""
    import pyarrow

    keys = dict.fromkeys(key for keyset in dict.fromkeys(map(tuple, objects)) for key in keyset)
    table = {_encodable(key): column(objects, [key]) for key in keys}
    place = (pyarrow.repeat(file, len(objects)), pyarrow.array(records, pyarrow.int64()))
    return pyarrow.table(table | dict(zip(PLACE, place, strict=True)))


def column(objects: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> pyarrow.Array:
    """One cell an object, as text: the value under `keys`, null where there is none.

    Different values under two of the keys are marked as repeated.
    """
    import pyarrow

    values = [item.get(keys[0]) for item in objects] if keys else [None] * len(objects)
    for key in keys[1:]:
        values = [_either(value, item.get(key)) for item, value in zip(objects, values, strict=True)]
    try:
        # PostgreSQL takes no text with a NUL.
        if not any(type(value) is str and "\0" in value for value in values):
            return pyarrow.array(values, pyarrow.string())
    except (pyarrow.ArrowException, UnicodeError):
        pass
    return pyarrow.array(map(as_text, values), pyarrow.string())


def _either(value: Any, other: Any) -> Any:
    if value is None or other is None or value == other:
        return other if value is None else value
    return _repeated(value, other)


def _repeated(*values: Any) -> str:
    return mark(REPEATED, " | ".join("null" if value is None else str(as_text(value)) for value in values))


def as_text(value: Any) -> str | None:
    """A value as the text of a cell: itself, or what was seen behind a mark."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = _encodable(value).replace("\0", "\\x00")
        return value if plain == value else mark(BROKEN_TEXT, plain)
    try:
        return mark(STRUCTURE, _encodable(json.dumps(value, ensure_ascii=False, default=vars)))
    except RecursionError:
        return mark(STRUCTURE)


def _encodable(text: str) -> str:
    """A text with halves of surrogate pairs, which UTF-8 does not have, written by number."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def columns(
    contract: Contract, table: pyarrow.Table, matched: Mapping[Column, Sequence[str]], unknown: Sequence[str]
) -> pyarrow.Table:
    """Of a table `by_key`: the columns of the contract, empty ones too, then the unknown ones and those of `PLACE`.

    Different values under two keys of a column are marked as repeated.
    """
    import pyarrow

    nothing = pyarrow.nulls(table.num_rows, pyarrow.string())
    result = {}
    for column in contract.columns:
        first, *others = [table.column(key) for key in map(_encodable, matched.get(column, ()))] or [nothing]
        for other in others:
            first = pyarrow.array(map(_either, first.to_pylist(), other.to_pylist()), pyarrow.string())
        result[column.name] = first
    for key, shown in zip(unknown, distinct(map(_encodable, unknown)), strict=True):
        result[f"unknown:{shown}"] = table.column(_encodable(key))
    result |= {name: table.column(place) for place, name in PLACE.items()}
    return pyarrow.table(result)
