"""The government gateway (ШЭП, Smart Bridge): SOAP 1.1, synchronous and asynchronous channel, signed answers.

Message shapes are those of public code that talks to it, `http://bip.bee.kz/{Sync,Async}Channel/v10/Types`; rules:
order № 123 of 29.03.2018. The operation that fetches an asynchronous answer is an assumption: in that code the gateway
calls an endpoint of the asker instead.

The connection gives the address, login and password (senderId and its password) and the extra `certificate` (or
`certificate_file`) of the answering party; `ca` for TLS. Contract options:
    channel          sync (default) or async
    service          serviceId
    request          elements of the request's data, name to value; `{period}` stands for the period
    requestNamespace their namespace
    partField        sync: the element that asks for part 2, 3 …, when the answer's envelope says `parts`
    signature        required (default), or unchecked: the answer is taken whoever signed it, and the manifest says so
    success          status codes of an answer with data ([SCSS001])
    maxMegabytes     an answer may be so large (32); verifying its signature takes 45 times its size in memory
    answerOperation  async: operation that gives the answer of a delivered message (getMessage)
    giveUpHours      async: after so long without an answer a new message is sent (72)
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from lxml import etree

from auyl.contracts import Contract
from auyl.errors import ConnectionUnusable, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.sources import LOCAL, Past, Pulled, signature
from auyl.sources.address import Address, parse, trust
from auyl.sources.patience import ATTEMPTS, LONGEST_WAIT_S, retry_after_s, wait_s

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES = {"sync": "http://bip.bee.kz/SyncChannel/v10/Types", "async": "http://bip.bee.kz/AsyncChannel/v10/Types"}
# An answer is made while the line waits.
TIMEOUT_S = 300.0
CHUNK_BYTES = 1 << 20
MAX_PARTS = 10_000


def pull(contract: Contract, period: str, address: str, work: Path, past: Past) -> Pulled:
    """The gateway's answer for `period`, whole and as it came, one file a part.

    Asynchronous: the first pull sends the message and leaves its id in a note; the next ones ask what became of it,
    until its answer can be fetched. Raises SourceNotReady while it is on its way, SourceUnavailable when it was not
    delivered or the gateway does not answer whole, ConnectionUnusable for a refused sender or a certificate that does
    not hold, ExtractRefused for an answer that is not signed as the contract demands.
    """
    with _Gateway(contract, period, parse(contract, address)) as gateway:
        return gateway.pull(work, past)


@dataclass(frozen=True)
class Answer:
    """An answer on disk, read into memory."""

    file: Path
    sha256: str
    body: etree._Element

    def text(self, *steps: str) -> str | None:
        """Text of the first element at the path of local names below the body."""
        found = _first([self.body], steps)
        return found.text.strip() if found is not None and found.text else None


class _Gateway:
    """One pull over one pool of connections."""

    def __init__(self, contract: Contract, period: str, address: Address) -> None:
        self.contract = contract
        self.options = contract.options
        self.period = period
        self.address = address
        self.channel = str(self.options.get("channel") or "sync")
        self.is_checked = str(self.options.get("signature") or "required") == "required"
        self.trusted = signature.certificates(contract, address) if self.is_checked else []
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        self.client = httpx.Client(timeout=TIMEOUT_S, verify=trust(contract, address), limits=limits)

    def __enter__(self) -> _Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def pull(self, work: Path, past: Past) -> Pulled:
        if self.channel == "async":
            return self._pulled([self._asynchronous(work, past)], past)
        answers: list[tuple[str, Answer, dict[str, Any]]] = []
        parts = 1
        while len(answers) < parts:
            answers.append(self._synchronous(work, len(answers) + 1))
            if len(answers) == 1:
                parts = self._parts(answers[0][1])
        return self._pulled(answers, past)

    def _pulled(self, answers: list[tuple[str, Answer, dict[str, Any]]], past: Past) -> Pulled:
        evidence = {
            "channel": self.channel,
            "service": self.options["service"],
            "messages": [
                {"message_id": message_id, "sha256": answer.sha256, **details}
                for message_id, answer, details in answers
            ],
        }
        first_id, first, _ = answers[0]
        more = f" and {len(answers) - 1} more" if len(answers) > 1 else ""
        source = f"gateway {self.options['service']}, message {first_id}, sha256 {first.sha256[:16]}{more}"
        return Pulled([answer.file for _, answer, _ in answers], source, datetime.now(tz=LOCAL), evidence=evidence)

    # -- the two channels ----------------------------------------------------------------------------------------

    def _synchronous(self, work: Path, part: int) -> tuple[str, Answer, dict[str, Any]]:
        message_id = str(uuid.uuid4())
        body = etree.Element(f"{{{TYPES['sync']}}}SendMessage", nsmap={"typ": TYPES["sync"]})
        request = etree.SubElement(body, "request")
        self._info(etree.SubElement(request, "requestInfo"), message_id)
        self._data(etree.SubElement(request, "requestData"), part)
        # one id for all attempts: a gateway that has seen the message knows it again
        answer = self._ask("SendMessage", body, work / f"answer-{part:05d}.xml")
        response = ("SendMessageResponse", "response")
        code = answer.text(*response, "responseInfo", "status", "code")
        self._check_status(code, answer.text(*response, "responseInfo", "status", "message"), message_id)
        details = {
            "correlation_id": answer.text(*response, "responseInfo", "correlationId"),
            "answered_as": answer.text(*response, "responseInfo", "messageId"),
            "status": code,
            "signature": self._verify(answer, (*response, "responseData", "data")),
        }
        return message_id, answer, details

    def _asynchronous(self, work: Path, past: Past) -> tuple[str, Answer, dict[str, Any]]:
        note = _note(past.note)
        if not note:
            note = {"message_id": str(uuid.uuid4()), "asked_at": datetime.now(tz=LOCAL).isoformat(), "is_sent": False}
            past.remember(json.dumps({"soap": note}))
            self._send(work, past, note)
        state = self._state(work, note)
        if state is None and not note["is_sent"]:
            # the process that wrote the note was killed before the message had gone
            self._send(work, past, note)
        message = f"message {note['message_id']} of {note['asked_at'][:19]}"
        if state == "DELIVERED":
            answer = self._fetch(work, note)
            if answer is not None:
                return answer
        elif state in ("NOT_DELIVERED", "DELIVERY_STOPPED"):
            past.remember(None)
            raise SourceUnavailable(
                f"{self.contract.registry}: {message}: expected DELIVERED; the gateway says {state}. The next pull "
                f"sends a new one; if that is not delivered either: the gateway's operator, with this id"
            )
        elif state is not None and state != "ON_DELIVERY":
            raise SourceUnavailable(f"{self.contract.registry}: {message}: a state that is not known, «{state[:40]}»")
        waited = datetime.now(tz=LOCAL) - datetime.fromisoformat(note["asked_at"])
        if waited > timedelta(hours=float(self.options.get("giveUpHours") or 72)):
            past.remember(None)
            raise SourceUnavailable(
                f"{self.contract.registry}: {message} has had no answer for {waited.total_seconds() / 3600:.0f} hours; "
                f"the next pull sends a new one. Fix: {self.contract.owner}"
            )
        raise SourceNotReady(f"{self.contract.registry}: {message} is {state or 'not known to the gateway yet'}")

    def _send(self, work: Path, past: Past, note: dict[str, Any]) -> None:
        """Send the message of `note`. Raises SourceNotReady: its answer takes its time."""
        body = etree.Element(f"{{{TYPES['async']}}}sendMessage", nsmap={"typ": TYPES["async"]})
        request = etree.SubElement(body, "request")
        self._info(etree.SubElement(request, "messageInfo"), note["message_id"], "REQUEST")
        self._data(etree.SubElement(request, "messageData"), 1)
        answer = self._ask("sendMessage", body, work / "sent.xml")
        note |= {
            "is_sent": True,
            "sent_as": answer.text("sendMessageResponse", "response", "messageId") or note["message_id"],
            "correlation_id": answer.text("sendMessageResponse", "response", "correlationId"),
        }
        past.remember(json.dumps({"soap": note}))
        raise SourceNotReady(
            f"{self.contract.registry}: message {note['message_id']} was sent; its answer is waited for"
        )

    def _state(self, work: Path, note: dict[str, Any]) -> str | None:
        """State of delivery; None when the gateway does not know the message."""
        body = etree.Element(f"{{{TYPES['async']}}}getMessageStatus", nsmap={"typ": TYPES["async"]})
        request = etree.SubElement(body, "request")
        etree.SubElement(request, "messageId").text = note.get("sent_as") or note["message_id"]
        etree.SubElement(request, "requestDate").text = datetime.now(tz=LOCAL).isoformat(timespec="milliseconds")
        self._sender(request)
        try:
            answer = self._ask("getMessageStatus", body, work / "state.xml")
        except _Fault as fault:
            if note["is_sent"]:
                raise SourceUnavailable(f"{self.contract.registry}: {fault}") from None
            return None
        return answer.text("getMessageStatusResponse", "response", "messageState")

    def _fetch(self, work: Path, note: dict[str, Any]) -> tuple[str, Answer, dict[str, Any]] | None:
        """The answer to a delivered message, if its receiver has written one."""
        operation = str(self.options.get("answerOperation") or "getMessage")
        body = etree.Element(f"{{{TYPES['async']}}}{operation}", nsmap={"typ": TYPES["async"]})
        request = etree.SubElement(body, "request")
        etree.SubElement(request, "messageId").text = note.get("sent_as") or note["message_id"]
        etree.SubElement(request, "correlationId").text = note.get("correlation_id") or ""
        self._sender(request)
        answer = self._ask(operation, body, work / "answer-00001.xml")
        response = (f"{operation}Response", "response")
        if _first([answer.body], (*response, "messageData")) is None:
            answer.file.unlink()
            return None
        correlation = answer.text(*response, "messageInfo", "correlationId")
        if correlation and note.get("correlation_id") and correlation != note["correlation_id"]:
            raise self.contract.refusal(
                answer.file, f"the answer of correlation {note['correlation_id']}", f"that of {correlation}"
            )
        details = {
            "correlation_id": correlation,
            "asked_at": note["asked_at"],
            "signature": self._verify(answer, (*response, "messageData", "data")),
        }
        return note["message_id"], answer, details

    # -- what is sent --------------------------------------------------------------------------------------------

    def _info(self, info: etree._Element, message_id: str, kind: str | None = None) -> None:
        etree.SubElement(info, "messageId").text = message_id
        etree.SubElement(info, "serviceId").text = str(self.options["service"])
        if kind:
            etree.SubElement(info, "messageType").text = kind
        etree.SubElement(info, "messageDate").text = datetime.now(tz=LOCAL).isoformat(timespec="milliseconds")
        self._sender(info)

    def _sender(self, parent: etree._Element) -> None:
        sender = etree.SubElement(parent, "sender")
        etree.SubElement(sender, "senderId").text = self.address.user
        etree.SubElement(sender, "password").text = self.address.password

    def _data(self, parent: etree._Element, part: int) -> None:
        data = etree.SubElement(parent, "data")
        space = self.options.get("requestNamespace")
        fields = {
            key: str(value).replace("{period}", self.period)
            for key, value in (self.options.get("request") or {}).items()
        }
        if field := self.options.get("partField"):
            fields[str(field)] = str(part)
        for key, value in fields.items():
            etree.SubElement(data, f"{{{space}}}{key}" if space else key).text = value

    # -- asking --------------------------------------------------------------------------------------------------

    def _ask(self, operation: str, body: etree._Element, target: Path) -> Answer:
        """Send `body`, keep the answer in `target`, read it. Raises _Fault for what the gateway refuses itself."""
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soapenv": SOAP})
        etree.SubElement(envelope, f"{{{SOAP}}}Header")
        etree.SubElement(envelope, f"{{{SOAP}}}Body").append(body)
        content = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        trouble = "no answer"
        for attempt in range(ATTEMPTS):
            wait = wait_s(attempt)
            try:
                status, stated_wait, digest = self._post(operation, content, target)
            except httpx.HTTPError as error:
                trouble = self._broken(error)
            else:
                # SOAP 1.1 sends a fault with status 500
                if status in (200, 500):
                    read = self._read(operation, target, digest)
                    if isinstance(read, Answer):
                        return read
                    trouble = read
                else:
                    trouble = f"status {status}"
                    if stated_wait is not None and stated_wait > LONGEST_WAIT_S:
                        raise SourceNotReady(
                            f"{self.contract.registry}: the gateway answered {status} and asks to be left alone for "
                            f"{stated_wait:.0f} s",
                            stated_wait,
                        )
                    wait = stated_wait if stated_wait is not None else wait
            if attempt + 1 < ATTEMPTS:
                time.sleep(wait)
        raise SourceUnavailable(
            f"{self.contract.registry}: {operation} had no whole answer in {ATTEMPTS} attempts, last: {trouble}; "
            f"nothing was landed"
        )

    def _post(self, operation: str, content: bytes, target: Path) -> tuple[int, float | None, str]:
        """The answer goes to the disk as it comes. Status, seconds that it asks to wait, sha256."""
        most = int(float(self.options.get("maxMegabytes") or 32) * (1 << 20))
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation}"'}
        digest = hashlib.sha256()
        size = 0
        with (
            target.open("wb") as out,
            self.client.stream("POST", self.address.base, content=content, headers=headers) as answer,
        ):
            if answer.status_code in (401, 403):
                raise ConnectionUnusable(
                    self.contract.registry, self.contract.connection, "a sender that the gateway takes",
                    f"status {answer.status_code}",
                )  # fmt: skip
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                size += len(chunk)
                if size > most:
                    found = "more; ask for less at once, or raise maxMegabytes"
                    raise self.contract.refusal(target.name, f"an answer of at most {most:,} bytes", found, owner="us")
                digest.update(chunk)
                out.write(chunk)
        return answer.status_code, retry_after_s(answer.headers.get("Retry-After", "")), digest.hexdigest()

    def _broken(self, error: httpx.HTTPError) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise ConnectionUnusable(
                self.contract.registry, self.contract.connection,
                "a server whose certificate is trusted, or its authority in the extra «ca»", "another",
            ) from None  # fmt: skip
        return f"the line broke ({type(error).__name__})"

    def _read(self, operation: str, file: Path, digest: str) -> Answer | str:
        """The answer, or in words why it is none. Raises _Fault, ExtractRefused."""
        with file.open("rb") as stream:
            head = stream.read(1 << 16)
        if not head.strip():
            return "an empty body"
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                raise self._has_doctype(file)
            tree = etree.parse(str(file), parser)
        except etree.XMLSyntaxError as error:
            return f"a body that is not whole XML ({error.msg}, line {error.lineno})"
        if tree.docinfo.internalDTD is not None:
            raise self._has_doctype(file)
        root = tree.getroot()
        bodies = [child for child in root if _local(child) == "Body"] if _local(root) == "Envelope" else []
        if len(bodies) != 1:
            return "no SOAP envelope"
        if (fault := _first(bodies, ("Fault",))) is not None:
            said = (fault.findtext("{*}faultstring") or "").strip()[:300]
            for secret in filter(None, (self.address.password, self.address.user)):
                said = said.replace(secret, "…")
            raise _Fault(f"{operation}: the gateway answered with a fault: {said or 'without a word'}")
        if _first(bodies, (f"{operation}Response",)) is None:
            return f"no {operation}Response in the body"
        return Answer(file, digest, bodies[0])

    def _has_doctype(self, file: Path) -> ExtractRefused:
        return self.contract.refusal(file, "no document type and no entities", "a DOCTYPE")

    # -- judging -------------------------------------------------------------------------------------------------

    def _check_status(self, code: str | None, said: str | None, message_id: str) -> None:
        success = [str(one) for one in self.options.get("success") or ("SCSS001",)]
        if code not in success:
            raise SourceUnavailable(
                f"{self.contract.registry}: message {message_id}: expected status {' or '.join(success)}; found "
                f"{code}: {(said or '')[:300]}. Fix: {self.contract.owner}"
            )

    def _verify(self, answer: Answer, path: tuple[str, ...]) -> dict[str, Any] | str:
        """Verify the data's signature, and that nothing beside them could be read in their place."""
        if not self.is_checked:
            return "not verified: the contract does not demand it"
        found: list[etree._Element] = [answer.body]
        for step in path:
            found = [child for parent in found for child in parent if _local(child) == step]
            if len(found) != 1:
                raise self.contract.refusal(
                    answer.file, f"one element {'/'.join(path)}", f"{len(found)} elements {step}"
                )
        return signature.verify(self.contract, answer.file.name, found[0], self.trusted)

    def _parts(self, answer: Answer) -> int:
        """How many parts the answer says it has, where the contract knows how to ask for them."""
        path = dict(self.options.get("envelope") or {}).get("parts")
        if not path or not self.options.get("partField"):
            return 1
        stated = answer.text(*[step for step in str(path).split("/") if step][2:]) or "1"
        if not (stated.isascii() and stated.isdigit() and 1 <= int(stated) <= MAX_PARTS):
            raise self.contract.refusal(answer.file, f"a number of parts from 1 to {MAX_PARTS:,}", stated[:40])
        return int(stated)


class _Fault(SourceUnavailable):
    """What the gateway itself refused to do."""


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _first(parents: Iterable[etree._Element], steps: Iterable[str]) -> etree._Element | None:
    found = list(parents)
    for step in steps:
        found = [child for parent in found for child in parent if _local(child) == step][:1]
    return found[0] if found else None


def _note(text: str | None) -> dict[str, Any]:
    """The message that is on its way, if a note tells of one."""
    try:
        found = json.loads(text or "{}").get("soap") or {}
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) and "message_id" in found else {}
