"""A signed answer that was changed, wrapped, written in another alphabet or kept for later is refused, and recorded."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from lxml import etree

from auyl import intake, ledger
from auyl.errors import ExtractRefused
from auyl.settings import Settings
from auyl.sources import PullHistory, soap
from auyl.store.lake import Lake
from lab.simulated_sources.gateway import Gateway
from tests.extracts import PERIOD, person, population_xml
from tests.sources.conftest import Adopt, Answering, Asked, with_options
from tests.sources.conftest import Answer as Reply
from tests.sources.test_soap import (
    CERTIFICATE,
    CONTRACT,
    DS,
    KEY,
    OPTIONS,
    PASSWORD,
    address,
    serve,
    write,
)  # fmt: skip

FORGED = "ПОДДЕЛКА"
Forge = Callable[[bytes], bytes]


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    write(tmp_path, population_xml([person(1), person(2)]))
    return Gateway(tmp_path / "extracts", "auyl", PASSWORD, KEY, CERTIFICATE)


def utf7(text: str) -> bytes:
    """Text as UTF-7 writes it, signs of XML too."""
    return b"+" + base64.b64encode(text.encode("utf-16-be")).rstrip(b"=") + b"-"


def declared(name: str) -> Forge:
    return lambda content: re.sub(rb'encoding=["\'][^"\']*["\']', f'encoding="{name}"'.encode(), content, count=1)


def in_encoding(name: str) -> Forge:
    return lambda content: declared(name)(content).decode().encode(name, "xmlcharrefreplace")


def hidden_in_utf7(content: bytes) -> bytes:
    """One parser sees a comment; the one that obeys the declaration sees a record."""
    record = utf7(f"--><person><name>{FORGED}</name></person><!--")
    return declared("UTF-7")(content).replace(b"<persons>", b"<persons><!-- " + record + b" -->", 1)


def tree(change: Callable[[etree._Element, etree._Element], None]) -> Forge:
    """Change an answer's document, given its root and its signed data; bytes as lxml writes them."""

    def forge(content: bytes) -> bytes:
        root = etree.fromstring(content)
        change(root, root.find(".//data"))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    return forge


def forged_copy(data: etree._Element, keep_signature: bool = False) -> etree._Element:
    copy = etree.fromstring(etree.tostring(data))
    for name in copy.iter("name"):
        name.text = FORGED
    if not keep_signature:
        copy.remove(copy.find(f"{DS}Signature"))
    return copy


def beside(root: etree._Element, data: etree._Element) -> None:
    data.addprevious(forged_copy(data))


def in_the_header(root: etree._Element, data: etree._Element) -> None:
    header = etree.Element("{http://schemas.xmlsoap.org/soap/envelope/}Header")
    root.insert(0, header)
    parent, at, copy = data.getparent(), data.getparent().index(data), forged_copy(data)
    header.append(data)
    parent.insert(at, copy)


def with_its_signature(root: etree._Element, data: etree._Element) -> None:
    data.getparent().replace(data, forged_copy(data, keep_signature=True))


def around(root: etree._Element, data: etree._Element) -> None:
    copy = forged_copy(data)
    data.getparent().replace(data, copy)
    copy.append(data)


def in_an_object(root: etree._Element, data: etree._Element) -> None:
    """The signed data stand inside the signature, which stands in forged data."""
    signature, copy = data.find(f"{DS}Signature"), forged_copy(data)
    data.getparent().replace(data, copy)
    data.remove(signature)
    etree.SubElement(signature, f"{DS}Object").append(data)
    copy.append(signature)


def one_id_twice(root: etree._Element, data: etree._Element) -> None:
    data.find(f".//{DS}Reference").set("URI", "#d1")
    data.set("Id", "d1")
    copy = forged_copy(data)
    copy.set("Id", "d1")
    data.append(copy)


def another_reference(root: etree._Element, data: etree._Element) -> None:
    reference = data.find(f".//{DS}Reference")
    reference.addnext(etree.fromstring(etree.tostring(reference)))


def no_reference(root: etree._Element, data: etree._Element) -> None:
    info = data.find(f".//{DS}SignedInfo")
    info.remove(info.find(f"{DS}Reference"))


def another_signature(root: etree._Element, data: etree._Element) -> None:
    signature = data.find(f"{DS}Signature")
    signature.addnext(etree.fromstring(etree.tostring(signature)))


def a_comment_in_a_number(root: etree._Element, data: etree._Element) -> None:
    data.find(".//iin").append(etree.Comment(""))


FORGERIES: dict[str, tuple[Forge, str]] = {
    "a record in UTF-7": (hidden_in_utf7, "found the encoding «UTF-7»"),
    **{f"declared {name}": (declared(name), f"found the encoding «{name}»")
       for name in ("utf-7", "windows-1251", "ISO-8859-1", "utf-16", "cp037", "x-user-defined")},
    **{f"written in {name}": (in_encoding(name), "found the ") for name in ("windows-1251", "koi8-r")},
    "UTF-16 with its mark": (lambda c: declared("utf-16")(c).decode().encode("utf-16"), "the mark of another encoding"),
    "UTF-16 without": (lambda c: c.decode().encode("utf-16-be"), "the mark of another encoding"),
    "UTF-32": (lambda c: c.decode().encode("utf-32"), "the mark of another encoding"),
    "bytes that are no UTF-8": (lambda c: c.replace(b"<name>", b"<name>\xc0\xbc", 1), "found the byte 0xc0"),
    "a document type": (lambda c: re.sub(rb"\?>\s*", b"?><!DOCTYPE e>", c, count=1), "found a DOCTYPE"),
    "data beside the data": (tree(beside), "found 2 elements data"),
    "signed data in the header": (tree(in_the_header), "no signature in it"),
    "the signature of others' data": (tree(with_its_signature), "does not match the signature"),
    "data around the data": (tree(around), "one over a part of it"),
    "data within the signature": (tree(in_an_object), "does not match the signature"),
    "one id twice": (tree(one_id_twice), "one element with the id that is signed; found 2"),
    "two references": (tree(another_reference), "a signature of one element; found of 2"),
    "no reference": (tree(no_reference), "a signature of one element; found of 0"),
    "two signatures": (tree(another_signature), "one signature; found 2 signatures"),
}  # fmt: skip


