"""What the readers of JSON documents share: loading, the envelope, columns of objects as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.contracts import Contract
from auyl.formats.encoding import check_no_nul

if TYPE_CHECKING:
    import pyarrow


def load(contract: Contract, file: Path, max_bytes: int, **how: Any) -> Any:
    """The JSON document in a file; `how` goes to json.loads.

    Raises ExtractRefused for one that is too large, incomplete, not in UTF-8 or has a NUL in it.
    """
    size = file.stat().st_size
    if size > max_bytes:
        raise contract.refusal(file, f"a file of at most {max_bytes:,} bytes", f"{size:,}")
    try:
        content = file.read_bytes()
        check_no_nul(contract, file, content, b"\\u0000")
        return json.loads(content.decode("utf-8-sig"), **how)
    except (ValueError, RecursionError) as error:
        raise contract.refusal(file, "whole JSON in UTF-8", str(error), getattr(error, "lineno", None)) from error


def envelope(contract: Contract, document: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the contract's envelope that a document states."""
    return {name: str(document[key]) for name, key in contract.envelope.items() if document.get(key) is not None}


def column(objects: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> pyarrow.Array:
    """One cell an object, as text: the value of the first of `keys` that has one, else null."""
    import pyarrow

    values = [item.get(keys[0]) for item in objects] if keys else [None] * len(objects)
    for key in keys[1:]:
        values = [item.get(key) if value is None else value for item, value in zip(objects, values, strict=True)]
    try:
        return pyarrow.array(values, pyarrow.string())
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
        return pyarrow.array(map(_text, values), pyarrow.string())


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=vars)
