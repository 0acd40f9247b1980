"""Messages of the government gateway: SOAP 1.1 requests as it wants them, and its answers taken apart.

Message shapes are those of public code that talks to it, `http://bip.bee.kz/{Sync,Async}Channel/v10/Types`; rules:
order № 123 of 29.03.2018.
"""

from __future__ import annotations

from dataclasses import dataclass
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

    Raises AttemptFailed when it is not whole, SoapFault when it is a fault, ExtractRefused for a DOCTYPE.
    """
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
    if not head.strip():
        raise AttemptFailed("an empty body")
    has_doctype = contract.refusal(file, "no document type and no entities", "a DOCTYPE")
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise has_doctype
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree = etree.parse(str(file), parser)
    except etree.XMLSyntaxError as error:
        raise AttemptFailed(f"a body that is not whole XML ({error.msg}, line {error.lineno})") from None
    if tree.docinfo.internalDTD is not None:
        raise has_doctype
    root = tree.getroot()
    bodies = root.findall(_path("Body"))
    if etree.QName(root).localname != "Envelope" or len(bodies) != 1:
        raise AttemptFailed("no SOAP envelope")
    fault = bodies[0].find(_path("Fault"))
    if fault is not None:
        reason = (fault.findtext(_path("faultstring")) or "").strip()[:300]
        for secret in filter(None, (address.password, address.user)):
            reason = reason.replace(secret, "…")
        raise SoapFault(
            f"{contract.registry}: {operation}: the gateway answered with a fault: {reason or 'without a reason'}"
        )
    if bodies[0].find(_path(f"{operation}Response")) is None:
        raise AttemptFailed(f"no {operation}Response in the body")
    return Answer(file, sha256, bodies[0])


def _path(*names: str) -> str:
    """A path of local names, in any namespace or none."""
    return "/".join(f"{{*}}{name}" for name in names)
