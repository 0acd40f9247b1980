"""A government gateway (ШЭП) that delivers registries as signed SOAP messages, as a separate process.

    python -m lab.simulated_sources.gateway --extracts DIR --port N --sender NAME --password-file FILE --key FILE
        --certificate FILE

`serviceId` is the name of a registry; `period` and, for one in parts, `part` are in the data of the request. The
asynchronous channel reports the states in `states`, one per request, and then the last one again. Key and certificate
are generated when missing; RSA or ECDSA, since no open library has the real gateway's ГОСТ.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hmac
import socket
import uuid
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from fastapi import FastAPI, Request
from fastapi.responses import Response
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ASYNC = "http://bip.bee.kz/AsyncChannel/v10/Types"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def self_signed(name: str, elliptic: bool = False, days: int = 365) -> tuple[Key, x509.Certificate]:
    """A key and a self-signed certificate for 127.0.0.1, valid from yesterday for `days`; negative: expired since."""
    key: Key = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=1 if days > 0 else 400)
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begins)
    builder = builder.not_valid_after(dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.add_extension(host, critical=False).sign(key, hashes.SHA256())
    return key, certificate


def pem(certificate: x509.Certificate) -> str:
    """A certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def make_certificate(key_file: Path, certificate_file: Path) -> None:
    """Generate the gateway's private key and certificate unless the key exists."""
    if key_file.exists():
        return
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, certificate = self_signed("auyl synthetic gateway")
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate_file.write_text(pem(certificate))
    key_file.touch(mode=0o600)
    key_file.write_bytes(text)


