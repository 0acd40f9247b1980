"""The gateway's answers are taken whole, from the party that the connection names, and with the receipts kept."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from lxml import etree

from auyl import contracts, intake, ledger
from auyl.errors import ConnectionUnusable, ExtractRefused, SourceNotReady, SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import PullHistory, soap
from auyl.store import paths
from auyl.store.lake import Lake
from lab.simulated_sources.gateway import Gateway, pem, self_signed
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, Answer, Answering, Asked, with_options

BASE = contracts.load("population", REPOSITORY / "include")
OPTIONS = {
    "way": "soap",
    "service": "population",
    "request": {"period": "{period}"},
    "filePattern": None,
    "marker": None,
}
CONTRACT = with_options(BASE, **OPTIONS)
ASYNC = with_options(BASE, **OPTIONS, channel="async")
RECORD = "Envelope/Body/getMessageResponse/response/messageData/data"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
PASSWORD = "geheim-p/w:?"
KEY, CERTIFICATE = self_signed("МВД РК, тест")
OTHER_KEY, OTHER = self_signed("Somebody else")

Change = Callable[[bytes], bytes]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """The gateway with one part of two persons."""
    write(tmp_path, population_xml([person(1), person(2)]))
    return Gateway(tmp_path / "extracts", "auyl", PASSWORD, KEY, CERTIFICATE)


def write(tmp_path: Path, *parts: bytes) -> None:
    folder = tmp_path / "extracts" / PERIOD / "population"
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(parts, start=1):
        (folder / f"part{number}.xml").write_bytes(content)


def serve(answering: Answering, gateway: Gateway, change: Change = lambda content: content) -> str:
    """Serve the gateway over HTTP, its answers altered by `change`; returns the address."""

    def reply(asked: Asked) -> Answer:
        status, content = gateway.reply(asked.body)
        return Answer(status, change(content), {"Content-Type": "text/xml"})

    return address(answering(reply).port)


def address(port: int, password: str = PASSWORD, certificate: str = pem(CERTIFICATE)) -> str:
    query = urlencode({"certificate": certificate}) if certificate else ""
    return f"http://auyl:{quote(password, safe='')}@127.0.0.1:{port}/bip?{query}"


def resigned(key: object, certificate: object) -> Change:
    """Replace the signature by that of another key."""

    def change(content: bytes) -> bytes:
        root = etree.fromstring(content)
        data = root.find(".//data")
        data.remove(data.find(f"{DS}Signature"))
        Gateway(Path(), "", "", key, certificate)._sign(data)
        return etree.tostring(root)

    return change


class TestSynchronous:
    """One message, one answer."""

    @pytest.mark.parametrize("canonical", ["exclusive", "inclusive"])
    @pytest.mark.parametrize("elliptic", [False, True])
    def test_from_the_gateway_to_stage_with_its_receipts(
        self, answering: Answering, gateway: Gateway, settings: Settings, adopt: Adopt, canonical: str, elliptic: bool
    ) -> None:
        changed = adopt(settings, "population", **OPTIONS)
        gateway.canonical = canonical
        gateway.key, gateway.certificate = self_signed("ec or rsa", elliptic)
        port = int(re.search(r":(\d+)/bip", serve(answering, gateway))[1])
        where = address(port, certificate=pem(gateway.certificate))
        number = intake.pull("population", PERIOD, lambda _: where, changed)
        assert intake.load(number, changed).staged == 2
        delivery = ledger.delivery(settings, number)
        folder = Path(settings.lake) / delivery.landing_path
        manifest = json.loads((folder / "manifest.json").read_text())
        message = manifest["evidence"]["messages"][0]
        assert gateway.received == [message["message_id"]]
        assert message["sha256"] == manifest["files"][0]["sha256"]
        assert (
            message["signature"]["certificate"]
            == gateway.certificate.fingerprint(gateway.certificate.signature_hash_algorithm).hex()
        )
        assert message["message_id"] in delivery.source
        assert message["sha256"][:16] in delivery.source
        assert b"SignatureValue" in (folder / "answer-00001.xml").read_bytes(), "the whole answer stays in landing"
        assert PASSWORD not in (folder / "manifest.json").read_text()

    def test_all_parts_are_requested(self, answering: Answering, gateway: Gateway, work: Path, tmp_path: Path) -> None:
        write(tmp_path, *(population_xml([person(n)], part=n, parts=3) for n in (1, 2, 3)))
        contract = with_options(BASE, **OPTIONS, partField="part")
        pulled = soap.pull(contract, PERIOD, serve(answering, gateway), work, PullHistory())
        assert [f.name for f in pulled.files] == [f"answer-{n:05d}.xml" for n in (1, 2, 3)]
        assert len(set(gateway.received)) == 3

    def test_a_broken_line_asks_again_with_the_same_message(
        self, answering: Answering, gateway: Gateway, work: Path, waits: list[int]
    ) -> None:
        troubles = iter(["cut", "empty", "busy"])

        def reply(asked: Asked) -> Answer:
            status, content = gateway.reply(asked.body)
            match next(troubles, None):
                case "cut":
                    return Answer(status, content, cut=len(content) // 2)
                case "empty":
                    return Answer(200, b"")
                case "busy":
                    return Answer(503, headers={"Retry-After": "1"})
            return Answer(status, content)

        pulled = soap.pull(CONTRACT, PERIOD, address(answering(reply).port), work, PullHistory())
        assert len(gateway.received) == 4
        assert len(set(gateway.received)) == 1
        assert pulled.files[0].read_bytes().endswith(b"Envelope>")

    def test_a_status_that_is_no_success(self, answering: Answering, gateway: Gateway, work: Path) -> None:
        def change(content: bytes) -> bytes:
            return content.replace(b"SCSS001", b"SCSE012").replace(b"Message has been processed", "Нет данных".encode())

        with pytest.raises(SourceUnavailable, match=r"expected status SCSS001; found SCSE012: Нет данных.*МВД"):
            soap.pull(CONTRACT, PERIOD, serve(answering, gateway, change), work, PullHistory())

    def test_a_fault_and_a_refused_sender(self, answering: Answering, gateway: Gateway, work: Path) -> None:
        where = serve(answering, gateway)
        with pytest.raises(SourceUnavailable, match="answered with a fault: unknown: 'population 2026-12 part 1'"):
            soap.pull(CONTRACT, "2026-12", where, work, PullHistory())
        with pytest.raises(ConnectionUnusable, match="a sender that the gateway accepts; found status 403") as raised:
            soap.pull(CONTRACT, PERIOD, where.replace(quote(PASSWORD, safe=""), "verkehrt"), work, PullHistory())
        assert "verkehrt" not in str(raised.value)

    def test_a_fault_that_repeats_the_password_does_not_show_it(
        self, answering: Answering, gateway: Gateway, work: Path
    ) -> None:
        server = answering(lambda asked: Answer(500, gateway._fault(f"bad login {PASSWORD}")))
        with pytest.raises(SourceUnavailable, match="bad login …"):
            soap.pull(CONTRACT, PERIOD, address(server.port), work, PullHistory())

    def test_an_endless_answer_is_not_read_to_its_end(
        self, answering: Answering, gateway: Gateway, work: Path, tmp_path: Path
    ) -> None:
        write(tmp_path, population_xml([person(n) for n in range(1, 3000)]))
        contract = with_options(BASE, **OPTIONS, maxMegabytes=0.5)
        with pytest.raises(ExtractRefused, match=r"an answer of at most 524,288 bytes.*maxMegabytes"):
            soap.pull(contract, PERIOD, serve(answering, gateway), work, PullHistory())
        assert (work / "answer-00001.xml").stat().st_size <= 524_288


class TestSignature:
    """The named party must have signed everything that is read."""

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            (lambda c: c.replace(b"<name>", b"<name>\xd0\x90", 1), "does not match the signature"),
            (lambda c: c.replace(b"1990-03-12", b"1990-03-13", 1), "does not match the signature"),
            (lambda c: re.sub(rb"<ds:Signature .*</ds:Signature>", b"", c, flags=re.S), "no signature in it"),
            (lambda c: c.replace(b"2001/04/xmldsig-more#rsa-sha256", b"2001/04/xmldsig-more#gost34310-gost34311"),
             "gost34310-gost34311; ГОСТ of НУЦ is in no open library"),
            (lambda c: c.replace(b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1"), "rsa-sha1"),
            (lambda c: c.replace(b"xmldsig-more#rsa-sha256", b"xmldsig-more#hmac-sha256"), "hmac-sha256"),
            (lambda c: c.replace(b'URI=""', b'URI="#elsewhere"'), "one of #elsewhere"),
            (lambda c: c.replace(b"xmldsig#enveloped-signature", b"xpath-filter2"), "a transform that leaves some out"),
            # a second, unsigned element where records are read
            (lambda c: c.replace(b"<responseData>", b"<responseData><data><persons/></data>"), "2 elements data"),
            (lambda c: c.replace(b"</response>", b"<responseData/></response>"), "2 elements responseData"),
            # the signed data are put aside, as the only thing inside of others
            (lambda c: c.replace(b"<data", b"<data><persons/><data").replace(b"</data>", b"</data></data>"),
             "one over a part of it"),
            (resigned(OTHER_KEY, OTHER), "one of «CN=Somebody else»"),
            # signed by somebody else, under the right certificate
            (resigned(OTHER_KEY, CERTIFICATE), "does not match the signature"),
        ],
    )  # fmt: skip
    def test_an_answer_that_is_not_signed_as_demanded_is_refused_and_recorded(
        self, answering: Answering, gateway: Gateway, settings: Settings, adopt: Adopt, change: Change, found: str
    ) -> None:
        changed = adopt(settings, "population", **OPTIONS)
        seen: list[bytes] = []

        def noted(content: bytes) -> bytes:
            seen.append(change(content))
            assert seen[-1] != content, "the test changes nothing"
            return seen[-1]

        where = serve(answering, gateway, noted)
        with pytest.raises(ExtractRefused, match=re.escape(found)) as raised:
            intake.pull("population", PERIOD, lambda _: where, changed)
        assert "МВД" in str(raised.value)
        assert Lake(settings.lake).zones() == [paths.MARK]

    @pytest.mark.parametrize("text", [b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<!DOCTYPE x>"])
    def test_no_entities(self, answering: Answering, gateway: Gateway, work: Path, text: bytes) -> None:
        def change(content: bytes) -> bytes:
            return re.sub(rb"(\?>\s*)", lambda found: found.group() + text, content, count=1)

        with pytest.raises(ExtractRefused, match="found a DOCTYPE"):
            soap.pull(CONTRACT, PERIOD, serve(answering, gateway, change), work, PullHistory())

    def test_an_unchecked_signature_is_recorded_in_the_manifest(
        self, answering: Answering, gateway: Gateway, work: Path
    ) -> None:
        contract = with_options(BASE, **OPTIONS, signature="unchecked")
        where = serve(answering, gateway, lambda c: c.replace(b"rsa-sha256", b"gost34310-gost34311")).split("?")[0]
        pulled = soap.pull(contract, PERIOD, where, work, PullHistory())
        assert pulled.evidence["messages"][0]["signature"].startswith("not verified")

    def test_a_new_certificate_and_the_previous_one_are_both_valid(
        self, answering: Answering, gateway: Gateway, work: Path
    ) -> None:
        gateway.key, gateway.certificate = OTHER_KEY, OTHER
        port = int(re.search(r":(\d+)/bip", serve(answering, gateway))[1])
        both = pem(CERTIFICATE) + pem(OTHER)
        assert soap.pull(CONTRACT, PERIOD, address(port, certificate=both), work, PullHistory()).files

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", "found none"),
            ("no pem", "found ValueError"),
            (pem(self_signed("Old", days=-3)[1]), "«CN=Old».* until 20"),
        ],
    )
    def test_without_a_valid_certificate_nothing_is_sent(
        self, answering: Answering, gateway: Gateway, work: Path, text: str, found: str
    ) -> None:
        port = int(re.search(r":(\d+)/bip", serve(answering, gateway))[1])
        with pytest.raises(ConnectionUnusable, match=found):
            soap.pull(CONTRACT, PERIOD, address(port, certificate=text), work, PullHistory())
        assert gateway.received == []


class TestAsynchronous:
    """The message is sent once; every pull asks for its state and waits for nothing."""

    def test_from_sending_to_stage(
        self, answering: Answering, gateway: Gateway, settings: Settings, adopt: Adopt
    ) -> None:
        paths = {
            "record": f"{RECORD}/persons/person",
            "envelope": {name: f"/{RECORD}/{name}" for name in ("period", "parts")},
        }
        changed = adopt(settings, "population", **OPTIONS, channel="async", **paths)
        gateway.states = ["ON_DELIVERY", "ON_DELIVERY", "DELIVERED"]
        where = serve(answering, gateway)
        for state in ("was sent", "is ON_DELIVERY", "is ON_DELIVERY"):
            with pytest.raises(SourceNotReady, match=state):
                intake.pull("population", PERIOD, lambda _: where, changed)
        number = intake.pull("population", PERIOD, lambda _: where, changed)
        assert intake.load(number, changed).staged == 2
        assert len(gateway.received) == 1, "one message, however often it was asked for"
        folder = Path(settings.lake) / ledger.delivery(settings, number).landing_path
        message = json.loads((folder / "manifest.json").read_text())["evidence"]["messages"][0]
        assert message["message_id"] == gateway.received[0]
        assert message["correlation_id"] == gateway.waiting[gateway.received[0]][1]
        with pytest.raises(SourceNotReady, match="was sent"):
            intake.pull("population", PERIOD, lambda _: where, changed)
        assert len(gateway.received) == 2, "the next pull is a new question"

    @pytest.mark.parametrize("state", ["NOT_DELIVERED", "DELIVERY_STOPPED"])
    def test_a_message_that_was_not_delivered_is_reported_and_sent_again(
        self, answering: Answering, gateway: Gateway, work: Path, state: str
    ) -> None:
        gateway.states = ["ON_DELIVERY", state]
        where, history = serve(answering, gateway), PullHistory()
        for _ in range(2):
            with pytest.raises(SourceNotReady):
                soap.pull(ASYNC, PERIOD, where, work, history)
        with pytest.raises(SourceUnavailable, match=rf"{gateway.received[0]}.*the gateway says {state}") as raised:
            soap.pull(ASYNC, PERIOD, where, work, history)
        assert not isinstance(raised.value, SourceNotReady)
        gateway.states = ["DELIVERED"]
        with pytest.raises(SourceNotReady, match="was sent"):
            soap.pull(ASYNC, PERIOD, where, work, history)
        assert soap.pull(ASYNC, PERIOD, where, work, history).files
        assert len(set(gateway.received)) == 2

    def test_a_process_killed_before_it_sent_leaves_a_message_that_is_sent_once(
        self, answering: Answering, gateway: Gateway, work: Path
    ) -> None:
        notes: list[str | None] = []
        where = serve(answering, gateway)

        def killed(note: str | None) -> None:
            notes.append(note)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            soap.pull(ASYNC, PERIOD, where, work, PullHistory(write=killed))
        assert gateway.received == [], "the note comes first"
        history = PullHistory(note=notes[0])
        with pytest.raises(SourceNotReady, match="was sent"):
            soap.pull(ASYNC, PERIOD, where, work, history)
        assert gateway.received == [json.loads(notes[0] or "")["soap"]["message_id"]]

    def test_a_process_killed_after_it_sent_sends_nothing_again(
        self, answering: Answering, gateway: Gateway, work: Path
    ) -> None:
        notes: list[str | None] = []
        where = serve(answering, gateway)

        def write(note: str | None) -> None:
            if notes:
                raise KeyboardInterrupt  # the second note would say that it was sent
            notes.append(note)

        with pytest.raises(KeyboardInterrupt):
            soap.pull(ASYNC, PERIOD, where, work, PullHistory(write=write))
        history = PullHistory(note=notes[0])
        with pytest.raises(SourceNotReady, match="ON_DELIVERY"):
            soap.pull(ASYNC, PERIOD, where, work, history)
        assert soap.pull(ASYNC, PERIOD, where, work, history).files
        assert len(gateway.received) == 1

    def test_a_message_without_an_answer_is_given_up(self, answering: Answering, gateway: Gateway, work: Path) -> None:
        gateway.states = ["ON_DELIVERY"]
        where, history = serve(answering, gateway), PullHistory()
        contract = with_options(BASE, **OPTIONS, channel="async", giveUpHours=1e-9)
        with pytest.raises(SourceNotReady):
            soap.pull(contract, PERIOD, where, work, history)
        with pytest.raises(SourceUnavailable, match="has had no answer for"):
            soap.pull(contract, PERIOD, where, work, history)
        assert history.note is None

    def test_a_tampered_answer_is_refused(self, answering: Answering, gateway: Gateway, work: Path) -> None:
        gateway.states = ["DELIVERED"]
        where, history = (
            serve(answering, gateway, lambda c: c.replace("АЙБЕК".encode(), "АЙБАК".encode())),
            PullHistory(),
        )
        with pytest.raises(SourceNotReady):
            soap.pull(ASYNC, PERIOD, where, work, history)
        with pytest.raises(ExtractRefused, match="does not match the signature"):
            soap.pull(ASYNC, PERIOD, where, work, history)

    def test_an_answer_of_another_message_is_refused(self, answering: Answering, gateway: Gateway, work: Path) -> None:
        gateway.states = ["DELIVERED"]
        where, history = serve(answering, gateway), PullHistory()
        with pytest.raises(SourceNotReady):
            soap.pull(ASYNC, PERIOD, where, work, history)
        asked, _, states = gateway.waiting[gateway.received[0]]
        gateway.waiting[gateway.received[0]] = (asked, "another-chain", states)
        with pytest.raises(ExtractRefused, match="found that of another-chain"):
            soap.pull(ASYNC, PERIOD, where, work, history)


def test_the_gateway_as_a_separate_process(gateway: Gateway, work: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    command = [
        sys.executable, "-m", "lab.simulated_sources.gateway", "--extracts", str(gateway.extracts), "--port", "0",
        "--sender",
        "auyl", "--password-file", str(tmp_path / "password"), "--key", str(tmp_path / "key"), "--certificate",
        str(tmp_path / "certificate"),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().strip().rsplit(":", 1)[1])
        where = f"http://auyl:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/?certificate_file={tmp_path}/certificate"
        assert soap.pull(CONTRACT, PERIOD, where, work, PullHistory()).files
    finally:
        process.terminate()
        process.communicate(timeout=90)


class TestParts:
    """Parts of one answer belong together: each comes once, and no record in two of them."""

    PARTED = with_options(BASE, **OPTIONS, partField="part")

    @pytest.fixture(autouse=True)
    def _no_waits(self, waits: list[int]) -> None:
        pass

    @pytest.mark.parametrize(
        ("parts", "found"),
        [
            ([(1, 1, 3), (2, 2, 3), (2, 3, 3)], "expected part 2 of 3; found part 3"),
            ([(1, 1, 3), (2, 2, 4), (3, 3, 4)], "expected part 2 of 3; found parts 4"),
            ([(1, 1, 2), (1, 2, 2)], "1 records of earlier parts again on part 2"),
        ],
    )
    def test_parts_that_are_not_one_whole_are_refused(
        self,
        answering: Answering,
        gateway: Gateway,
        work: Path,
        tmp_path: Path,
        parts: list[tuple[int, ...]],
        found: str,
    ) -> None:
        """Each part: number of its person, its own number, number of parts that it states."""
        contents = [population_xml([person(n)], part=part, parts=of) for n, part, of in parts]
        if found.endswith("part 3"):
            contents[1] = contents[2]
        write(tmp_path, *contents)
        with pytest.raises(ExtractRefused, match=found):
            soap.pull(self.PARTED, PERIOD, serve(answering, gateway), work, PullHistory())

    def test_a_number_of_parts_of_thousands_of_digits_is_refused(
        self, answering: Answering, gateway: Gateway, work: Path, tmp_path: Path
    ) -> None:
        content = population_xml([person(1)], part=1, parts=1)
        write(tmp_path, content.replace(b"<parts>1<", b"<parts>" + b"9" * 5000 + b"<"))
        with pytest.raises(ExtractRefused, match=r"expected a number of parts from 1 to .*; found 9{40}…"):
            soap.pull(self.PARTED, PERIOD, serve(answering, gateway), work, PullHistory())

    def test_parts_that_shifted_are_asked_for_again(
        self, answering: Answering, gateway: Gateway, work: Path, tmp_path: Path
    ) -> None:
        write(tmp_path, *(population_xml([person(n)], part=part, parts=2) for part, n in ((1, 1), (2, 1))))
        where = serve(answering, gateway)

        def settle(attempt: int) -> float:
            write(tmp_path, *(population_xml([person(n)], part=part, parts=2) for part, n in ((1, 0), (2, 1))))
            return 0.0

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("auyl.sources.backoff.growing_wait_s", settle)
            pulled = soap.pull(self.PARTED, PERIOD, where, work, PullHistory())
        found = [re.search(rb"<iin>(\d+)</iin>", file.read_bytes())[1].decode() for file in pulled.files]
        assert found == [person(0)["iin"], person(1)["iin"]]
        assert len(set(gateway.received)) == 4
