"""Messages of the government gateway: SOAP 1.1 requests as it wants them, and its answers taken apart.

Message shapes are those of public code that talks to it, `http://bip.bee.kz/{Sync,Async}Channel/v10/Types`; rules:
order № 123 of 29.03.2018.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from lxml import etree

from auyl.contracts import Contract
from auyl.contracts.options import SoapOptions
from auyl.errors import SourceUnavailable
from auyl.periods import LOCAL
from auyl.sources.address import Address
from auyl.sources.backoff import AttemptFailed

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = {"sync": "http://bip.bee.kz/SyncChannel/v10/Types", "async": "http://bip.bee.kz/AsyncChannel/v10/Types"}

NO_DOCTYPE = "no document type and no entities"
OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\0", b"<\0", b"+/v", b"\x2b\x2f\x76", b"\x4c\x6f\xa7\x94")


class SoapFault(SourceUnavailable):
    """The gateway itself refused a request."""


@dataclass(frozen=True)
class Answer:
    """An answer on disk, read into memory."""

    file: Path
    sha256: str
    body: etree._Element

    def text(self, *steps: str) -> str | None:
        """Text of the first element at the path of local names below the body."""
        return (self.body.findtext(_path(*steps)) or "").strip() or None

    def first(self, *steps: str) -> etree._Element | None:
        """The first element at the path of local names below the body."""
        return self.body.find(_path(*steps))


class RequestBuilder:
    """Requests of one contract for one period, from the sender in the connection."""

    def __init__(self, contract: Contract, period: str, address: Address) -> None:
        self.options = contract.options(SoapOptions)
        self.period = period
        self.address = address

    def operation(self, name: str) -> tuple[etree._Element, etree._Element]:
        """An element for an operation of the contract's channel, and the `request` in it."""
        space = TYPES[self.options.channel]
        body = etree.Element(f"{{{space}}}{name}", nsmap={"typ": space})
        return body, etree.SubElement(body, "request")

    def add_info(self, info: etree._Element, message_id: str, kind: str | None = None) -> None:
        """Say what message it is, and from whom."""
        etree.SubElement(info, "messageId").text = message_id
        etree.SubElement(info, "serviceId").text = self.options.service
        if kind:
            etree.SubElement(info, "messageType").text = kind
        etree.SubElement(info, "messageDate").text = now()
        self.add_sender(info)

    def add_sender(self, parent: etree._Element) -> None:
        """Add senderId and password."""
        sender = etree.SubElement(parent, "sender")
        etree.SubElement(sender, "senderId").text = self.address.user
        etree.SubElement(sender, "password").text = self.address.password

    def add_data(self, parent: etree._Element, part: int) -> None:
        """Add the elements of the contract's `request`; `part` counts from 1."""
        data = etree.SubElement(parent, "data")
        space = self.options.request_namespace
        fields = {key: str(value).replace("{period}", self.period) for key, value in self.options.request.items()}
        if self.options.part_field:
            fields[self.options.part_field] = str(part)
        for key, value in fields.items():
            etree.SubElement(data, f"{{{space}}}{key}" if space else key).text = value


def now() -> str:
    """The time as the gateway writes it."""
    return datetime.now(tz=LOCAL).isoformat(timespec="milliseconds")


def envelope(body: etree._Element) -> bytes:
    """A SOAP envelope around `body`."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
    etree.SubElement(root, f"{{{SOAP}}}Header")
    etree.SubElement(root, f"{{{SOAP}}}Body").append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def read(contract: Contract, address: Address, operation: str, file: Path, sha256: str) -> Answer:
    """The answer to `operation` in a file.

    Raises AttemptFailed when it is not whole, SoapFault when it is a fault, ExtractRefused for a DOCTYPE and for any
    encoding but UTF-8: of two parsers, one may obey a declaration and the other not.
    """
    _check_encoding(contract, file)
    try:
        tree = etree.parse(str(file), _parser())
    except etree.XMLSyntaxError as error:
        raise AttemptFailed(f"a body that is not whole XML ({error.msg}, line {error.lineno})") from None
    if tree.docinfo.internalDTD is not None:
        raise contract.refusal(file, NO_DOCTYPE, "a DOCTYPE")
    root = tree.getroot()
    bodies = root.findall(_path("Body"))
    if etree.QName(root).localname != "Envelope" or len(bodies) != 1:
        raise AttemptFailed("no SOAP envelope")
    fault = bodies[0].find(_path("Fault"))
    if fault is not None:
        reason = (fault.findtext(_path("faultstring")) or "").strip()[:300]
        for secret in filter(None, (address.password, address.user)):
            reason = reason.replace(secret, "…")
        found = f"the gateway answered with a fault: {reason or 'without a reason'}"
        raise SoapFault(str(contract.unavailable(f"an answer to {operation}", found)))
    if bodies[0].find(_path(f"{operation}Response")) is None:
        raise AttemptFailed(f"no {operation}Response in the body")
    return Answer(file, sha256, bodies[0])


def rewritten(contract: Contract, answer: Answer, content: bytes) -> Answer:
    """The answer with `content` in the place of what the file held."""
    answer.file.write_bytes(content)
    body = etree.fromstring(content, _parser()).find(_path("Body"))
    if body is None:
        raise contract.refusal(answer.file, "signed data below the body", "none")
    return replace(answer, body=body)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")


def _check_encoding(contract: Contract, file: Path) -> None:
    """Refuse what is not UTF-8 from its first byte to its last, whatever it declares."""
    expected = "XML in UTF-8 that says nothing else of itself"
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
        if not head.strip():
            raise AttemptFailed("an empty body")
        if head.startswith(OTHER_MARKS):
            raise contract.refusal(file, expected, "the mark of another encoding at its start")
        if not head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            raise AttemptFailed("a body that is no XML")
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise contract.refusal(file, NO_DOCTYPE, "a DOCTYPE")
        declaration = re.match(rb"(?:\xef\xbb\xbf)?<\?xml\s[^>]*\?>", head)
        declared = re.findall(rb"encoding\s*=\s*[\"']([^\"']*)", declaration[0]) if declaration else []
        if any(name.lower() not in (b"utf-8", b"utf8") for name in declared):
            raise contract.refusal(file, expected, f"the encoding «{declared[0].decode('ascii', 'replace')[:40]}»")
        try:
            chunk = head
            while chunk:
                if "\0" in decoder.decode(chunk):
                    raise contract.refusal(file, expected, "a zero byte")
                chunk = stream.read(1 << 20)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            # An answer that was cut short ends within a letter.
            if error.reason == "unexpected end of data":
                raise AttemptFailed("a body that is not whole") from None
            raise contract.refusal(file, expected, f"the byte 0x{error.object[error.start]:02x}") from None


def _path(*names: str) -> str:
    """A path of local names, in any namespace or none."""
    return "/".join(f"{{*}}{name}" for name in names)