class Gateway:
    """Answers SOAP messages. `received` are the ids of the messages, in the order of arrival."""

    def __init__(
        self, extracts: Path, sender: str, password: str, key: Key, certificate: x509.Certificate,
        states: Sequence[str] = ("ON_DELIVERY", "DELIVERED"), canonical: str = "exclusive",
    ) -> None:  # fmt: skip
        self.extracts = extracts
        self.sender = sender
        self.password = password
        self.key = key
        self.certificate = certificate
        self.states = list(states)
        self.canonical = canonical
        self.received: list[str] = []
        self.waiting: dict[str, tuple[etree._Element, str, list[str]]] = {}

    def reply(self, content: bytes) -> tuple[int, bytes]:
        """HTTP status and body of the answer to a message."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            operation = etree.fromstring(content, parser).find(f"{{{SOAP}}}Body")[0]
            request = operation.find("request")
        except (etree.XMLSyntaxError, TypeError, IndexError):
            return 500, self._fault("no SOAP message")
        given = f"{request.findtext('.//sender/senderId')}\n{request.findtext('.//sender/password')}"
        if not hmac.compare_digest(given.encode(), f"{self.sender}\n{self.password}".encode()):
            return 403, b""
        message_id = request.findtext(".//messageId") or ""
        answer = {
            "SendMessage": self._synchronous, "sendMessage": self._accept, "getMessageStatus": self._state,
            "getMessage": self._give,
        }[etree.QName(operation).localname]  # fmt: skip
        try:
            return 200, answer(request, message_id)
        except KeyError as unknown:
            return 500, self._fault(f"unknown: {unknown}")

    def _synchronous(self, request: etree._Element, message_id: str) -> bytes:
        self.received.append(message_id)
        envelope = self._extract(request)
        response = envelope.find(".//response")
        info = response.find("responseInfo")
        for at, (name, text) in enumerate({"messageId": message_id, "correlationId": str(uuid.uuid4())}.items()):
            element = etree.Element(name)
            element.text = text
            info.insert(at, element)
        status = etree.SubElement(info, "status")
        etree.SubElement(status, "code").text = "SCSS001"
        etree.SubElement(status, "message").text = "Message has been processed successfully"
        self._sign(response.find("responseData/data"))
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")

    def _accept(self, request: etree._Element, message_id: str) -> bytes:
        self.received.append(message_id)
        correlation = str(uuid.uuid4())
        self.waiting[message_id] = (request, correlation, list(self.states))
        return self._response("sendMessage", messageId=message_id, correlationId=correlation, responseDate=_now())

    def _state(self, request: etree._Element, message_id: str) -> bytes:
        states = self.waiting[message_id][2]
        state = states.pop(0) if len(states) > 1 else states[0]
        return self._response("getMessageStatus", messageState=state, responseDate=_now())

    def _give(self, request: etree._Element, message_id: str) -> bytes:
        asked, correlation, states = self.waiting[message_id]
        if states != ["DELIVERED"]:
            return self._response("getMessage")
        envelope = self._envelope("getMessageResponse")
        response = etree.SubElement(envelope[0][0], "response")
        info = etree.SubElement(response, "messageInfo")
        etree.SubElement(info, "messageId").text = str(uuid.uuid4())
        etree.SubElement(info, "correlationId").text = correlation
        etree.SubElement(info, "messageType").text = "RESPONSE"
        data = etree.SubElement(response, "messageData")
        data.append(self._extract(asked).find(".//responseData/data"))
        self._sign(data[0])
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")

    def _extract(self, request: etree._Element) -> etree._Element:
        """A part of the saved answer of a registry and period. Raises KeyError for an unknown one."""
        service, data = request.findtext(".//serviceId"), request.find(".//data")
        period, part = data.findtext("{*}period") or "", int(data.findtext("{*}part") or 1)
        if not str(service).isidentifier() or not period.replace("-", "").isdigit():
            raise KeyError(service)
        files = sorted((self.extracts / period / str(service)).glob("*.xml"))
        if not 1 <= part <= len(files):
            raise KeyError(f"{service} {period} part {part}")
        return etree.parse(str(files[part - 1])).getroot()

    def _sign(self, data: etree._Element) -> None:
        """Replace `data` by its signed copy; it is signed as a separate document."""
        parent = data.getparent()
        at = parent.index(data)
        method = {
            "exclusive": CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
            "inclusive": CanonicalizationMethod.CANONICAL_XML_1_0,
        }[self.canonical]
        parent.remove(data)
        data.tail = None
        etree.cleanup_namespaces(data)
        alone = etree.fromstring(etree.tostring(data))
        algorithm = "ecdsa-sha256" if isinstance(self.key, ec.EllipticCurvePrivateKey) else "rsa-sha256"
        signer = XMLSigner(signature_algorithm=algorithm, digest_algorithm="sha256", c14n_algorithm=method)
        parent.insert(at, signer.sign(alone, key=self.key, cert=[self.certificate]))

    def _envelope(self, operation: str) -> etree._Element:
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
        body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
        etree.SubElement(body, f"{{{ASYNC}}}{operation}", nsmap={"ns2": ASYNC})
        return envelope

    def _response(self, operation: str, **fields: str) -> bytes:
        envelope = self._envelope(f"{operation}Response")
        response = etree.SubElement(envelope[0][0], "response")
        for name, text in fields.items():
            etree.SubElement(response, name).text = text
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")

    def _fault(self, text: str) -> bytes:
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
        fault = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
        etree.SubElement(fault, "faultcode").text = "soap:Server"
        etree.SubElement(fault, "faultstring").text = text
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _now() -> str:
    return dt.datetime.now(tz=dt.timezone(dt.timedelta(hours=5))).isoformat(timespec="milliseconds")


def application(gateway: Gateway) -> FastAPI:
    """The gateway as a web application."""
    app = FastAPI(title="ШЭП", docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/{path:path}")
    async def message(request: Request, path: str) -> Response:
        """One SOAP message."""
        status, body = gateway.reply(await request.body())
        return Response(body, status, media_type="text/xml")

    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the address, then serve on 127.0.0.1 until a signal."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.simulated_sources.gateway", description="Government gateway of the synthetic oblast."
    )
    parser.add_argument("--extracts", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True, help="0 for any free port")
    parser.add_argument("--sender", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True, help="private key in PEM; generated when missing")
    parser.add_argument("--certificate", type=Path, required=True)
    given = parser.parse_args(arguments)
    make_certificate(given.key, given.certificate)
    loaded = serialization.load_pem_private_key(given.key.read_bytes(), None)
    if not isinstance(loaded, Key):
        parser.exit(2, f"{given.key}: expected an RSA or EC key\n")
    gateway = Gateway(
        given.extracts, given.sender, given.password_file.read_text(encoding="utf-8").strip(), loaded,
        x509.load_pem_x509_certificate(given.certificate.read_bytes()),
    )  # fmt: skip
    listener = socket.create_server(("127.0.0.1", given.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(application(gateway), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
