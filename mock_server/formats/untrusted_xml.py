"""Parser of untrusted XML."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring


def parse_xml(document: str | bytes) -> Element:
    """Return the root of a document; raise ValueError if it is not well formed or has a document type declaration.

    A document in bytes may name any of Python's encodings, some of which raise exceptions of their own.
    """
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, ArithmeticError, TypeError) as error:
        raise ValueError(str(error)) from error
    return root
