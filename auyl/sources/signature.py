"""The XML signature of a gateway's answer, verified with the certificate in the connection.

What is verified: an enveloped signature of `data` or of the one element in it, RSA or ECDSA with SHA-2. НУЦ signs with
ГОСТ 34.310 and 34.11, which no open Python library supports: such an answer is refused where the contract demands a
verified signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from auyl.contracts import Contract
from auyl.errors import ExtractRefused
from auyl.sources.address import Address

DS = "http://www.w3.org/2000/09/xmldsig#"
METHODS = frozenset(
    method for method in SignatureMethod
    if method.name in {f"{key}_SHA{bits}" for key in ("RSA", "ECDSA") for bits in (256, 384, 512)}
    or method.name in {f"SHA{bits}_RSA_MGF1" for bits in (256, 384, 512)}
)  # fmt: skip
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
# A transform that removes parts of the element (XPath, XSLT) would sign something other than what is read.
TRANSFORMS = {
    f"{DS}enveloped-signature",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
}


def certificates(contract: Contract, address: Address) -> list[x509.Certificate]:
    """Certificates of the answering party: the extra `certificate` or the file of `certificate_file`, PEM, one or more.

    More than one is for the days when the owner replaces it. Raises ConnectionUnusable when none is valid today.
    """
    expected = "the answering party's certificate in PEM, in the extra «certificate» or the file of «certificate_file»"
    try:
        text = address.text("certificate")
        certificates_given = x509.load_pem_x509_certificates(text.encode()) if text else []
    except (OSError, ValueError) as error:
        raise contract.connection_unusable(expected, type(error).__name__) from None
    if not certificates_given:
        raise contract.connection_unusable(expected, "none")
    now = datetime.now(tz=UTC)
    valid = [
        certificate
        for certificate in certificates_given
        if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    ]
    if not valid:
        ends = ", ".join(
            f"{name(certificate)} until {certificate.not_valid_after_utc:%Y-%m-%d}"
            for certificate in certificates_given
        )
        raise contract.connection_unusable("a certificate that is valid today", ends)
    return valid


def name(certificate: x509.Certificate) -> str:
    """A certificate in words: its subject and the beginning of its sha256."""
    subject = certificate.subject.rfc4514_string() or "no name"
    return f"«{subject}» (sha256 {certificate.fingerprint(hashes.SHA256()).hex()[:16]}…)"


@dataclass(frozen=True)
class Verified:
    """What a signature vouches for: the element `holder` in the document, and the `content` of it that was signed.

    `content` are the canonical bytes that the digest is of. Nothing else of the document may be read. `proof` is the
    signature in canonical form; `details` are for the manifest.
    """

    holder: etree._Element
    content: bytes
    proof: bytes
    details: dict[str, Any]


def verify(contract: Contract, file: str, data: etree._Element, trusted: list[x509.Certificate]) -> Verified:
    """Verify the signature of `data`, the element with all records.

    Raises ExtractRefused when there is no signature, more than one, one over another element, by another algorithm or
    signer, or one that does not match the content.
    """

    def refuse(expected: str, found: str) -> ExtractRefused:
        return contract.refusal(file, expected, found, data.sourceline)

    signatures = list(data.iter(f"{{{DS}}}Signature"))
    if not signatures:
        raise refuse("an answer whose data are signed", "no signature in it")
    if len(signatures) > 1:
        raise refuse("one signature", f"{len(signatures)} signatures")
    signature = signatures[0]
    holder = signature.getparent()
    alone = [child for child in data if isinstance(child.tag, str)]
    if holder is None or (holder is not data and alone != [holder]):
        raise refuse("a signature over all of the data", "one over a part of it")
    method = _algorithm(signature, "SignatureMethod")
    if method not in {known.value for known in METHODS}:
        raise refuse(
            "a signature that can be verified here (RSA or ECDSA with SHA-2)",
            f"{method or 'none'}; ГОСТ of НУЦ is in no open library, see docs/sources.md",
        )
    _check_reference(signature, holder, refuse)
    _check_signer(signature, trusted, refuse)
    config = SignatureConfiguration(
        location="./", signature_methods=METHODS, digest_algorithms=DIGESTS, ignore_ambiguous_key_info=True
    )
    trouble = "no certificate"
    for certificate in trusted:
        for document in _as_signed(holder):
            try:
                verified = XMLVerifier().verify(document, x509_cert=certificate, expect_config=config)
            except (SignXMLException, ValueError, etree.LxmlError) as error:
                trouble = f"{type(error).__name__}: {str(error)[:120]}"
                continue
            one = verified[0] if isinstance(verified, list) else verified
            if one.signed_xml is None or one.signed_xml.tag != holder.tag:
                raise refuse("a signature of the data around it", "one of another element")
            details = {
                "algorithm": method,
                "certificate": certificate.fingerprint(hashes.SHA256()).hex(),
                "subject": certificate.subject.rfc4514_string(),
                "signed": etree.QName(holder).localname,
                "signed_sha256": hashlib.sha256(one.signed_data).hexdigest(),
            }
            return Verified(holder, one.signed_data, _proof(signature), details)
    raise refuse(
        f"content as {' or '.join(map(name, trusted))} signed it", f"it does not match the signature ({trouble})"
    )


def verified_document(verified: Verified) -> bytes:
    """The signed content within the elements that stand around it, its signature beside it, and nothing else.

    Of the signature, the part that is signed itself and its value: the rest of it may be anybody's. No namespace is
    declared as the default: the signed content declares its own.
    """
    opening, closing = "", ""
    for number, element in enumerate(reversed(list(verified.holder.iterancestors()))):
        name = etree.QName(element)
        tag = f"a{number}:{name.localname}" if name.namespace else name.localname
        space = f" xmlns:a{number}={quoteattr(name.namespace)}" if name.namespace else ""
        opening, closing = f"{opening}<{tag}{space}>", f"</{tag}>{closing}"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return (head + opening).encode() + verified.content + verified.proof + closing.encode()


def _proof(signature: etree._Element) -> bytes:
    info = signature.find(f"{{{DS}}}SignedInfo")
    signed = etree.tostring(info, method="c14n", exclusive=True, with_comments=False) if info is not None else b""
    value = base64.b64encode(base64.b64decode(signature.findtext(f"{{{DS}}}SignatureValue") or ""))
    return b'<ds:Signature xmlns:ds="%s">%s<ds:SignatureValue>%s</ds:SignatureValue></ds:Signature>' % (
        DS.encode(), signed, value,
    )  # fmt: skip


def _algorithm(signature: etree._Element, tag: str) -> str:
    element = signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}{tag}")
    return str(element.get("Algorithm", "")) if element is not None else ""


def _check_reference(signature: etree._Element, holder: etree._Element, refuse: Any) -> None:
    """The signature must have one reference, to the whole element around it."""
    references = signature.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")
    if len(references) != 1:
        raise refuse("a signature of one element", f"of {len(references)}")
    uri = references[0].get("URI", "")
    if uri and uri not in {f"#{holder.get(key)}" for key in ("Id", "ID", "id") if holder.get(key)}:
        raise refuse("a signature of the data around it", f"one of {uri[:80]}")
    ids = [value for node in holder.iter("*") for key, value in node.attrib.items() if key.lower().endswith("id")]
    if uri and ids.count(uri[1:]) != 1:
        raise refuse("one element with the id that is signed", f"{ids.count(uri[1:])}")
    others = {
        str(node.get("Algorithm"))
        for node in references[0].findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")
        if node.get("Algorithm") not in TRANSFORMS
    }
    if others:
        raise refuse("a signature of all of the data", f"a transform that leaves some out: {', '.join(sorted(others))}")


def _check_signer(signature: etree._Element, trusted: list[x509.Certificate], refuse: Any) -> None:
    """A certificate inside the signature must be a trusted one; being there is no reason to trust it."""
    carried = signature.findtext(f".//{{{DS}}}X509Certificate")
    if not carried:
        return
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode("".join(carried.split())))
    except (ValueError, binascii.Error):
        raise refuse("a certificate in the signature that can be read", "none of that shape") from None
    if certificate not in trusted:
        raise refuse(f"a signature of {' or '.join(map(name, trusted))}", f"one of {name(certificate)}")


def _as_signed(holder: etree._Element) -> Iterator[etree._Element]:
    """The element as a separate document, in both forms that it may have had when it was signed.

    Canonical XML 1.0 writes all namespaces in scope: an element signed before it was put into the envelope had only its
    own, one signed inside the envelope also the envelope's. Yielded one by one, since each is a copy of the whole.
    """
    parent = holder.getparent()
    around = parent.nsmap if parent is not None else {}
    prefixes = [prefix for prefix, uri in holder.nsmap.items() if prefix and around.get(prefix) != uri]
    for is_alone in (True, False):
        document = deepcopy(holder)
        document.tail = None
        if is_alone:
            etree.cleanup_namespaces(document, keep_ns_prefixes=prefixes)
        yield document
        del document
