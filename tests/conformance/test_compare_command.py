"""The command `pass-mock compare`: its output, exit codes and errors."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from click.testing import CliRunner, Result
from fidelity_records import recorded
from test_fidelity import OPEN

from pass_harness.conformance.fidelity import records
from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.exchange import Exchange
from tests.mock_server.conftest import Mock


async def look_up(mock: Mock) -> None:
    headers = await mock.signed_on()
    await mock.http.get("/api/v2/REF30/profiles", headers=headers)
    await mock.http.get("/api/v2/REF30/profiles")


def exchanges() -> list[Exchange]:
    return recorded(OPEN, look_up)


def write(path: Path, found: list[Exchange]) -> Path:
    lines = b"".join(msgspec.json.encode(one) + b"\n" for one in found)
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def other_message(found: list[Exchange]) -> list[Exchange]:
    def changed(one: Exchange) -> Exchange:
        return msgspec.structs.replace(one, response_body=one.response_body.replace("The access token", "This token"))

    return [changed(one) for one in found]


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, arguments)])


@pytest.mark.parametrize("name", ["record.jsonl", "record.jsonl.gz"])
def test_a_record_without_a_difference_is_exit_code_0(tmp_path: Path, name: str) -> None:
    done = compare(write(tmp_path / name, exchanges()))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("4 of 4 exchanges compared with the mock of Pass Harness")
    assert "profiles: 2 same, 0 differ, 0 not compared" in done.stdout


def test_a_difference_is_exit_code_1_and_named_with_its_endpoint(tmp_path: Path) -> None:
    done = compare(write(tmp_path / "record.jsonl", other_message(exchanges())))
    assert done.exit_code == 1
    assert (
        "profiles: 1 same, 1 differ, 0 not compared\n"
        "  differs in: 401 $.message of invalid_access_token_client_application: another text in the record, "
        "the documented text in the mock (1 exchange)\n"
    ) in done.stdout


def test_the_report_as_json(tmp_path: Path) -> None:
    done = compare(write(tmp_path / "record.jsonl", other_message(exchanges())), "--format", "json")
    report: dict[str, Any] = json.loads(done.stdout)
    assert (report["verdict"], report["exit_code"], done.exit_code) == ("differs", 1, 1)
    profiles = next(one for one in report["endpoints"] if one["endpoint"] == "profiles")
    assert profiles["differences"] == [
        {
            "status": 401,
            "place": "$.message of invalid_access_token_client_application",
            "record": "another text",
            "mock": "the documented text",
            "exchanges": 1,
            "known": None,
        }
    ]


def test_differences_of_an_earlier_report_do_not_count(tmp_path: Path) -> None:
    record = write(tmp_path / "record.jsonl", other_message(exchanges()))
    earlier = tmp_path / "report.json"
    earlier.write_text(compare(record, "--format", "json").stdout, "utf-8")
    done = compare(record, "--known", earlier)
    assert done.exit_code == 0
    assert "no differences, and 1 known" in done.stdout
    assert "[in the earlier report]" in done.stdout
    new = [
        msgspec.structs.replace(one, response_body=one.response_body.replace("application-registration", "retry"))
        for one in exchanges()
    ]
    assert compare(write(record, new), "--known", earlier).exit_code == 1


def test_a_configuration_sets_the_lifetimes(tmp_path: Path) -> None:
    record = write(tmp_path / "record.jsonl", exchanges())
    config = tmp_path / "mock.toml"
    config.write_text('[lifetimes]\naccess_token = "1h"\n', "utf-8")
    done = compare(record, "--config", config)
    assert done.exit_code == 1
    assert "lifetime of access tokens: 6h in the record, 1h in the mock" in done.stdout


def test_an_archive_is_read_and_its_host_named(tmp_path: Path) -> None:
    archive = tmp_path / "record.har"
    content: dict[str, Any] = {}

    async def play(mock: Mock) -> None:
        await look_up(mock)
        content.update((await mock.http.get("/_mock/exchanges.har")).json())

    recorded(OPEN, play)
    for entry in content["log"]["entries"]:
        del entry["_exchange"]
        entry["request"]["url"] = urlsplit(entry["request"]["url"])._replace(netloc="adobe.example").geturl()
    archive.write_text(json.dumps(content), "utf-8")
    assert compare(archive, "--host", "adobe.example").exit_code == 0
    refused = compare(archive)
    assert refused.exit_code == 2
    assert (
        f"{archive}: has no answer of Adobe Pass that can be compared (0 exchanges, 4 requests to other hosts)"
        in (refused.stderr)
    )
    assert "--host" in refused.stderr


def test_an_unreadable_file_is_exit_code_2_with_place_and_remedy(tmp_path: Path) -> None:
    broken = tmp_path / "record.jsonl"
    broken.write_text("{}\n{}\n", "utf-8")
    for arguments, expected in (
        ([broken], f"{broken}:1: not an exchange"),
        ([tmp_path / "none.jsonl"], "none.jsonl"),
        ([write(tmp_path / "good.jsonl", exchanges()), "--known", broken], f"{broken}: not a report of"),
        ([tmp_path / "good.jsonl", "--known", tmp_path / "none.json"], "cannot be read"),
        ([tmp_path / "good.jsonl", "--config", broken], str(broken)),
        ([], "Missing argument"),
    ):
        done = compare(*arguments)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        assert expected in done.stderr


def test_a_failure_of_its_own_is_exit_code_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("viewer@example.org")

    monkeypatch.setattr(records, "read_traces", fail)
    done = compare(write(tmp_path / "record.jsonl", exchanges()))
    assert done.exit_code == 3
    assert "viewer" not in done.stderr


def test_requests_to_a_host_that_may_be_a_mock_are_named(tmp_path: Path) -> None:
    archive = tmp_path / "record.har"
    entries = [
        {
            "startedDateTime": "2026-11-30T10:00:00Z",
            "time": 5,
            "request": {"method": "GET", "url": f"https://{host}/api/v2/REF30/profiles", "headers": []},
            "response": {"status": 401, "headers": [], "content": {}},
            **more,
        }
        for host, more in (
            ("api.auth.adobe.com", {}),
            ("mock.example", {}),
            ("api.auth.adobe.com", {"_fromCache": "disk"}),
        )
    ]
    archive.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}), "utf-8")

    said = compare(archive).stdout
    assert "skipped although their paths are those of Adobe Pass: 1 of 1; name the host" in said
    assert "entries skipped that never went to Adobe Pass: 1" in said
    assert "mock.example" not in said
