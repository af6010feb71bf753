"""Grafana dashboards and alert rules: each query is valid, and selects metrics and labels that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from pass_harness.conformance.outcomes import Expectations
from pass_harness.conformance.registry import select
from pass_harness.load.live_evaluation import LiveJudge
from pass_harness.load.run_metrics import RunMetrics
from pass_harness.mock_server.config.settings import Settings
from tests.deployment.workloads import ROOT
from tests.load.load_traces import asked, exchange
from tests.mock_server.conftest import Mock

DASHBOARDS: list[dict[str, Any]] = [
    json.loads((ROOT / f"deploy/grafana/pass-{name}.json").read_text("utf-8")) for name in ("mock", "load")
]
ALERTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))["groups"]
OF_PROMETHEUS = {"job", "instance", "pod", "le"}
"""Labels that Prometheus or Kubernetes adds, and those of buckets."""
PANELS: list[dict[str, Any]] = [panel for dashboard in DASHBOARDS for panel in dashboard["panels"]]
RULES: list[dict[str, Any]] = [rule for group in ALERTS for rule in group["rules"]]
QUERIES = {
    **{
        f"{dashboard['uid']}: {panel['title']} {target['refId']}": target["expr"]
        for dashboard in DASHBOARDS
        for panel in dashboard["panels"]
        for target in panel["targets"]
    },
    **{rule["alert"]: rule["expr"] for rule in RULES},
}


def busy_run() -> LiveJudge:
    """Return a run with a verb, a call to Adobe Pass and a finding."""
    judge = LiveJudge(select(["headers.device-identifier"]), Expectations(), seconds=60.0)
    judge.begin(0.0)
    judge.verb(asked("play", intended=1.0, started=1.0, ended=1.5))
    judge.exchange(exchange(1, 1.0, "profiles"))
    judge.conclude(frozenset({"play"}))
    return judge


def with_values(query: str) -> str:
    """Return a query of the dashboard with values in place of Grafana's variables."""
    return query.replace("$job", ".*").replace("$__rate_interval", "1m").replace("$__range", "1h")


def parts(expression: Any) -> Iterator[Any]:  # noqa: ANN401 - the library has no common class
    """Yield an expression and all expressions in it."""
    yield expression
    for name in ("expr", "lhs", "rhs", "args", "vector_selector", "param"):
        part = getattr(expression, name, None)
        for one in part if isinstance(part, list) else [part]:
            if one is not None:
                yield from parts(one)


@pytest.fixture(scope="module")
async def labels() -> dict[str, set[str]]:
    """The labels of each sample of a mock that has answered, throttled and failed, and of a run."""
    mock = Mock(Settings())
    await mock.http.post(
        "/_mock/behaviours", json={"effect": {"status": 429}, "match": {"endpoint": "configuration"}}
    )
    for _ in range(2):
        await mock.http.get("/api/v2/REF30/configuration", headers=await mock.signed_on())
    text = (await mock.http.get("/_mock/metrics")).text
    found: dict[str, set[str]] = {"up": set()}
    for family in (*text_string_to_metric_families(text), *RunMetrics(busy_run(), "kickoff").collect()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
@pytest.mark.parametrize("name", QUERIES)
async def test_a_query_selects_existing_metrics_by_existing_labels(name: str, labels: dict[str, set[str]]) -> None:
    expressions = [*parts(promql_parser.parse(with_values(QUERIES[name])))]
    selectors = [one for one in expressions if isinstance(one, promql_parser.VectorSelector)]
    assert selectors
    known = set(OF_PROMETHEUS)
    for selector in selectors:
        assert selector.name in labels
        known |= labels[selector.name]
        used = {matcher.name for matcher in selector.matchers.matchers}
        assert used <= labels[selector.name] | OF_PROMETHEUS
    by = {label for one in expressions for label in getattr(getattr(one, "modifier", None), "labels", ())}
    assert by <= known


def test_a_legend_names_labels_of_its_query() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            grouped = ", ".join(re.findall(r"by \(([^)]*)\)", target["expr"])).split(", ")
            assert {*re.findall(r"{{(\w+)}}", target["legendFormat"])} <= {*grouped}


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard["uid"])
def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len({*taken})
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
