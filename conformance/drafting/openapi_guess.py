"""Guessing which operation of an OpenAPI document carries which verb, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pass_harness.conformance.drafting.draft import OPEN, ServiceDraft, VerbDraft
from pass_harness.conformance.drafting.schema_members import Found, find, find_ids, json_schema, members, whole
from pass_harness.conformance.drafting.vocabulary import (
    RETURN_NAMES,
    SIGNS,
    STATE_WORDS,
    normalized,
    placeholder_of,
    words_of,
)
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.verbs import VERBS
from pass_harness.mock_server.openapi.document_reader import (
    Document,
    Operation,
    Parameter,
    Schema,
    UnreadableDocument,
    read_document,
)

LIKELY = 4
"""The least score of a guess that is worth a person's while."""
_FORM = "application/x-www-form-urlencoded"
_SET_BY_THE_SUITE = {"authorization", "content-type", "accept", "x-forwarded-for", "x-device-info", "user-agent"}


@dataclass(frozen=True)
class Candidate:
    """An operation of the service."""

    method: str
    path: str
    operation: Operation

    @property
    def name(self) -> str:
        about = self.operation.summary or self.operation.operation_id
        return f"{self.method} {self.path}" + (f": {' '.join(about.split())}" if about else "")


def draft_from(file: Path, *, base_url: str | None, service_provider: str, mvpd: str) -> ServiceDraft:
    """The best guess for a service. Raises `ConfigError` for a file that is no OpenAPI document."""
    try:
        document = read_document(file)
        chosen = _chosen(document)
        drafts = [_verb(document, verb, chosen[verb]) for verb in VERBS if verb in chosen]
        states = _states(document, chosen)
    except UnreadableDocument as error:
        raise ConfigError(f"{file}: {error}") from error
    return ServiceDraft(
        base_url=base_url or _server(document),
        service_provider=service_provider,
        mvpd=mvpd,
        verbs=tuple(drafts),
        states=states,
        source=file.name,
    )


def _server(document: Document) -> str:
    """Where the first server is; its path is in the requests already."""
    url = urlsplit(document.servers[0].url) if document.servers else urlsplit("")
    usable = url.scheme in {"http", "https"} and url.netloc and "{" not in url.netloc
    return f"{url.scheme}://{url.netloc}" if usable else "http://127.0.0.1:9000"


def _chosen(document: Document) -> dict[str, Candidate]:
    """The operation of each verb: the surest guess first, and no operation for two verbs."""
    candidates = [Candidate(*found) for found in document.operations() if found[0] != "OPTIONS"]
    scores = [(_score(document, verb, candidate), verb, candidate) for verb in VERBS for candidate in candidates]
    chosen: dict[str, Candidate] = {}
    taken: set[tuple[str, str]] = set()
    for score, verb, candidate in sorted(scores, key=lambda scored: -scored[0]):
        place = candidate.method, candidate.path
        if score >= LIKELY and verb not in chosen and place not in taken:
            chosen[verb] = candidate
            taken.add(place)
    return chosen


def _score(document: Document, verb: str, candidate: Candidate) -> int:
    signs, operation = SIGNS[verb], candidate.operation
    literals = [part for part in candidate.path.split("/") if part and not part.startswith("{")]
    last, before = literals[-1:] or [""], literals[:-1]
    named = words_of(operation.operation_id)
    if signs.never & (named | words_of(last[0])):
        return 0
    score = 4 * bool(signs.words & named) + 4 * bool(signs.words & words_of(last[0]))
    score += 2 * bool(signs.words & words_of(" ".join([*before, *operation.tags])))
    score += 2 * bool(signs.words & words_of(operation.summary))
    if score == 0:
        return 0
    score += 1 if candidate.method == signs.method else -1
    answer = _answer(document, operation)
    score += 3 * sum(_returned(document, verb, name, answer) is not None for name in VERBS[verb].required)
    return score + 2 * sum(name in _AGREES.get(verb, ()) for name in _asked(document, operation))


_AGREES = {
    "login": ("mvpd",),
    "enter_code": ("code",),
    "preauthorize": ("resources",),
    "play": ("resource",),
}
"""Parameters that speak for a verb."""


def _asked(document: Document, operation: Operation) -> set[str]:
    """The placeholders that an operation has parameters for."""
    names = [parameter.name for parameter in operation.parameters]
    body = _body(document, operation)
    if body is not None:
        names += members(document, body[1])
    return {placeholder for name in names if (placeholder := placeholder_of(name)) is not None}


def _verb(document: Document, verb: str, candidate: Candidate) -> VerbDraft:
    notes = [candidate.name]
    target = re.sub(r"\{([^{}]+)\}", lambda found: _filled(found[1], candidate.path, notes), candidate.path)
    query = _parameters(candidate.operation, "query", notes)
    if query:
        target += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    body = _body(document, candidate.operation)
    sent = _sent(document, verb, body[1], notes) if body is not None else None
    form = sent if body is not None and body[0] == _FORM and isinstance(sent, Mapping) else None
    return VerbDraft(
        verb=verb,
        request=f"{candidate.method} {target}",
        json=sent if form is None else None,
        form={name: str(value) for name, value in form.items()} if form is not None else None,
        headers=_parameters(candidate.operation, "header", notes),
        returns=_returns(document, verb, candidate.operation, notes),
        notes=tuple(notes),
    )


