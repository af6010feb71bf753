"""Results and history for Allure Report: the latest run as results, earlier runs as a history file.

Sources: https://allurereport.org/docs/how-it-works-test-result-file/ and
https://allurereport.org/docs/how-it-works-history-files/.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from pass_harness.conformance.evaluation.engine import Verdict
from pass_harness.conformance.reports.history.model import ObjectiveRecord, RunRecord
from pass_harness.conformance.reports.model import VIOLATED
from pass_harness.conformance.reports.numbers import amount, plural
from pass_harness.conformance.rule import Card

RESULTS, HISTORY = "allure-results", "history.jsonl"
_NAMESPACE = uuid.UUID("1f9c5b58-8c53-5d4f-9d0c-6a3d0c6f2b11")
_STATUSES = {VIOLATED: "failed", Verdict.INCONCLUSIVE: "broken", Verdict.PASSED: "passed"}
"""Statuses of rules; any other is skipped, as in JUnit."""
_HELD = {True: "passed", False: "failed", None: "skipped"}
_SEVERITIES = {"MUST": "critical", "SHOULD": "normal", "OWN": "minor"}

Result = dict[str, Any]


def files(runs: Sequence[RunRecord], cards: Mapping[str, Card]) -> dict[str, bytes]:
    """Return the files by path: the results of the last run, and a line of history for each earlier one.

    ``runs`` are those of one series, oldest first; ``cards`` are the rules by id.
    """
    *earlier, last = runs
    made = {f"{RESULTS}/{result['uuid']}-result.json": _json(result) for result in _results(last, cards)}
    environment = {"service": last.name, "event": last.event, "rule_set": last.rule_set, "pass_harness": last.version}
    lines = [f"{name}={_escaped(value)}\n" for name, value in environment.items() if value]
    made[f"{RESULTS}/environment.properties"] = "".join(lines).encode()
    made[HISTORY] = b"".join(_json(_point(run, cards)) + b"\n" for run in earlier)
    return made


def _results(run: RunRecord, cards: Mapping[str, Card]) -> Iterator[Result]:
    for rule, standing in run.rules.items():
        yield _rule(run, rule, standing, cards.get(rule))
    for objective in run.objectives:
        yield _objective(run, objective)


def _rule(run: RunRecord, rule: str, standing: str, card: Card | None) -> Result:
    found = [
        f"{one.kind or 'other kinds'}{f' ({one.subject})' if one.subject else ''}: {plural(one.findings, 'finding')}"
        for one in run.findings
        if one.rule == rule
    ]
    result = _result(run, rule, card.title if card else rule, _STATUSES.get(standing, "skipped"))
    phase = rule.partition(".")[0]
    result["titlePath"] = [run.name, phase]
    result["labels"] += [{"name": "suite", "value": phase}, {"name": "feature", "value": phase}]
    result["statusDetails"] = {"message": "\n".join((standing, *found))}
    if card is not None:
        result["labels"].append({"name": "severity", "value": _SEVERITIES[card.grade]})
        result["labels"].append({"name": "tag", "value": str(card.grade)})
        result["description"] = f"{card.requirement}\n\n**Consequences.** {card.breaks}\n\n**Remedy.** {card.remedy}"
        result["links"] = [{"name": str(one), "url": one.url, "type": "link"} for one in card.citations]
    return result


def _objective(run: RunRecord, objective: ObjectiveRecord) -> Result:
    result = _result(run, f"objective {objective.name}", f"Objective {objective.name}", _HELD[objective.holds])
    measured = "not measured" if objective.measured is None else amount(objective.measured, objective.unit)
    result["titlePath"] = [run.name, "objectives"]
    result["labels"] += [{"name": "suite", "value": "objectives"}, {"name": "feature", "value": "objectives"}]
    result["statusDetails"] = {"message": f"{measured}, limit {amount(objective.limit, objective.unit)}"}
    return result


def _result(run: RunRecord, test: str, name: str, status: str) -> Result:
    case = hashlib.sha256("\n".join((run.name, run.command, run.event, test)).encode()).hexdigest()[:32]
    stop = int(datetime.fromisoformat(run.recorded).timestamp() * 1000)
    return {
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{run.id} {test}")),
        "historyId": case,
        "testCaseId": case,
        "fullName": test,
        "name": name,
        "status": status,
        "stage": "finished",
        "start": stop - int(run.seconds * 1000),
        "stop": stop,
        "labels": [
            {"name": "framework", "value": "pass-harness"},
            {"name": "parentSuite", "value": run.name},
            {"name": "epic", "value": "Adobe Pass conformance"},
        ],
    }


def _point(run: RunRecord, cards: Mapping[str, Card]) -> dict[str, Any]:
    """Return a run as a line of the history file of Allure 3."""
    results = list(_results(run, cards))
    return {
        "uuid": str(uuid.uuid5(_NAMESPACE, run.id)),
        "name": f"{run.name}, {run.command}",
        "timestamp": results[0]["stop"] if results else 0,
        "knownTestCaseIds": [_md5(one["testCaseId"]) for one in results],
        "testResults": {_history_id(one): _historic(one) for one in results},
        "metrics": run.figures,
        "url": "",
    }


def _historic(result: Result) -> Result:
    kept = {name: result[name] for name in ("name", "fullName", "status", "start", "stop", "labels")}
    message = result["statusDetails"]["message"]
    duration = result["stop"] - result["start"]
    return {**kept, "id": _md5(result["uuid"]), "historyId": _history_id(result), "message": message} | {
        "duration": duration,
        "url": "",
        "reportLinks": [],
    }


def _history_id(result: Result) -> str:
    """Return the key of a result in the history file: Allure 3 digests ``testCaseId`` and the (absent) parameters."""
    return f"{_md5(result['testCaseId'])}.{_md5('')}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _json(content: object) -> bytes:
    return msgspec.json.encode(content)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", " ")
