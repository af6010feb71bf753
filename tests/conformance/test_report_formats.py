"""The machine-readable formats and the page of a report: valid by schema, bounded, and safe with hostile requests."""

from __future__ import annotations

import io
import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import jsonschema_rs
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from report_samples import HOSTILE, compliant, hostile, violated
from rich.console import Console
from sarif_kit.validate import validation_errors

from pass_harness.conformance.printable import presentable
from pass_harness.conformance.registry import all_rules
from pass_harness.conformance.reports import markdown, text
from pass_harness.conformance.reports.curl import curl, script
from pass_harness.conformance.reports.evidence_scene import ExchangeReport, SceneReport
from pass_harness.conformance.reports.formats import FORMS
from pass_harness.conformance.reports.html.timeline import timeline
from pass_harness.conformance.reports.json import SCHEMAS, published_schema, schema_of_model
from pass_harness.conformance.reports.model import Report, RuleReport

SAMPLES: list[Callable[[], Report]] = [compliant, violated, hostile]


def made(form: str, report: Report) -> str:
    return FORMS[form].encode(report).decode()


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schemas_are_up_to_date(name: str) -> None:
    assert published_schema(name) == schema_of_model(name)


@pytest.mark.parametrize("sample", SAMPLES)
def test_reports_are_valid_by_the_published_schema(sample: Callable[[], Report]) -> None:
    jsonschema_rs.validate(json.loads(published_schema()), json.loads(made("json", sample())))


@pytest.mark.parametrize("form", [*FORMS, "text"])
def test_control_characters_and_secrets_of_requests_are_in_no_report(form: str) -> None:
    """Rules quote requests, and the report may quote anything: the last step makes all texts presentable."""
    report = hostile()
    report.run.mock = "http://viewer:hush-4711@127.0.0.1:8300"
    sent = next(exchange for rule in report.rules for exchange in cited(rule))
    sent.response_body = '{"a": "\\u202e"}'
    report.scenarios[0].note = "answered 500: client%5Fsecret=hush-4711"
    if form == "text":
        out = io.StringIO()
        text.render(presentable(report), Console(file=out, width=118))
        shown = out.getvalue()
    else:
        shown = made(form, report)
        if form in {"json", "sarif"}:
            shown = "".join(texts(json.loads(shown)))
    assert re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffd]", shown) is None
    assert "\\u202e" in shown.replace("\\\\", "\\")
    assert "hush-4711" not in shown


def cited(rule: RuleReport) -> Iterator[ExchangeReport]:
    """Yield the cited exchanges of a rule's findings."""
    scenes = [finding.scene for finding in rule.findings if finding.scene]
    yield from (exchange for scene in scenes for exchange in scene.exchanges if exchange.cited)


