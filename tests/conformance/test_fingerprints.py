"""Fingerprints: a digest of rule, kind, subject and endpoint, independent of wording and of values of one run."""

from __future__ import annotations

from breakers import BREAKERS
from conformance_traces import Trace
from hypothesis import given
from hypothesis import strategies as st
from trace_verdicts import judge, merged

from pass_harness.conformance.evaluation.fingerprint import fingerprint
from pass_harness.conformance.outcomes import Blame, Broken
from tests.conformance.trace_viewers import OTHER

CALL, ELSEWHERE = Trace().profiles(), Trace().configuration()


def broken(*exchanges: int, kind: str = "absent", subject: str = "") -> Broken:
    return Broken(
        kind=kind, subject=subject, exchanges=exchanges, device="device-1", expected="this", observed="that"
    )


@given(
    expected=st.text(),
    observed=st.text(),
    device=st.none() | st.text(),
    blame=st.sampled_from(Blame),
    ids=st.tuples(st.integers()) | st.tuples(st.integers(), st.integers()),
)
def test_a_reworded_finding_on_another_device_has_the_same_fingerprint(
    expected: str, observed: str, device: str | None, blame: Blame, ids: tuple[int, ...]
) -> None:
    reworded = Broken(kind="absent", exchanges=ids, device=device, expected=expected, observed=observed, blame=blame)

    assert fingerprint("a.b", reworded, (CALL,)) == fingerprint("a.b", broken(*range(len(ids))), (CALL,))


def test_rules_kinds_subjects_and_endpoints_have_distinct_fingerprints() -> None:
    prints = [
        fingerprint("a.b", broken(1), (CALL,)),
        fingerprint("a.c", broken(1), (CALL,)),
        fingerprint("a.b", broken(1, kind="altered"), (CALL,)),
        fingerprint("a.b", broken(1, subject="x-note"), (CALL,)),
        fingerprint("a.b", broken(1), (ELSEWHERE,)),
        fingerprint("a.b", broken(1, 2), (CALL, ELSEWHERE)),
    ]
    assert len(set(prints)) == len(prints)


def test_the_endpoint_is_included_only_if_one_exchange_is_the_evidence() -> None:
    assert fingerprint("a.b", broken(1, 2), (CALL, CALL)) == fingerprint("a.b", broken(1, 2), (CALL, ELSEWHERE))


@given(subject=st.text(st.characters()))
def test_any_subject_has_a_fingerprint(subject: str) -> None:
    assert len(fingerprint("a.b", broken(1, subject=subject), (CALL,))) == 16


def test_fingerprints_are_stable() -> None:
    """If this fails, baselines become invalid: undo the change, or increment `VERSION`."""
    assert fingerprint("a.b", broken(1, subject="x-note"), (CALL,)) == "20b6ca6be4501e67"


def test_another_device_code_and_time_have_the_same_fingerprint() -> None:
    trace = BREAKERS["authentication.poll-interval"]()
    elsewhere = Trace(now=5_000.0, first_id=900).start()
    elsewhere.session("BCDFGHJ", OTHER)
    for _ in range(3):
        elsewhere.wait(1.7)
        elsewhere.poll("BCDFGHJ")

    (here,), (there,) = (
        {finding.fingerprint for finding in judge(seen)["authentication.poll-interval"].findings}
        for seen in (merged(trace), merged(elsewhere))
    )
    assert here == there