@pytest.mark.parametrize(("forge", "found"), FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_answer_is_refused(
    answering: Answering, gateway: Gateway, tmp_path: Path, forge: Forge, found: str
) -> None:
    with pytest.raises(ExtractRefused, match=re.escape(found)) as raised:
        soap.pull(CONTRACT, PERIOD, serve(answering, gateway, forge), tmp_path, PullHistory())
    assert FORGED not in str(raised.value)


@pytest.mark.parametrize("canonical", ["exclusive", "inclusive"])
def test_what_is_read_is_what_was_signed_and_nothing_around_it(
    answering: Answering, gateway: Gateway, settings: Settings, adopt: Adopt, canonical: str
) -> None:
    """A comment does not cut a number short, and what stands outside of the signed data is gone."""
    gateway.canonical = canonical

    def decorated(content: bytes) -> bytes:
        root = etree.fromstring(content)
        a_comment_in_a_number(root, root.find(".//data"))
        for number in root.iter("iin"):
            number[-1].tail, number.text = number.text[4:], number.text[:4] if len(number) else number.text
            break
        etree.SubElement(root.find(".//response"), "person").text = FORGED
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    changed = adopt(settings, "population", **OPTIONS)
    number = intake.pull("population", PERIOD, lambda _: serve(answering, gateway, decorated), changed)
    assert intake.load(number, changed).staged == 2
    folder = ledger.delivery(settings, number).landing_path
    landed = Lake(settings.lake).read(f"{folder}/answer-00001.xml")
    assert FORGED.encode() not in landed
    assert person(1)["iin"].encode() in landed


def test_the_period_and_the_message_that_are_signed_must_be_those_that_were_asked_for(
    answering: Answering, gateway: Gateway, tmp_path: Path
) -> None:
    content = population_xml([person(1)]).replace(b"<period>2026-10", b"<period>2026-09")
    write(tmp_path, content)
    with pytest.raises(ExtractRefused, match=f"expected period {PERIOD} in the signed data; found 2026-09"):
        soap.pull(CONTRACT, PERIOD, serve(answering, gateway), tmp_path, PullHistory())
    path = "/Envelope/Body/SendMessageResponse/response/responseData/data"
    named = with_options(CONTRACT, **OPTIONS, envelope={"message_id": f"{path}/relatesTo"})
    write(tmp_path, population_xml([person(1)]).replace(b"<data>", b"<data><relatesTo>another</relatesTo>"))
    with pytest.raises(ExtractRefused, match=r"expected message_id [0-9a-f-]{36} in the signed data; found another"):
        soap.pull(named, PERIOD, serve(answering, gateway), tmp_path, PullHistory())


def test_an_answer_that_was_kept_for_later_is_refused_and_the_same_data_again_are_not(
    answering: Answering, gateway: Gateway, settings: Settings, adopt: Adopt, tmp_path: Path
) -> None:
    changed = adopt(settings, "population", **OPTIONS)
    kept: dict[str, bytes] = {}
    replay: list[str] = []

    def reply(asked: Asked) -> Reply:
        status, content = gateway.reply(asked.body)
        if replay:
            # Everything that is not signed is that of the new question.
            message = re.search(rb"<messageId>[^<]*</messageId>", content)[0]
            stamp = b"<responseDate>2026-11-29T00:00:00+05:00</responseDate>"
            content = re.sub(rb"<messageId>[^<]*</messageId>", message, kept[replay[0]])
            content = re.sub(rb"<responseDate>[^<]*</responseDate>", stamp, content)
        kept.setdefault(str(len(kept)), content)
        return Reply(status, content, {"Content-Type": "text/xml"})

    where = address(answering(reply).port)

    def pull(period: str = PERIOD) -> int:
        return intake.pull("population", period, lambda _: where, changed)

    first = pull()
    assert pull() == first, "the same data under a new message are the same delivery"
    write(tmp_path, population_xml([person(1), person(2), person(3)]))
    second = pull()
    assert second != first
    assert intake.load(second, changed).staged == 3
    replay.append("0")
    for period in (PERIOD, PERIOD):
        with pytest.raises(ExtractRefused, match=f"found the answer for {PERIOD} of .* again, signed sha256"):
            pull(period)
    replay[0] = "2"
    assert pull() == second, "the last answer again is no earlier one"
    with psycopg2.connect(settings.dsn) as con, con.cursor() as cursor:
        cursor.execute("select count(*), max(delivery_id) from ledger.signed_answer")
        assert cursor.fetchone() == (2, second)
        cursor.execute("select count(*) from ledger.refusal")
        assert cursor.fetchone() == (2,)
