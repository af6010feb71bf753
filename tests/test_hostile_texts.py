"""Regular expressions take time in proportion to hostile text (no ReDoS)."""

from __future__ import annotations

import ast
import base64
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.reports import curl, markdown
from pass_harness.conformance.rules.authorization.temppass_identity_sent import _EMAIL
from pass_harness.mock_server.adobe import headers
from pass_harness.mock_server.journal import masking
from pass_harness.mock_server.signing import media_tokens
from pass_harness.mock_server.signing.keys import default_keys

ROOT = Path(__file__).parent.parent
FOLDERS = ("fixtures", "mock_server", "conformance", "load")
LENGTH = 30_000
ALLOWED = 0.15
"""Processor seconds for one text. The mildest quadratic pattern takes twice as long, a linear one a tenth."""
PUMPED = [
    *(" ", "\t", "\n", "a", "A", "0", "a0", "A0 ", "\u0661", "é", "_", "-", ".", ".a", "@", "a@", "a@."),
    *('"', "'", "`", "<", "</a>", "{", "{}", "[", "\\", "\\\n", ",", ", ", ", a", "&", "=", "a=", "a=&"),
    *("/", "/~a", ":", "#", "#, ", "*", "?", "$"),
]
METHODS = frozenset({"match", "fullmatch", "search", "sub", "split", "findall", "finditer"})


@dataclass(frozen=True)
class Used:
    """A pattern in the code: its position and the methods called on it."""

    place: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    methods: frozenset[str]

    def meets(self, text: str) -> None:
        subject = text if isinstance(self.pattern.pattern, str) else text.encode()
        for method in self.methods:
            arguments = (subject[:0], subject) if method == "sub" else (subject,)
            found = getattr(self.pattern, method)(*arguments)
            if method == "finditer":
                deque(found, maxlen=0)


def patterns() -> Iterator[Used]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named = {node.value: ast.unparse(node.targets[0]) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        for call in ast.walk(tree):
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re"), attr=function),
                    args=[ast.Constant(value=str() | bytes() as written), *_],
                ):
                    used = {function} if function != "compile" else _uses(tree, named.get(call, ""))
                    flags = re.DOTALL if "DOTALL" in ast.unparse(call) else re.NOFLAG
                    pattern = re.compile(written, flags)
                    yield Used(f"{path.relative_to(ROOT)}:{call.lineno}", pattern, frozenset(used & METHODS))


def _uses(tree: ast.AST, name: str) -> set[str]:
    """Return the methods of a compiled pattern that its module calls; all if other modules use it."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if ast.unparse(node.value) == name} & METHODS or {*METHODS}


def hostile(pattern: str) -> Iterator[str]:
    """Yield long texts that nearly match: no prefix, the pattern's beginning, and all of its literals."""
    begins = re.split(r"[\[(\\.^$*+?{|]", pattern.removeprefix("(?:"), maxsplit=1)[0]
    words = "".join(re.findall(r"[A-Za-z\"<>:=/ ]+", pattern))
    for pumped in PUMPED:
        body = pumped * (LENGTH // len(pumped))
        yield from (body + "\x00", begins + body + "\x00", words + body + "\x00")


def seconds(work: Callable[[], object]) -> float:
    """Return processor seconds, so that the load of the machine does not count."""
    started = time.process_time()
    work()
    return time.process_time() - started


@pytest.mark.parametrize("used", [pytest.param(used, id=used.place) for used in patterns()])
def test_no_pattern_takes_quadratic_time(used: Used) -> None:
    source = used.pattern.pattern
    for text in hostile(source if isinstance(source, str) else source.decode()):
        assert seconds(lambda text=text: used.meets(text)) < ALLOWED, f"{text[:40]!r}"


KEY = default_keys().media_token.public_key()
LONG: dict[str, Callable[[], object]] = {
    "a secret without an end": lambda: masking.mask_body('"access_token":"' * (LENGTH // 4)),
    "secrets in a form": lambda: masking.mask_form("client_secret=" * LENGTH),
    "blanks after Bearer": lambda: masking.mask_header("authorization", "bearer" + " " * LENGTH + "\n"),
    "a bearer token": lambda: headers.bearer_token("bearer" + " " * 8_000),
    "an e-mail address": lambda: _EMAIL.search(b"a@" + b".a" * LENGTH),
    "a media token": lambda: media_tokens.verify(
        base64.b64encode(b"<signatureInfo>A<signatureInfo><authToken>" * LENGTH).decode(), None, 0, KEY
    ),
    "a curl line": lambda: list(curl._parts(("password=sha256:" + "0" * 16 + "&") * 1_000, "", None)),
    "Markdown": lambda: (markdown.escaped("*" * LENGTH), markdown._code("`" * LENGTH)),
}


@pytest.mark.parametrize("work", LONG.values(), ids=LONG)
def test_long_texts_are_read_in_time(work: Callable[[], object]) -> None:
    assert seconds(work) < ALLOWED


def test_the_check_detects_quadratic_time() -> None:
    slow = Used("here", re.compile(r"[a-z]+@"), frozenset({"search"}))
    assert seconds(lambda: slow.meets("a" * LENGTH)) > ALLOWED
    assert any(text.startswith("aaa") for text in hostile(""))
    assert len(list(patterns())) > 30


@given(st.text(st.sampled_from('a@. "Z'), max_size=12))
def test_addresses_are_still_recognised(identity: str) -> None:
    plainly = re.search(rb"[^\s@\"]+@[^\s@\"]+\.[A-Za-z]{2,}", identity.encode())
    assert (plainly is None) == (_EMAIL.search(identity.encode()) is None)
