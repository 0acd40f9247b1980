"""The records of an XML file one by one: slowly and exactly, for what the fast parser cannot decide.

A record is cut out of the text between its tags and parsed alone, so that a broken one is rejected alone. What is
left without the records must be well-formed, with every record at its path: then nothing else was cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auyl.contracts.options import XmlOptions
from auyl.formats.common import Reject
from auyl.formats.marks import REPEATED, STRUCTURE, mark
from auyl.formats.xml_document import SAFE_PARSER, Document, local_name, syntax_error, with_paths, words_of

if TYPE_CHECKING:
    import pyarrow

SPACE = " \t\r\n"
# After these nobody knows where an element ends.
LOST = "a lost block"
TORN = frozenset(("tag name mismatch", "tag not finished", "cdata not finished", "comment not finished", LOST))
# So many NULs in a row may stand where a record ended and another began.
LOST_BLOCK = b"\0" * 16
# These change no value.
HARMLESS = frozenset(("ns err undefined namespace", "hyphen in comment", "attribute redefined"))
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Records:
    """Readable records as columns with `_record`, and the rejected ones."""

    columns: dict[str, list[str | None]]
    numbers: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    # Elements of the record's name at another path.
    elsewhere: int = 0
    first_fault: tuple[str, int] | None = None

    def table(self) -> pyarrow.Table:
        """The columns as text and `_record`."""
        import pyarrow

        columns = {name: pyarrow.array(cells, pyarrow.string()) for name, cells in self.columns.items()}
        return pyarrow.table(columns | {"_record": pyarrow.array(self.numbers, pyarrow.int64())})


def spans(content: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Where each outermost element `name` begins and ends, whatever its path; not in comments and CDATA."""
    tag = rb"(?:[^\s<>/:!?]+:)?" + re.escape(name.encode())
    tags = re.compile(rb"<!--|<!\[CDATA\[|<%s(?=[\s/>])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|</%s\s*>" % (tag, tag))
    at = begin = depth = 0
    while match := tags.search(content, at):
        text, at = match.group(), match.end()
        if text.startswith(b"<!"):
            at = content.find(b"-->" if text == b"<!--" else b"]]>", at)
            if at < 0:
                return
            continue
        if text.startswith(b"</"):
            if depth == 1:
                yield begin, at
            depth = max(0, depth - 1)
        elif not text.endswith(b"/>"):
            begin = begin if depth else match.start()
            depth += 1
        elif depth == 0:
            yield match.start(), at


def record_places(content: bytes, steps: list[str]) -> tuple[list[tuple[int, int]], int, tuple[str, int] | None]:
    """Where each record begins and ends; how many elements of its name are elsewhere; a fault there and its line."""
    from lxml import etree

    places = list(spans(content, steps[-1]))
    parts: list[bytes] = []
    at = 0
    for begin, end in places:
        # Lines stay where they are.
        parts += [content[at:begin], b"<auyl/>", b"\n" * content.count(b"\n", begin, end)]
        at = end
    rest = b"".join([*parts, content[at:]])
    root, fault = parse_record(record_parser(), rest)
    if fault:
        return places, 0, fault
    expected = [*steps[:-1], "auyl"]
    at_path = [
        path == expected
        for _, path, element in with_paths(etree.iterwalk(root, events=("start", "end")))
        if _ == "start" and element.tag == "auyl"
    ]
    records = [place for place, is_record in zip(places, at_path, strict=True) if is_record]
    return records, len(places) - len(records), None


def read_records(document: Document, content: bytes) -> Records:
    """Read every record. Raises ExtractRefused when it is not certain where the records begin and end."""
    contract, content = document.contract, content[: document.end]
    steps = contract.options(XmlOptions).record_path
    places, elsewhere, fault = record_places(content, steps)
    if fault:
        # The whole file may be clearer about the place.
        raise document.refusal(*(syntax_error([content]) or fault))
    paths = {c.name: [source.split("/") for source in c.names] for c in contract.columns}
    records = Records({name: [] for name in paths}, elsewhere=elsewhere)
    parser = record_parser()
    line = 1
    counted = 0
    for number, (begin, end) in enumerate(places, start=1):
        line += content.count(b"\n", counted, begin)
        counted = begin
        text = content[begin:end]
        record, fault = parse_record(parser, text)
        if fault:
            if fault[0] in TORN:
                raise document.refusal(fault[0], line + fault[1] - 1)
            records.first_fault = records.first_fault or (fault[0], line + fault[1] - 1)
            shown = NOT_XML.sub("\ufffd", text.decode("utf-8", errors="replace"))
            records.rejects.append(Reject(document.file.name, line, shown, "record_unreadable"))
            continue
        records.numbers.append(number)
        for name, sources in paths.items():
            records.columns[name].append(_cell(record, sources))
    if not records.numbers and records.first_fault:
        raise document.refusal(*records.first_fault)
    return records


def record_parser() -> Any:
    """A parser for `parse_record`; each thread needs its own."""
    from lxml import etree

    return etree.XMLParser(recover=True, **SAFE_PARSER)


def parse_record(parser: Any, text: bytes) -> tuple[Any, tuple[str, int] | None]:
    """The element of a record, and what is wrong in it with its line in `text`."""
    from lxml import etree

    try:
        # A prefix may be declared further out; one without a declaration is no fault here.
        record = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        return None, (words_of(error.code), error.lineno or 1)
    faults = [(words_of(entry.type), entry.line) for entry in parser.error_log]
    faults = [fault for fault in faults if fault[0] not in HARMLESS]
    # What tears the structure counts more than what came before it; the log ends after a hundred entries.
    torn = next((fault for fault in faults if fault[0] in TORN), None)
    if torn is None and (LOST_BLOCK in text or len(parser.error_log) >= 100):
        torn = LOST, next(iter(faults), ("", 1))[1]
    return record, torn or next(iter(faults), None) or (None if record is not None else ("document empty", 1))


def _cell(record: Any, sources: list[list[str]]) -> str | None:
    """The value of a column, or a mark for several that differ and for elements where text is promised."""
    readings: set[str | None] = set()
    for steps in sources:
        readings |= _readings(record, steps)
        if len(sources) > 1:
            readings.discard(None)
    if len(readings) < 2:
        return next(iter(readings), None)
    return mark(REPEATED, "; ".join(sorted(value or "-" for value in readings)))


def _readings(element: Any, steps: list[str]) -> set[str | None]:
    """All values at a path. Of a repeated element an empty one is none; a repeated parent without it is one."""
    children = [child for child in element if isinstance(child.tag, str) and local_name(child) == steps[0]]
    if not children:
        return {None}
    if len(steps) > 1:
        return set[str | None]().union(*(_readings(child, steps[1:]) for child in children))
    values = {_text(child) for child in children}
    return values if len(values) == 1 else values - {None}


def _text(element: Any) -> str | None:
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if any(isinstance(child.tag, str) for child in element):
        return mark(STRUCTURE, "".join(element.itertext()).strip(SPACE))
    return text.strip(SPACE) or None


def leaves(record: Any) -> Iterator[tuple[str, bool]]:
    """Each path below a record, and whether it is a leaf."""
    waiting = [(record, "")]
    while waiting:
        element, path = waiting.pop()
        for child in element:
            tag = child.tag
            if isinstance(tag, str):
                name = path + tag[max(tag.rfind("}"), tag.rfind(":")) + 1 :]
                is_leaf = not len(child)
                yield name, is_leaf
                if not is_leaf:
                    waiting.append((child, f"{name}/"))
