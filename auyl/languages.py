"""The languages of everything that people read: Kazakh, Russian, English."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

LANGUAGES = ("kk", "ru", "en")


def check_language(code: str) -> str:
    """`code` itself. Raises KeyError when it is none of the three."""
    if code not in LANGUAGES:
        raise KeyError(f"language: expected one of {', '.join(LANGUAGES)}, found {code!r}")
    return code


def _complete(texts: dict[str, str]) -> dict[str, str]:
    # In a YAML flow mapping a comma ends an unquoted text and makes a key of the rest.
    if set(texts) != set(LANGUAGES) or not all(text.strip() for text in texts.values()):
        raise ValueError(f"expected a text in each of {', '.join(LANGUAGES)}")
    return texts


# A text by language, as a field of a `Description`.
Texts = Annotated[dict[str, str], AfterValidator(_complete)]
