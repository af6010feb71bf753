"""Missing bodies: rules that read them do not judge, and reach no finding by what they do not know."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import pytest
from audit_command import audit
from breakers import BREAKERS_BY_KIND
from compliant_service import Plan, Taste
from compliant_viewers import night
from conformance_traces import Trace
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.evaluation.engine import Judge, RuleResult, Verdict
from pass_harness.conformance.evaluation.gaps import EACH_BY_ITSELF, READS, Gaps, unread
from pass_harness.conformance.evaluation.ordering import in_order
from pass_harness.conformance.observation import Observation
from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import all_rules
from pass_harness.mock_server.exchange import BodyName, Exchange
from pass_harness.mock_server.proxy.recognition import Recogniser
from tests.conformance.trace_viewers import OTHER

BODIES: tuple[BodyName, ...] = ("request_body", "response_body")
EXPECTATIONS = Expectations(hidden_mvpds=("TempPass*",))
VARIANTS = 2
"""Number of other bodies that are tried in the place of each body."""
TASTES = (
    Taste(codes_dropped=1, codes_expired=1, resumes=True, profile_life=60.0, logout="complete"),
    Taste(screen="primary", loses_login=True, playbacks=3),
    Taste(temporary=True),
)

Trail = list[tuple[int, tuple[str, ...]]]
"""Number of opportunities of a rule and kinds of its findings, by exchange; at last those of the trace's end."""


@cache
def corpus() -> Mapping[str, Sequence[Exchange]]:
    """Return the exchanges of every violating trace and of a night of a compliant service."""
    traces: dict[str, Iterable[Observation]] = {
        f"{rule}/{kind}": make().observations for (rule, kind), make in BREAKERS_BY_KIND.items()
    }
    traces["night"] = night(Plan(seed=3, viewers=TASTES, trouble=0.1, token_life=120.0, revocations=1))
    found = {name: [seen for seen in in_order(trace) if isinstance(seen, Exchange)] for name, trace in traces.items()}
    return {name: exchanges for name, exchanges in found.items() if exchanges}


@cache
def bodies() -> Mapping[tuple[BodyName, int], Sequence[str]]:
    """Return different bodies of the corpus by status, one of each shape."""
    found: dict[tuple[BodyName, int], dict[object, str]] = {}
    for exchange in (exchange for trace in corpus().values() for exchange in trace):
        for body in BODIES:
            text = getattr(exchange, body)
            shape = (exchange.endpoint, text[:20])
            found.setdefault((body, exchange.status), {}).setdefault(shape, text)
    return {key: [*shapes.values(), "unlisted=1"] for key, shapes in found.items()}


def trails(exchanges: Sequence[Exchange]) -> dict[str, Trail]:
    judge = Judge(all_rules(), EXPECTATIONS, driven=False)
    found: dict[str, Trail] = {rule.card.id: [] for rule in all_rules()}
    before = judge.opportunities()
    for exchange in exchanges:
        kinds: dict[str, list[str]] = {}
        for finding in judge.observe(exchange):
            kinds.setdefault(finding.card.id, []).append(finding.evidence.kind)
        now = judge.opportunities()
        for rule, trail in found.items():
            trail.append((now[rule] - before[rule], tuple(kinds.get(rule, ()))))
        before = now
    results = judge.conclude()
    for result in results:
        found[result.card.id].append((result.opportunities - before[result.card.id], tuple(sorted(result.kinds))))
    return found


@pytest.mark.parametrize("name", sorted(corpus()))
def test_the_bodies_that_a_rule_reads_are_declared(name: str) -> None:
    """Replace each body by others: a rule whose outcomes change reads it."""
    exchanges, chance = corpus()[name], random.Random(name)
    usual = trails(exchanges)
    places = [(at, body) for at in range(len(exchanges)) for body in BODIES]
    for at, body in chance.sample(places, min(len(places), 24)):
        exchange = exchanges[at]
        if body == "request_body" and exchange.method != "POST":
            continue
        others = bodies()[body, exchange.status]
        for text in ["", *chance.sample(others, min(len(others), VARIANTS))]:
            changed = msgspec.structs.replace(exchange, **{body: text})
            found = trails([*exchanges[:at], changed, *exchanges[at + 1 :]])
            readers = {rule for rule in found if found[rule] != usual[rule]}
            lacking = msgspec.structs.replace(exchange, lacks=(body,))
            assert {rule for rule in readers if unread(rule, lacking) is None} == set(), (exchange.id, text)
            for rule in readers & EACH_BY_ITSELF:
                differing = [
                    nth for nth, (one, other) in enumerate(zip(found[rule], usual[rule], strict=True)) if one != other
                ]
                assert set(differing) <= {at, len(exchanges)}, (rule, exchange.id, text)


