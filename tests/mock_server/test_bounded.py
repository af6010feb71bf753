"""The bounded mapping that rules and the proxy use for their state."""

from __future__ import annotations

from pass_harness.conformance import bounded as of_the_suite
from pass_harness.mock_server.bounded import Bounded


def filled(limit: int, *keys: str) -> Bounded[str, int]:
    made: Bounded[str, int] = Bounded(limit)
    for number, key in enumerate(keys):
        made.put(key, number)
    return made


def test_the_least_recently_written_entry_goes_first() -> None:
    made = filled(3, "a", "b", "c", "a")
    assert made.get("b") == 1  # reading does not refresh an entry
    made.put("d", 4)
    assert (list(made), len(made)) == (["c", "a", "d"], 3)
    assert (made.get("a"), made.get("b")) == (3, None)


def test_an_entry_is_evicted_once() -> None:
    made = filled(3, "a", "b")
    assert (made.pop("a"), made.pop("a"), list(made)) == (0, None, ["b"])


def test_expiry_stops_at_the_first_recent_entry() -> None:
    made = filled(9, "a", "b", "c", "d")
    made.put("a", 9)
    assert made.shed(lambda value: value in {1, 2, 9}) == [1, 2]
    assert list(made) == ["d", "a"]
    assert made.shed(lambda _: True) == [3, 9]
    assert made.shed(lambda _: True) == []


def test_entries_can_be_evicted_during_iteration() -> None:
    made = filled(9, "a", "b", "c")
    assert [(key, made.pop(key)) for key in made] == [("a", 0), ("b", 1), ("c", 2)]
    assert len(made) == 0


def test_rules_and_the_proxy_have_the_same_class() -> None:
    assert of_the_suite.Bounded is Bounded
