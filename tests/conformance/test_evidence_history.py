"""The evidence history: the exchanges around a finding, in bounded memory."""

from __future__ import annotations

import msgspec
from breakers import BREAKERS
from conformance_traces import Trace
from trace_verdicts import judge

from pass_harness.conformance.evaluation.evidence_history import AFTER, BEFORE, MOST, EvidenceHistory, Scene
from pass_harness.conformance.observation import VerbCall
from pass_harness.conformance.outcomes import Broken
from pass_harness.conformance.reports.evidence_scene import LONGEST_BODY, scene_report
from pass_harness.mock_server.exchange import Exchange
from tests.conformance.trace_viewers import OTHER, VIEWER


def broken(*exchanges: int) -> Broken:
    return Broken(kind="unlucky", exchanges=exchanges, device=VIEWER.device, expected="this", observed="that")


def ids(scene: Scene) -> list[int]:
    return [seen.id for seen in scene.observations if isinstance(seen, Exchange)]


def test_a_scene_shows_exchanges_of_the_device_before_and_after() -> None:
    trace, history = Trace(), EvidenceHistory()
    for _ in range(20):
        history.record(0, trace.profiles(VIEWER))
        history.record(0, trace.profiles(OTHER))
    scene = history.scene(0, broken(37, 39))
    for _ in range(20):
        history.record(0, trace.profiles(VIEWER))
        history.record(0, trace.profiles(OTHER))

    before = [37 - 2 * n for n in range(BEFORE, 0, -1)]
    after = [41 + 2 * n for n in range(AFTER)]
    assert ids(scene) == [*before, 37, 39, *after]
    assert scene.cited == {37, 39}
    assert scene.missing == ()


def test_cited_calls_without_a_device_are_shown() -> None:
    trace, history = Trace(), EvidenceHistory()
    history.record(0, trace.token("t1"))
    history.record(0, trace.profiles(VIEWER))

    assert ids(history.scene(0, broken(1, 2))) == [1, 2]


def test_verbs_are_part_of_the_scene() -> None:
    trace, history = Trace(), EvidenceHistory()
    trace.ask("play", returns={"allowed": True})
    for seen in trace.observations:
        history.record(0, seen)

    (seen,) = history.scene(0, broken()).observations
    assert isinstance(seen, VerbCall)


def test_spaces_are_kept_apart() -> None:
    here, there, history = Trace(space="a"), Trace(space="b"), EvidenceHistory()
    history.record(0, here.profiles())
    history.record(1, there.profiles())

    (seen,) = history.scene(1, broken(1)).observations
    assert isinstance(seen, Exchange)
    assert seen.space == "b"


def test_the_history_is_bounded_and_names_evicted_exchanges() -> None:
    trace, history = Trace(), EvidenceHistory(remembered=10)
    for _ in range(500):
        history.record(0, trace.profiles(VIEWER))
    held = [value for value in vars(history).values() if hasattr(value, "__len__")]
    assert max(map(len, held)) <= 10

    scene = history.scene(0, broken(3, 499))
    assert scene.missing == (3,)
    assert 499 in ids(scene)
    assert len(scene.observations) <= MOST


def test_findings_come_with_their_scenes() -> None:
    result = judge(BREAKERS["authentication.poll-interval"]().observations)["authentication.poll-interval"]

    scene = result.findings[0].scene
    assert scene is not None
    shown = scene_report(scene)
    assert [exchange.id for exchange in shown.exchanges if exchange.cited] == [4, 5]
    assert [exchange.seconds for exchange in shown.exchanges if exchange.cited] == [0.0, 1.005]
    assert shown.exchanges[-1].id > 5, "what came afterwards"
    cited = next(exchange for exchange in shown.exchanges if exchange.cited)
    assert "authorization" in cited.request_headers
    assert not next(exchange for exchange in shown.exchanges if not exchange.cited).request_headers


def test_a_shown_exchange_has_masked_secrets_and_a_bounded_body() -> None:
    trace = Trace()
    raw = trace.exchange(
        "dcr.token", "/o/client/token", method="POST", body="client_secret=hush&x=1",
        headers={"authorization": "Bearer hush", "cookie": "hush"}, answer='{"access_token":"hush"}' + "x" * 9_999,
    )  # fmt: skip
    told = msgspec.json.encode(scene_report(Scene([raw], frozenset({1})))).decode()

    assert "hush" not in told
    assert "sha256:" in told
    assert len(told) < LONGEST_BODY + 1_000
    masked = trace.profiles(headers={"authorization": "Bearer sha256:0123456789abcdef"})
    again = scene_report(Scene([masked], frozenset({2}))).exchanges[0]
    assert again.request_headers["authorization"] == "Bearer sha256:0123456789abcdef"