def without(exchange: Exchange, *missing: BodyName) -> Exchange:
    """Return the exchange as an archive without these bodies has it."""
    return msgspec.structs.replace(exchange, lacks=missing, **dict.fromkeys(missing, ""))


def recognised(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Return the exchanges as the reader of another tool's archive recognises them: from their content alone."""
    recogniser, found = Recogniser(), []
    for exchange in exchanges:
        bare = msgspec.structs.replace(
            exchange, endpoint="", service_provider=None, mvpd=None, code=None, client_id=None, device=None
        )
        found.append(msgspec.structs.replace(bare, **recogniser.recognise(bare)._asdict()))
    return found


def results(exchanges: Iterable[Exchange]) -> dict[str, RuleResult]:
    judge = Judge(all_rules(), EXPECTATIONS, driven=False)
    for exchange in exchanges:
        judge.observe(exchange)
    return {result.card.id: result for result in judge.conclude()}


def findings(judged: Mapping[str, RuleResult]) -> set[tuple[str, str]]:
    return {(rule, finding.evidence.kind) for rule, result in judged.items() for finding in result.findings}


@given(st.sampled_from(sorted(corpus())), st.randoms(use_true_random=False), st.sampled_from([0.1, 0.5, 1.0]))
def test_missing_bodies_lead_to_no_finding_and_to_no_passed_rule(
    name: str, chance: random.Random, share: float
) -> None:
    whole = corpus()[name]
    missing = [
        tuple(body for body in BODIES if getattr(exchange, body) and chance.random() < share) for exchange in whole
    ]

    complete = results(recognised(whole))
    lacking = results(recognised(map(lambda exchange, bodies: without(exchange, *bodies), whole, missing)))

    assert findings(lacking) <= findings(complete)
    passed = {rule for rule, result in lacking.items() if result.verdict is Verdict.PASSED}
    assert {rule for rule in passed if complete[rule].verdict is Verdict.VIOLATED} == set()


def test_an_exchange_without_a_body_is_unclear_and_others_are_judged() -> None:
    trace = Trace()
    whole = trace.preauthorize(["<![CDATA[one]]>"])
    lacking = without(trace.preauthorize(["two"], OTHER), "request_body")

    alone, both = (results(seen)["preauthorization.no-cdata"] for seen in ([lacking], [whole, lacking]))

    assert (alone.verdict, alone.opportunities) == (Verdict.INCONCLUSIVE, 1)
    assert alone.reasons == ("the recording lacks request bodies of decisions.preauthorize",)
    assert (both.verdict, both.unclear, both.broken) == (Verdict.VIOLATED, 1, 1)


def test_rules_that_read_no_body_judge_exchanges_without() -> None:
    exchanges = [without(exchange, *BODIES) for exchange in corpus()["headers.authorization/absent"]]

    assert results(exchanges)["headers.authorization"].verdict is Verdict.VIOLATED


def test_a_missing_body_misleads_no_rule_on_another_device() -> None:
    """A finding on a device counts although bodies of another device are missing."""
    exchanges = corpus()["authentication.poll-stops-on-success/polled-after-success"]
    other = [
        without(msgspec.structs.replace(exchange, id=exchange.id + 100, device="another", code="ANOTHER"), *BODIES)
        for exchange in exchanges
        if exchange.endpoint == "profiles.code"
    ]
    merged = sorted([*exchanges, *other], key=lambda exchange: exchange.wall)
    result = results(merged)["authentication.poll-stops-on-success"]

    assert result.verdict is Verdict.VIOLATED
    assert result.unclear == len(other)


def test_every_declared_rule_exists() -> None:
    assert set(READS) <= {rule.card.id for rule in all_rules()}
    assert EACH_BY_ITSELF.issubset(READS)


@pytest.mark.parametrize("form", ["text", "html", "markdown", "junit", "sarif"])
def test_every_report_names_the_missing_bodies_before_the_rules(form: str, tmp_path: Path) -> None:
    trace = Trace().start()
    polled = without(trace.poll("CODE"), "response_body")
    path = tmp_path / "trace.jsonl"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, [*trace.observations[:-1], polled])))

    told = audit(path, form=form)

    assert told.code == 3, told.err
    at = told.out.index("odies missing in the recording: profiles.code response (1)")
    assert at < told.out.index("the recording lacks response bodies of profiles.code")
    report = audit(path).report
    assert report["run"]["missing_bodies"] == {"profiles.code response": 1}


def test_a_rule_lacks_no_body_of_an_endpoint_that_it_does_not_watch() -> None:
    rule = "errors.client-errors-not-retried"
    lacking = msgspec.structs.replace(Trace().profiles(), endpoint="authenticate", lacks=("request_body",))

    assert Gaps({rule: frozenset({"profiles"})}).add(lacking) == {}
    assert {*Gaps({rule: None}).add(lacking)} == {rule}
