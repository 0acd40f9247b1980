"""Which elements the records of an XML file have: paths of its first records, names of all tags of the file.

Parsing every record for its paths would take longer than reading them. So the first records are parsed, and the tags
of the rest are compared by the first eight bytes of their names; only what is new there is parsed.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auyl.contracts.options import XmlOptions
from auyl.formats.common import empty
from auyl.formats.containers import HEAD_BYTES
from auyl.formats.xml_document import SAFE_PARSER, Document, has_only_xml_signs, local_name, syntax_error
from auyl.formats.xml_records import leaves, parse_record, record_parser

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE_RECORDS = 200
# In so many of them attributes are looked at.
ATTRIBUTE_RECORDS = 20
BLOCK_BYTES = 1 << 18
# In a larger file the names in every eighth block are looked at.
ALL_BYTES = 16 << 20
NEW_NAMES = 50
# Odd, with its bits well mixed: a multiple of a word has its bits in the highest ones.
SPREAD = 0x9E3779B97F4A7C15
NO_ELEMENT = tuple(b"/!?")
TAG = re.compile(rb"<([^\s<>/?!][^\s<>/]*)")


@dataclass
class Paths:
    """Paths below the record that a file has, the leaves among them that the contract does not know."""

    seen: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    # Something that the fast parser would not notice: signs that XML does not have, elements in place of a text.
    is_unusual: bool = False
    # The end tag of a record.
    closing: bytes = b""
    # End tags of which a record has one at most.
    parents: list[bytes] = field(default_factory=list)


def paths_in(document: Document, content: bytes | mmap.mmap) -> Paths:
    """The paths of a file whose text is `content`. Raises ExtractRefused when it has no record."""
    contract = document.contract
    steps = contract.options(XmlOptions).record_path
    known = {source for c in contract.columns for source in c.names}
    paths, found = Paths(), set[str]()
    records, prefix = _sample(document, steps, paths, found, known)
    if not records:
        # A limit of the parser on depth or length may end the search.
        fault = syntax_error([content[: document.end]])
        if fault:
            raise document.refusal(*fault)
        raise empty(contract, document.file, f"no element {'/'.join(steps)}")
    opening = prefix + steps[-1].encode()
    names = {match.group(1) for match in TAG.finditer(content[:HEAD_BYTES])}
    names |= _names_after_records(content, opening, document.end)
    for position in _new_names(content, document.end, names, len(prefix)):
        found |= _leaves_around(content, opening, position) or {_name_at(content, position)}
    paths.is_unusual = not has_only_xml_signs(content, document.end)
    paths.closing = b"</%s>" % opening
    paths.parents = [b"</%s%s>" % (prefix, parent.encode()) for parent in _parents(known)]
    paths.is_unusual |= any(leaf.startswith(f"{source}/") for leaf in found for source in known)
    ignored = contract.options(XmlOptions).ignore
    paths.unknown |= {leaf for leaf in found - known if not leaf.startswith(ignored)}
    return paths


def _sample(document: Document, steps: list[str], paths: Paths, found: set[str], known: set[str]) -> tuple[int, bytes]:
    """Note the paths of the first records; returns how many there are, and the prefix of their name."""
    from lxml import etree

    records, prefix, last = 0, b"", steps[-1]
    with document.text.open("rb") as stream:
        for _, element in etree.iterparse(stream, events=("end",), recover=True, **SAFE_PARSER):
            if not isinstance(element.tag, str) or not element.tag.endswith(last) or _path_to(element) != steps:
                continue
            records += 1
            prefix = f"{element.prefix}:".encode() if element.prefix else b""
            for below, is_leaf in leaves(element):
                paths.seen.add(below)
                if is_leaf:
                    found.add(below)
            if records <= ATTRIBUTE_RECORDS:
                paths.unknown |= _values_in_attributes(element, known)
            element.clear()
            if records >= SAMPLE_RECORDS:
                break
    return records, prefix


def _path_to(element: Any) -> list[str]:
    """The local names of the elements from the root to this one."""
    return [local_name(outer) for outer in (*reversed(list(element.iterancestors())), element)]


def _values_in_attributes(element: Any, known: set[str], path: str = "") -> set[str]:
    """Attributes that stand where the contract has an element: named like it, or on it while it is empty."""
    found = set()
    for name in element.attrib:
        is_empty = path in known and not len(element) and not (element.text or "").strip()
        if not name.startswith("{") and (is_empty or f"{path}/{name}".lstrip("/") in known):
            found.add(f"{path}@{name}")
    for child in element:
        if isinstance(child.tag, str):
            found |= _values_in_attributes(child, known, f"{path}/{local_name(child)}".lstrip("/"))
    return found


def _names_after_records(content: bytes | mmap.mmap, opening: bytes, end: int) -> set[bytes]:
    last = content.rfind(b"</%s>" % opening, 0, end)
    return {match.group(1) for match in TAG.finditer(content[last:end])} if last >= 0 else set()


def _new_names(content: bytes | mmap.mmap, end: int, known: set[bytes], skip: int) -> Iterator[int]:
    """Where an element is whose name is not `known`, by the first eight bytes after the prefix; once for each name."""
    import numpy

    names = {name[skip:][:8] for name in known}
    seen: set[int] = set()
    # A hash table of words that were seen; of two in one place it holds the later.
    table = numpy.zeros(1 << 16, "u8")
    is_name = numpy.ones(256, bool)
    is_name[list(NO_ELEMENT)] = False
    fresh = 0
    for begin in range(0, end - skip - 9, BLOCK_BYTES):
        if end > ALL_BYTES and begin // BLOCK_BYTES % 8:
            continue
        size = min(BLOCK_BYTES, end - skip - 9 - begin)
        tags = numpy.flatnonzero(numpy.frombuffer(content, "u1", size, begin) == ord("<"))
        first = numpy.frombuffer(content, "u1", size, begin + 1)[tags]
        tags = tags[is_name[first]]
        words = numpy.ndarray(size, "<u8", content, begin + 1 + skip, (1,))[tags]
        places = words * SPREAD >> 48
        new = words[table[places] != words]
        table[places] = words
        for word in set(new.tolist()) - seen:
            seen.add(word)
            name = re.split(rb"[\s/>]", word.to_bytes(8, "little"))[0]
            if name and name not in names and fresh < NEW_NAMES:
                names.add(name)
                fresh += 1
                yield begin + int(tags[words == word][0])


def _leaves_around(content: bytes | mmap.mmap, opening: bytes, position: int) -> set[str]:
    """The leaves of the record that holds a position; none when it is in no record."""
    begin = content.rfind(b"<" + opening, 0, position + 1)
    closing = b"</%s>" % opening
    end = content.find(closing, max(begin, 0))
    if begin < 0 or end < position:
        return set()
    record, _ = parse_record(record_parser(), content[begin : end + len(closing)])
    return {path for path, is_leaf in leaves(record) if is_leaf} if record is not None else set()


def _name_at(content: bytes | mmap.mmap, position: int) -> str:
    name = TAG.match(content[position : position + 256])
    return name.group(1).decode(errors="replace").rsplit(":")[-1] if name else "an element without a name"


def _parents(known: set[str]) -> set[str]:
    """Names of elements below which the contract has several columns: two of them would be read as one."""
    parents = [source.split("/")[0] for source in known if "/" in source]
    return {parent for parent in parents if parents.count(parent) > 1}


def count(content: bytes | mmap.mmap, end: int, text: bytes) -> int:
    """How often a text is in the first `end` bytes."""
    if isinstance(content, bytes):
        return content.count(text, 0, end)
    step = 64 << 20
    return sum(content[at : min(at + step + len(text) - 1, end)].count(text) for at in range(0, end, step))
