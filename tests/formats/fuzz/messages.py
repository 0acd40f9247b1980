"""Damage to messages in JSON and XML: envelopes, repeated keys, geometries, other ways to write the same."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from auyl.contracts.options import JsonOptions, XmlOptions

if TYPE_CHECKING:
    from tests.formats.fuzz.corpus import Sample

Made = tuple[bytes, str] | None
Change = Callable[[Random, "Sample", bytes], Made]
JSON = ("json", "jsonl", "geojson")
GEOMETRIES: tuple[Any, ...] = (
    None, {}, [], "POINT (77 43)",
    {"type": "Point"},
    {"type": "Point", "coordinates": []},
    {"type": "Point", "coordinates": ["77", "43"]},
    {"type": "Point", "coordinates": [None, None]},
    {"type": "Point", "coordinates": [770.1, 43.0]},
    {"type": "LineString", "coordinates": [[77, 43], [78, 44]]},
    {"type": "GeometryCollection", "geometries": []},
    {"type": "Polygon", "coordinates": [[]]},
    {"type": "Polygon", "coordinates": [[[77, 43], [78, 43], [78, 44]]]},
)  # fmt: skip


def envelope(random: Random, sample: Sample, content: bytes) -> Made:
    """A member of a document's envelope with another value or of another type."""
    if sample.contract.format not in ("json", "geojson"):
        return None
    document = json.loads(content)
    keys = [key for key, value in document.items() if not isinstance(value, list)]
    key = random.choice(keys)
    odd: tuple[Any, ...] = (
        "53 записи",
        {"value": 1},
        [1, 2],
        None,
        -1,
        1.5,
        "",
        True,
        "10**400",
        10**40,
        "2026-10-05T00:00:00Z",
    )
    document[key] = random.choice(odd)
    items = sample.contract.options(JsonOptions).items if sample.contract.format == "json" else "features"
    if random.random() < 0.2:
        key, document[items] = items, random.choice(({}, None, "[]", [[]], [None, 1], [{}], {"0": {}}))
    return json.dumps(document, ensure_ascii=False).encode(), f"{key}: {str(document[key])[:20]}"


def nested(random: Random, sample: Sample, content: bytes) -> Made:
    """A document that is nested deeper than any stack."""
    depth = random.choice((500, 100_000))
    if sample.contract.format in ("json", "geojson", "jsonl"):
        return content.replace(b":", b":" + b"[" * depth + b"]" * depth + b',"x":', 1), f"{depth} lists in each other"
    if sample.contract.format == "xml":
        at = content.rindex(b"</")
        return content[:at] + b"<a>" * depth + b"</a>" * depth + content[at:], f"{depth} elements in each other"
    return None


def geometry(random: Random, sample: Sample, content: bytes) -> Made:
    """One feature whose geometry is none."""
    if sample.contract.format != "geojson":
        return None
    document = json.loads(content)
    feature = random.choice(document["features"])
    feature["geometry"] = random.choice(GEOMETRIES)
    return json.dumps(document, ensure_ascii=False).encode(), f"geometry {str(feature['geometry'])[:60]}"


def message(random: Random, sample: Sample, content: bytes) -> Made:
    """An XML message as other writers shape it: declared encodings, what stands around the root, containers, spaces."""
    if sample.contract.format != "xml":
        return None
    text = content.decode()
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", text)
    container, record = sample.contract.options(XmlOptions).record_path[-2:]
    declared = {
        name: f'<?xml version="1.0" encoding="{name}"?>\n{body}' for name in ("windows-1251", "UTF-16", "UTF-7")
    }
    split = f"</{record}></{container}><{container}>"
    shapes: dict[str, str | bytes] = {
        "windows-1251": declared["windows-1251"].encode("cp1251", "xmlcharrefreplace"),
        "utf-16": declared["UTF-16"].encode("utf-16"),
        "utf-16 declared only": declared["UTF-16"],
        "windows-1251 declared only": declared["windows-1251"],
        "utf-7 declared": declared["UTF-7"],
        "a comment behind the root": text.rstrip() + "\n<!-- 2026-11-01 02:00 -->\n",
        "an instruction behind the root": text.rstrip() + "<?end of=data?>",
        "a space in the last tag": re.sub(r">\s*$", " >\n", text),
        "NULs behind it": text + "\0" * 512,
        "two containers": text.replace(f"</{record}>", split, random.randrange(1, 4)),
        "pretty printed": re.sub(r">(?=<\w)", ">\n   ", text),
        "one empty record": text.replace(f"</{record}>", f"</{record}><{record}></{record}>", 1),
        "a byte order mark": "\ufeff" + text,
        "single quotes": text.replace('"', "'"),
        "a document type": text.replace("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>', 1),
        "a namespace on records": text.replace(f"<{record}>", f'<{record} xmlns="urn:other">'),
        "two documents": text + text,
    }
    kind = random.choice(sorted(shapes))
    shape = shapes[kind]
    return shape.encode() if isinstance(shape, str) else shape, kind


KEY = re.compile(r'"(\w+)"\s*:\s*("(?:[^"\\]|\\.)*"|[-\w.]+)')


def repeated_key(random: Random, sample: Sample, content: bytes) -> Made:
    """A key of one object twice, with another value or the same."""
    if sample.contract.format not in JSON:
        return None
    text = content.decode()
    sources = {name for column in sample.contract.columns for name in column.names}
    places = [match for match in KEY.finditer(text) if match[1] in sources]
    if not places:
        return None
    match = random.choice(places)
    value = random.choice((match[2], json.dumps("другое"), "null", "17"))
    return (
        text[: match.start()] + f'"{match[1]}": {value}, ' + text[match.start() :]
    ).encode(), f"{match[1]} twice, {value}"


def _element(change: Callable[[Random, Any], str]) -> Change:
    def mutate(random: Random, sample: Sample, content: bytes) -> Made:
        from lxml import etree

        if sample.contract.format != "xml":
            return None
        root = etree.fromstring(content)
        sources = {column.source.split("/")[-1] for column in sample.contract.columns}
        leaves = [e for e in root.iter() if e.tag in sources and e.text and e.getparent() is not None]
        node = random.choice(leaves)
        what = change(random, node)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n", f"{node.tag} {what}"

    return mutate


def _repeat(random: Random, node: Any) -> str:
    again = copy.deepcopy(node)
    again.text, again.tail = random.choice((node.text, "другое", "2020-01-01", None)), None
    node.addprevious(again) if random.random() < 0.5 else node.addnext(again)
    return "twice"


def _mix(random: Random, node: Any) -> str:
    from lxml import etree

    text = node.text
    at = random.randrange(len(text) + 1)
    kind = random.choice(("comment", "instruction", "spaces", "lines", "cdata"))
    if kind in ("comment", "instruction"):
        inner = etree.Comment("проверено") if kind == "comment" else etree.ProcessingInstruction("app", "v=1")
        node.text, inner.tail = text[:at], text[at:]
        node.insert(0, inner)
    elif kind == "cdata":
        node.text = etree.CDATA(text)
    else:
        node.text = f"  {text} " if kind == "spaces" else f"\n      {text}\n    "
    return f"with {kind} in it"


repeated_element = _element(_repeat)
mixed_content = _element(_mix)