def _filled(name: str, path: str, notes: list[str]) -> str:
    placeholder = placeholder_of(name)
    if placeholder is None and normalized(name) == "id":
        # /devices/{id} is the id of a device
        before = path.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        placeholder = placeholder_of(before.rstrip("s"))
    if placeholder is None:
        notes.append(f"{OPEN}: the path has {{{name}}}, which is no placeholder of the suite")
        return OPEN
    return f"{{{placeholder}}}"


def _parameters(operation: Operation, where: str, notes: list[str]) -> dict[str, str]:
    """The parameters of a kind that are required or known; what the suite sets anyway is left out."""
    found = {}
    for parameter in operation.parameters:
        if parameter.where != where or parameter.name.lower() in _SET_BY_THE_SUITE:
            continue
        value = _parameter(parameter, notes)
        if value is not None:
            found[parameter.name] = value
    return found


def _parameter(parameter: Parameter, notes: list[str]) -> str | None:
    placeholder = placeholder_of(parameter.name)
    if placeholder is not None:
        return f"{{{placeholder}}}"
    if not parameter.required:
        return None
    notes.append(f"{OPEN}: {parameter.name} is required")
    return OPEN


def _body(document: Document, operation: Operation) -> tuple[str, Schema] | None:
    """The media type of the body and its schema: JSON, or else a form."""
    if operation.request_body is None:
        return None
    content = document.resolved(operation.request_body).content
    schema = json_schema(document, content)
    if schema is not None:
        return "application/json", schema
    form = content.get(_FORM)
    schema = whole(document, form.schema) if form is not None else None
    return (_FORM, schema) if schema is not None else None


def _sent(document: Document, verb: str, schema: Schema, notes: list[str]) -> Mapping[str, object] | str:
    """The body: what is known of its members, and what is required of the others."""
    if schema.items is not None and verb == "preauthorize":
        return "{resources}"
    required = {name for part in (schema, *_parts(document, schema)) for name in part.required}
    sent: dict[str, object] = {}
    for name, member in members(document, schema).items():
        placeholder = placeholder_of(name)
        if placeholder == "resource" and member.items is not None:
            placeholder = "resources"
        if placeholder is not None:
            sent[name] = f"{{{placeholder}}}"
        elif name in required:
            sent[name] = member.enum[0] if member.enum else OPEN
            notes.append(f"{OPEN if not member.enum else 'guess'}: {name} is required")
    return sent


def _parts(document: Document, schema: Schema) -> Iterator[Schema]:
    for part in schema.all_of:
        if isinstance(part, Schema):
            yield document.resolved(part)


def _answer(document: Document, operation: Operation) -> Schema | None:
    """The schema of the JSON of a success."""
    for status, response in sorted(operation.responses.items()):
        if status.startswith("2") or status == "default":
            schema = json_schema(document, document.resolved(response).content)
            if schema is not None:
                return schema
    return None


def _returned(document: Document, verb: str, name: str, answer: Schema | None) -> Found | None:
    looking = find_ids if name in VERBS[verb].lists else find
    return looking(document, answer, RETURN_NAMES[name]) if name in RETURN_NAMES else None


def _returns(document: Document, verb: str, operation: Operation, notes: list[str]) -> dict[str, str]:
    answer = _answer(document, operation)
    found: dict[str, str] = {}
    for name in (*sorted(VERBS[verb].required), *sorted(VERBS[verb].optional)):
        member = _returned(document, verb, name, answer)
        if member is not None and member.path not in found.values():
            found[name] = member.path
        elif name in VERBS[verb].required:
            found[name] = f"$.{OPEN}"
            notes.append(f"{OPEN}: the document does not show where {name} is in the answer")
    return {name: path.replace(f"$.{OPEN}", f"$['{OPEN}']") for name, path in found.items()}


def _states(document: Document, chosen: Mapping[str, Candidate]) -> dict[str, tuple[str | bool, ...]]:
    """The service's words for the states, where the document lists them and they are not the suite's own."""
    words: dict[str, list[str | bool]] = {}
    for verb, candidate in chosen.items():
        if "state" not in VERBS[verb].returns:
            continue
        state = _returned(document, verb, "state", _answer(document, candidate.operation))
        if state is None:
            continue
        if state.schema.type == "boolean":
            values: tuple[object, ...] = (True, False)
        else:
            values = state.schema.enum
        for value in values:
            meant = _meaning(value)
            if meant is not None and value not in words.setdefault(meant, []) and isinstance(value, str | bool):
                words[meant].append(value)
    own = all(found == [state] for state, found in words.items())
    return {} if own else {state: tuple(found) for state, found in words.items()}


def _meaning(value: object) -> str | None:
    if isinstance(value, bool):
        return "authenticated" if value else "unauthenticated"
    return next((state for state, words in STATE_WORDS.items() if normalized(str(value)) in words), None)
