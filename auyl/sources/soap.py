"""The government gateway (ШЭП, Smart Bridge): SOAP 1.1, synchronous and asynchronous channel, signed answers.

The connection gives the address, login and password (senderId and its password) and the extra `certificate` (or
`certificate_file`) of the answering party; `ca` for TLS. Options: `SoapOptions`; docs/sources.md explains them, and
what is assumed about the asynchronous channel.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from lxml import etree

from auyl.contracts import Contract
from auyl.contracts.options import SoapOptions, XmlOptions
from auyl.errors import shape
from auyl.periods import LOCAL
from auyl.sources import Pulled, PullHistory, http, signature, soap_message
from auyl.sources.address import Address, parse
from auyl.sources.backoff import retry
from auyl.sources.http import HttpSource
from auyl.sources.soap_message import Answer, RequestBuilder, SoapFault
from auyl.sources.whole import NotWhole, RecordsOnce, read_whole

# The gateway makes its answer while the client waits.
TIMEOUT_S = 300.0
CHUNK_BYTES = 1 << 20
MAX_PARTS = 10_000


def pull(contract: Contract, period: str, address: str, work: Path, history: PullHistory) -> Pulled:
    """The gateway's answer for `period`, whole and as it came, one file a part.

    Asynchronous: the first pull sends the message and leaves its id in a note; the next ones ask for its state until
    its answer can be fetched. Raises SourceNotReady while it is on its way, SourceUnavailable when it was not
    delivered or the gateway does not answer whole, ConnectionUnusable for a refused sender or a certificate that is
    not valid, ExtractRefused for an answer that is not signed as the contract demands.
    """
    parsed = parse(contract, address)
    is_verified = contract.options(SoapOptions).signature == "required"
    trusted = signature.certificates(contract, parsed) if is_verified else []
    with HttpSource(contract, parsed, contract.options(SoapOptions), TIMEOUT_S) as source:
        return _SoapPull(contract, period, parsed, source, trusted).pull(work, history)


@dataclass(frozen=True)
class _Reply:
    """The answer to one message, with what the manifest keeps about it."""

    message_id: str
    file: Path
    sha256: str
    details: dict[str, Any]


class _SoapPull:
    """One pull over one connection."""

    def __init__(
        self,
        contract: Contract,
        period: str,
        address: Address,
        source: HttpSource,
        trusted: list[x509.Certificate],
    ) -> None:
        self.contract = contract
        self.options = contract.options(SoapOptions)
        self.address = address
        self.requests = RequestBuilder(contract, period, address)
        self.source = source
        self.trusted = trusted
        self.previous_reading: list[str] = []

    def pull(self, work: Path, history: PullHistory) -> Pulled:
        if self.options.channel == "async":
            replies = [self._asynchronous(work, history)]
        else:
            replies = read_whole(lambda: self._all_parts(work))
        messages = [{"message_id": r.message_id, "sha256": r.sha256, **r.details} for r in replies]
        evidence = {"channel": self.options.channel, "service": self.options.service, "messages": messages}
        first = replies[0]
        more = f" and {len(replies) - 1} more" if len(replies) > 1 else ""
        source = f"gateway {self.options.service}, message {first.message_id}, sha256 {first.sha256[:16]}{more}"
        signed = [r.details["signature"]["signed_sha256"] for r in replies if isinstance(r.details["signature"], dict)]
        return Pulled(
            [r.file for r in replies], source, datetime.now(tz=LOCAL), evidence=evidence, signed=tuple(signed)
        )

    # -- the synchronous channel ---------------------------------------------------------------------------------

    def _all_parts(self, work: Path) -> list[_Reply]:
        """Each part once, with records of its own. Raises NotWhole."""
        records = RecordsOnce(self.contract, "part")
        replies: list[_Reply] = []
        parts = 1
        while len(replies) < parts:
            part = len(replies) + 1
            reply, answer = self._synchronous(work, part)
            if part == 1:
                parts = self._parts(answer)
            if parts > 1:
                self._check_part(answer, part, parts)
                records.add(part, reply.file.name, self._records(answer))
            replies.append(reply)
        digests, before = [reply.sha256 for reply in replies], self.previous_reading
        self.previous_reading = digests
        records.check_settled(replies[-1].file.name, digests == before)
        return replies

    def _synchronous(self, work: Path, part: int) -> tuple[_Reply, Answer]:
        message_id = str(uuid.uuid4())
        body, request = self.requests.operation("SendMessage")
        self.requests.add_info(etree.SubElement(request, "requestInfo"), message_id)
        self.requests.add_data(etree.SubElement(request, "requestData"), part)
        # One id for all attempts: the gateway recognises a message that it has seen.
        answer = self._ask("SendMessage", body, work / f"answer-{part:05d}.xml")
        response = ("SendMessageResponse", "response")
        code = answer.text(*response, "responseInfo", "status", "code")
        if code not in self.options.success:
            message = answer.text(*response, "responseInfo", "status", "message") or ""
            expected, found = f"status {' or '.join(self.options.success)}", f"{code}: {message[:300]}"
            raise self.contract.unavailable(expected, found, place=f"message {message_id}")
        details: dict[str, Any] = {
            "correlation_id": answer.text(*response, "responseInfo", "correlationId"),
            "answered_as": answer.text(*response, "responseInfo", "messageId"),
            "status": code,
            "received_sha256": answer.sha256,
        }
        answer, details["signature"] = self._verified(answer, (*response, "responseData", "data"), message_id)
        return _Reply(message_id, answer.file, answer.sha256, details), answer

    def _stated(self, answer: Answer, field: str) -> str | None:
        """A field of the contract's envelope; its path begins with the elements Envelope and Body."""
        path = self.contract.envelope.get(field)
        return answer.text(*_steps(path)[2:]) if path else None

    def _parts(self, answer: Answer) -> int:
        """How many parts the answer says it has, where the contract says how to ask for them."""
        if not self.options.part_field:
            return 1
        stated = self._stated(answer, "parts") or "1"
        if not (stated.isascii() and stated.isdigit() and len(stated) < 10 and 1 <= int(stated) <= MAX_PARTS):
            raise self.contract.refusal(answer.file, f"a number of parts from 1 to {MAX_PARTS:,}", shape(stated))
        return int(stated)

    def _check_part(self, answer: Answer, part: int, parts: int) -> None:
        """Raises NotWhole for an answer that says it is another part, or that there is another number of parts."""
        for field, expected in (("part", part), ("parts", parts)):
            stated = self._stated(answer, field)
            if stated is not None and stated.lstrip("0") != str(expected):
                name = self.contract.envelope[field].rpartition("/")[2]
                raise NotWhole(
                    self.contract.refusal(answer.file, f"part {part} of {parts}", f"{name} {stated[:9]}", column=name)
                )

    def _records(self, answer: Answer) -> Iterator[tuple[str | None, str]]:
        """Key and content of each record of a part."""
        sources = {column.name: column.source for column in self.contract.columns}
        keys = ["/".join(f"{{*}}{step}" for step in _steps(sources[name])) for name in self.contract.keys]
        path = "/".join(f"{{*}}{step}" for step in self.contract.options(XmlOptions).record_path[2:])
        for record in answer.body.iterfind(path):
            values = [record.findtext(key) for key in keys]
            content = etree.tostring(record, encoding="unicode", with_tail=False)
            yield repr(values) if values and all(values) else None, content

    # -- the asynchronous channel --------------------------------------------------------------------------------

    def _asynchronous(self, work: Path, history: PullHistory) -> _Reply:
        note = _note(history.note)
        if not note:
            note = {
                "message_id": str(uuid.uuid4()),
                "asked_at": datetime.now(tz=LOCAL).isoformat(),
                "is_sent": False,
            }
            history.remember(json.dumps({"soap": note}))
            self._send(work, history, note)
        state = self._state(work, note)
        if state is None and not note["is_sent"]:
            # The process that wrote the note was killed before the message was sent.
            self._send(work, history, note)
        message = f"message {note['message_id']} of {note['asked_at'][:19]}"
        if state == "DELIVERED":
            reply = self._fetch(work, note)
            if reply is not None:
                return reply
        elif state in ("NOT_DELIVERED", "DELIVERY_STOPPED"):
            history.remember(None)
            raise self.contract.unavailable(
                "the state DELIVERED",
                f"{message}, of which the gateway says {state}. The next pull sends a new one",
                "if that is not delivered either, the gateway's operator, with this id",
            )
        elif state is not None and state != "ON_DELIVERY":
            raise self.contract.unavailable("a state of a message", f"«{shape(state)}» of {message}, which is none")
        waited = datetime.now(tz=LOCAL) - datetime.fromisoformat(note["asked_at"])
        if waited > timedelta(hours=self.options.give_up_hours):
            history.remember(None)
            hours = f"{waited.total_seconds() / 3600:.0f} hours"
            found = f"{message} has had no answer for {hours}; the next pull sends a new one"
            raise self.contract.unavailable(f"an answer within {self.options.give_up_hours:g} hours", found)
        raise self.contract.not_ready("an answer", f"{message} is {state or 'not known to the gateway yet'}")

    def _send(self, work: Path, history: PullHistory, note: dict[str, Any]) -> None:
        """Send the message of `note`. Always raises SourceNotReady: the answer takes its time."""
        body, request = self.requests.operation("sendMessage")
        self.requests.add_info(etree.SubElement(request, "messageInfo"), note["message_id"], "REQUEST")
        self.requests.add_data(etree.SubElement(request, "messageData"), 1)
        answer = self._ask("sendMessage", body, work / "sent.xml")
        note |= {
            "is_sent": True,
            "sent_as": answer.text("sendMessageResponse", "response", "messageId") or note["message_id"],
            "correlation_id": answer.text("sendMessageResponse", "response", "correlationId"),
        }
        history.remember(json.dumps({"soap": note}))
        raise self.contract.not_ready("an answer", f"message {note['message_id']} was sent and waits for it")

    def _state(self, work: Path, note: dict[str, Any]) -> str | None:
        """State of delivery; None when the gateway does not know the message."""
        body, request = self.requests.operation("getMessageStatus")
        etree.SubElement(request, "messageId").text = note.get("sent_as") or note["message_id"]
        etree.SubElement(request, "requestDate").text = soap_message.now()
        self.requests.add_sender(request)
        try:
            answer = self._ask("getMessageStatus", body, work / "state.xml")
        except SoapFault:
            if note["is_sent"]:
                raise
            return None
        return answer.text("getMessageStatusResponse", "response", "messageState")

    def _fetch(self, work: Path, note: dict[str, Any]) -> _Reply | None:
        """The answer to a delivered message, if its receiver has written one."""
        operation = self.options.answer_operation
        body, request = self.requests.operation(operation)
        etree.SubElement(request, "messageId").text = note.get("sent_as") or note["message_id"]
        etree.SubElement(request, "correlationId").text = note.get("correlation_id") or ""
        self.requests.add_sender(request)
        answer = self._ask(operation, body, work / "answer-00001.xml")
        response = (f"{operation}Response", "response")
        if answer.first(*response, "messageData") is None:
            answer.file.unlink()
            return None
        correlation = answer.text(*response, "messageInfo", "correlationId")
        asked = note.get("correlation_id")
        if correlation and asked and correlation != asked:
            raise self.contract.refusal(answer.file, f"the answer of correlation {asked}", f"that of {correlation}")
        details: dict[str, Any] = {
            "correlation_id": correlation,
            "asked_at": note["asked_at"],
            "received_sha256": answer.sha256,
        }
        answer, details["signature"] = self._verified(answer, (*response, "messageData", "data"), note["message_id"])
        return _Reply(note["message_id"], answer.file, answer.sha256, details)

    # -- asking and verifying ------------------------------------------------------------------------------------

    def _ask(self, operation: str, body: etree._Element, target: Path) -> Answer:
        """Send `body`, write the answer to `target`, read it. Raises SoapFault for what the gateway itself refuses."""
        attempt = partial(self._attempt, operation, soap_message.envelope(body), target)
        return retry(self.contract, f"{operation} had no whole answer", attempt)

    def _attempt(self, operation: str, content: bytes, target: Path) -> Answer:
        max_bytes = int(self.options.max_megabytes * (1 << 20))
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation}"'}
        digest = hashlib.sha256()
        size = 0
        with (
            target.open("wb") as out,
            self.source.stream("POST", self.address.base, content=content, headers=headers) as answer,
        ):
            if http.is_refusal(answer):
                found = f"status {answer.status_code}"
                raise self.contract.connection_unusable("a sender that the gateway accepts", found)
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    found = "more; ask for less at once, or raise maxMegabytes"
                    expected = f"an answer of at most {max_bytes:,} bytes"
                    raise self.contract.refusal(target, expected, found, owner="us")
                digest.update(chunk)
                out.write(chunk)
        # SOAP 1.1 sends a fault with status 500.
        if answer.status_code not in (200, 500):
            raise http.failed(self.contract, "the gateway", answer)
        return soap_message.read(self.contract, self.address, operation, target, digest.hexdigest())

    def _verified(self, answer: Answer, path: tuple[str, ...], message_id: str) -> tuple[Answer, dict[str, Any] | str]:
        """The answer with nothing in it but what its signature vouches for, and what the manifest says of that.

        The file of the answer is written again with the verified bytes: of the document as it came, nothing is read
        any more. Raises ExtractRefused.
        """
        if self.options.signature == "unchecked":
            return answer, "not verified: the contract does not demand it"
        elements = [answer.body]
        for step in path:
            elements = [child for parent in elements for child in parent.findall(f"{{*}}{step}")]
            if len(elements) != 1:
                found = f"{len(elements)} elements {step}"
                raise self.contract.refusal(answer.file, f"one element {'/'.join(path)}", found)
        verified = signature.verify(self.contract, answer.file.name, elements[0], self.trusted)
        content = signature.verified_document(verified)
        answer = soap_message.rewritten(self.contract, answer, content)
        answer = replace(answer, sha256=hashlib.sha256(content).hexdigest())
        for field, expected in (("period", self.requests.period), ("message_id", message_id)):
            stated = self._stated(answer, field)
            if stated is not None and stated != expected:
                name = self.contract.envelope[field].rpartition("/")[2]
                raise self.contract.refusal(
                    answer.file, f"{field} {expected} in the signed data", stated[:40], column=name
                )
        return answer, verified.details


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]


def _note(text: str | None) -> dict[str, Any]:
    """The message that is on its way, if a note names one."""
    try:
        note = json.loads(text or "{}").get("soap") or {}
    except (ValueError, AttributeError):
        return {}
    return note if isinstance(note, dict) and "message_id" in note else {}