def texts(content: object) -> Iterator[str]:
    """Yield all texts in decoded JSON."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, member in content.items():
            yield from (name, *texts(member))
    elif isinstance(content, list):
        for item in content:
            yield from texts(item)


@pytest.mark.parametrize("form", ["html", "junit"])
def test_readable_formats_show_kind_and_subject(form: str) -> None:
    rule = "headers.device-info-complete"

    assert "facts-missing (version, osVersion, " in made(form, violated(rule))


@pytest.mark.parametrize("sample", SAMPLES)
def test_sarif_is_valid_and_names_violated_rules(sample: Callable[[], Report]) -> None:
    report = sample()
    log = json.loads(made("sarif", report))

    assert validation_errors(log) == []
    (run,) = log["runs"]
    broken = [rule.id for rule in report.rules if rule.verdict == "violated"]
    kinds = {rule.card.id: rule.card.kinds for rule in all_rules()}
    assert {result["ruleId"] for result in run["results"]} == set(broken)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch("[0-9a-f]{16}", result["partialFingerprints"]["passHarnessFinding/v2"])
        assert result["properties"]["kind"] in kinds[result["ruleId"]]
    told = json.dumps(run["invocations"])
    for rule in report.rules:
        if rule.verdict in {"not exercised", "untestable", "inconclusive"}:
            assert f"{rule.id} is {rule.verdict}" in told


def test_sarif_shows_the_violating_request() -> None:
    report = violated("authentication.poll-interval")
    (result,) = json.loads(made("sarif", report))["runs"][0]["results"]

    assert result["level"] == "error"
    assert result["occurrenceCount"] == 4
    assert result["webRequest"]["target"] == "/api/v2/REF30/profiles/code/AAAAAAA"
    assert result["webResponse"]["statusCode"] == 200
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "profiles.code"


@pytest.mark.parametrize("sample", SAMPLES)
def test_junit_has_a_case_for_each_rule(sample: Callable[[], Report]) -> None:
    report = sample()
    xml = JUnitXml.fromstring(FORMS["junit"].encode(report))

    cases: dict[str, TestCase] = {f"{case.classname}.{case.name}": case for suite in xml for case in suite}
    expected = {
        "passed": None,
        "violated": Failure,
        "inconclusive": Error,
        "not exercised": Skipped,
        "untestable": Skipped,
    }
    for rule in report.rules:
        kind = Skipped if rule.standing in {"advice", "consequence"} else expected[rule.verdict]
        assert [type(result) for result in cases[rule.id].result] == ([kind] if kind else [])
    assert xml.tests == len(report.rules) + len(report.scenarios) == len(cases)
    assert xml.failures == sum(rule.standing == "violated" for rule in report.rules)
    assert xml.errors == sum(scenario.verdict == "failed" for scenario in report.scenarios)


def test_junit_has_finding_and_remedy() -> None:
    xml = JUnitXml.fromstring(FORMS["junit"].encode(violated("authentication.poll-interval")))
    (case,) = next(iter(xml))

    (failure,) = case.result
    assert "4 of 4 times" in failure.message
    for part in ("exchanges 4, 5", "polled again after 1 s", "remedy: Wait", "https://experienceleague.adobe.com"):
        assert part in failure.text


def test_markdown_begins_with_the_verdict() -> None:
    lines = made("markdown", violated("authentication.poll-interval")).splitlines()

    assert lines[0] == "## ❌ Adobe Pass conformance: violated"
    assert any("`authentication.poll-interval`, 4 of 4 times" in line for line in lines)


def test_markdown_is_truncated_to_a_job_summary_with_a_note() -> None:
    report = violated()
    for rule in report.rules:
        rule.remedy = "€" * 20_000
    report.rules = [
        RuleReport(**{name: getattr(rule, name) for name in rule.__struct_fields__})
        for _ in range(20)
        for rule in report.rules
    ]
    for number, rule in enumerate(report.rules):
        rule.id = f"{'very.long' * 100}{number}"
    encoded = markdown.encode(report)

    assert 900_000 < len(encoded) <= markdown.LARGEST
    assert encoded.decode().endswith("The report is cut here; report.html has the rest.\n")


def test_hostile_text_stays_text_in_markdown() -> None:
    told = re.sub(r"(`+).*?\1", "", made("markdown", hostile()), flags=re.DOTALL)

    assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", told)
    assert not re.search(r"(?<!\\)\]\(javascript:", told)
    assert not re.search(r"(?<!\\)\*\*bold", told)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_page_loads_nothing_and_escapes_request_data(sample: Callable[[], Report]) -> None:
    page = _Elements()
    page.feed(made("html", sample()))

    assert {"img", "iframe", "object", "form"} & set(page.tags) == set()
    assert page.tags.count("script") == 1
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in {"src", "style"}]
    for name, value in page.attributes:
        if name == "href":
            assert value.startswith(("#", "data:,", "https://experienceleague.adobe.com/")), value


def test_the_page_shows_requirement_source_evidence_and_remedy() -> None:
    report = violated("authentication.poll-interval")
    page = made("html", report)

    (rule,) = report.rules
    for part in (rule.title, rule.requirement, rule.breaks, rule.remedy, rule.citations[0], "4 of 4 times", "<svg"):
        assert part in unescape(page)
    assert "GET /api/v2/REF30/profiles/code/AAAAAAA" in page
    assert "Bearer sha256:" in page
    assert "$CODE" in page


@pytest.mark.parametrize("selected", ["", " --select headers.authorization", " --select=headers.*"])
def test_the_page_shows_the_command_for_the_violated_rule(selected: str) -> None:
    report = violated("authentication.poll-interval")
    report.run.command = f"pass-conformance run{selected} --service 'my service.toml'"

    page = unescape(made("html", report))

    assert "<pre>pass-conformance run --service 'my service.toml' --select authentication.poll-interval</pre>" in page


def exchange(**fields: object) -> ExchangeReport:
    facts: dict[str, object] = {
        "id": 1, "at": 0, "seconds": 0.0, "duration_ms": 1.0, "endpoint": "profiles", "method": "GET",
        "path": "/api/v2/REF30/profiles", "status": 200, "cited": True, **fields,
    }  # fmt: skip
    return ExchangeReport(**facts)  # type: ignore[arg-type]


def run_in_shell(lines: str, folder: Path) -> list[str]:
    """Return the arguments that a shell would pass to curl."""
    told = subprocess.run(
        ["sh", "-c", 'curl() { for word; do printf "%s\\036" "$word"; done; }\nsleep() { :; }\n' + lines],
        cwd=folder, env={"ACCESS_TOKEN": "secret", "CLIENT_SECRET": "hush", "CODE": "NEWCODE"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return told.stdout.split("\036")[:-1]


@pytest.mark.slow
def test_curl_lines_repeat_the_request_with_placeholders_for_secrets(tmp_path: Path) -> None:
    sent = exchange(
        method="POST",
        path="/o/client/token",
        request_headers={
            "authorization": "Bearer sha256:0123456789abcdef",
            "content-type": "application/x-www-form-urlencoded",
            "host": "mock",
        },
        request_body="grant_type=client_credentials&client_secret=sha256:0123456789abcdef",
    )
    assert run_in_shell(script([sent], "http://127.0.0.1:8300"), tmp_path) == [
        "--include", "--request", "POST", "http://127.0.0.1:8300/o/client/token",
        "--header", "authorization: Bearer secret",
        "--header", "content-type: application/x-www-form-urlencoded",
        "--data-raw", "grant_type=client_credentials&client_secret=hush",
    ]  # fmt: skip
    assert "# set first: ACCESS_TOKEN, CLIENT_SECRET" in script([sent], "")


def test_curl_lines_poll_a_new_code_at_the_same_pace() -> None:
    polls = [exchange(seconds=n * 1.25, path="/api/v2/REF30/profiles/code/AB12CDE", code="AB12CDE") for n in range(3)]

    lines = script(polls, "http://127.0.0.1:8300").splitlines()
    assert lines[2:] == [
        'curl --include "$ADOBE_PASS"/api/v2/REF30/profiles/code/"$CODE"',
        "sleep 1.25",
        'curl --include "$ADOBE_PASS"/api/v2/REF30/profiles/code/"$CODE"',
        "sleep 1.25",
        'curl --include "$ADOBE_PASS"/api/v2/REF30/profiles/code/"$CODE"',
    ]


@pytest.mark.slow
def test_hostile_text_is_quoted_for_the_shell(tmp_path: Path) -> None:
    text = HOSTILE.replace("\x00", "")
    sent = exchange(path=f"/{text}", query=text, request_headers={"x": text, text: "y"}, request_body=text)

    words = run_in_shell("ADOBE_PASS=\n" + curl(sent), tmp_path)

    assert words == ["--include", f"/{text}?{text}", "--header", f"x: {text}", "--header", f"{text}: y",
                     "--data-raw", text]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_a_timeline_says_that_it_is_not_to_scale_and_names_every_pause() -> None:
    seconds = [0.0, 0.006, 0.088, 1.088, 3.088, 4003.088]
    drawing = timeline(
        SceneReport(exchanges=[exchange(id=n, seconds=at, endpoint="profiles.code") for n, at in enumerate(seconds)])
    )

    assert drawing is not None
    widths = [step.right - step.left for step in drawing.steps]
    assert all(1.2 * shorter < longer for shorter, longer in itertools.pairwise(widths)), "milliseconds differ too"
    assert widths[-1] < 2 * widths[-2]
    assert [step.broken for step in drawing.steps] == [False, False, False, False, True]
    durations = ["6 ms", "82 ms", "1 s", "2 s", "1 h 7 min"]
    assert [step.label for step in drawing.steps] == durations
    assert [interval.label for interval in drawing.intervals] == durations
    assert drawing.note.startswith("Not to scale: longer pauses are drawn shorter, with a break above 3.75 s.")


def test_a_timeline_distinguishes_polls_throttling_and_decisions() -> None:
    drawing = timeline(
        SceneReport(
            exchanges=[
                exchange(endpoint="profiles.code", outcome="no profile"),
                exchange(endpoint="profiles.code", outcome="throttled", seconds=1.0),
                exchange(endpoint="decisions.authorize", outcome="permit", seconds=2.0),
                exchange(endpoint="decisions.authorize", outcome="deny", seconds=3.0),
                exchange(endpoint="", outcome="error", seconds=4.0),
            ]
        )
    )

    assert drawing is not None
    assert [lane.label for lane in drawing.lanes] == ["polls", "decisions", "other calls"]
    assert [mark.shape for mark in drawing.marks] == ["waiting", "throttled", "granted", "denied", "failed"]
    assert timeline(SceneReport(exchanges=[])) is None
