"""`pass-conformance init` writes a working service.toml from answers or from an OpenAPI document."""

from __future__ import annotations

import asyncio
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from pass_harness.conformance.cli.main import main
from pass_harness.conformance.drafting.draft import OPEN, ServiceDraft, VerbDraft, as_toml
from pass_harness.conformance.drafting.vocabulary import placeholder_of, words_of
from pass_harness.conformance.running import child_processes
from pass_harness.conformance.running.doctor import diagnose
from pass_harness.conformance.service_toml.service_config import ServiceConfig, load
from pass_harness.conformance.verbs import VERBS

DOCUMENT = Path(__file__).with_name("example_openapi.yaml")


def init(folder: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["init", "--output", str(folder / "service.toml"), *arguments], input=typed)


def guessed(folder: Path, document: object, *arguments: str) -> ServiceConfig:
    """Return the configuration derived from an OpenAPI document."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    done = init(folder, "--openapi", str(file), *arguments)
    assert done.exit_code == 0, done.output
    return load(folder / "service.toml")


@pytest.mark.slow
def test_the_guess_for_the_example_service_drives_it(tmp_path: Path, mock_url: str) -> None:
    space = f"{mock_url}/~guessed"
    with child_processes.programmer_service(tmp_path, space) as service:
        done = init(tmp_path, "--openapi", str(DOCUMENT), "--base-url", service.url)
        assert (done.exit_code, "10 verbs are mapped" in done.output) == (0, True), done.output
        config = load(tmp_path / "service.toml")
        found, _ = asyncio.run(diagnose(config, space, seed=11))
    assert found == []
    shipped = child_processes.service_toml(service.url)
    for name, verb in shipped.verbs.items():
        mine = config.verbs[name]
        assert (mine.method, mine.target, mine.json) == (verb.method, verb.target, verb.json), name
        assert {r: str(path) for r, path in verb.returns.items() if r != "error"} == {
            r: str(path) for r, path in mine.returns.items()
        }, name
    text = (tmp_path / "service.toml").read_text("utf-8")
    assert "# Derived from example_openapi.yaml" in text
    assert OPEN not in text


def operation(name: str, answer: dict[str, Any] | None = None, **more: object) -> dict[str, Any]:
    schema = {"type": "object", "properties": answer or {}}
    return {
        "operationId": name,
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}},
        **more,
    }


DEVICE_IN_QUERY = {"name": "deviceId", "in": "query", "required": True}
TENANT_IN_QUERY = {"name": "tenant", "in": "query", "required": True}
DEVICE_IN_HEADER = {"name": "X-Device-Id", "in": "header", "required": True}
CHOICE = {
    "type": "object",
    "required": ["provider_id", "flavour"],
    "properties": {"provider_id": {}, "flavour": {}, "note": {}},
}
OTHER = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://tv.example.com/v3"}],
    "paths": {
        "/auth/providers": {
            "get": operation(
                "listMvpds", {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Mvpd"}}}
            )
        },
        "/auth/sign-in": {
            "post": operation(
                "signIn",
                {"data": {"type": "object", "properties": {"regCode": {}, "loginUrl": {}}}},
                parameters=[DEVICE_IN_HEADER, {"name": "lang", "in": "query"}],
                requestBody={"content": {"application/x-www-form-urlencoded": {"schema": CHOICE}}},
            )
        },
        "/auth/check": {
            "get": operation(
                "checkAuthStatus",
                {"status": {"enum": ["LOGGED_IN", "WAITING", "ANONYMOUS"]}},
                parameters=[DEVICE_IN_QUERY, TENANT_IN_QUERY],
            )
        },
        "/channels/{channelId}/authorize": {
            "post": operation("authorizeChannel", {"granted": {"type": "boolean"}, "token": {}})
        },
        "/auth/sign-out": {"delete": operation("signOut")},
        "/weather": {"get": operation("forecast")},
    },
    "components": {"schemas": {"Mvpd": {"type": "object", "properties": {"mvpdId": {}, "label": {}}}}},
}


def test_names_of_another_service_are_recognised(tmp_path: Path) -> None:
    config = guessed(tmp_path, OTHER, "--mvpd", "Spectrum", "--service-provider", "OURS")
    assert (config.service.base_url, config.service.mvpd) == ("https://tv.example.com", "Spectrum")
    assert set(config.verbs) == {"providers", "login", "status", "play", "logout"}
    login = config.verbs["login"]
    assert (login.method, login.target) == ("POST", "/v3/auth/sign-in")
    assert login.form == {"provider_id": "{mvpd}", "flavour": OPEN}
    assert login.headers == {"X-Device-Id": "{device.id}"}
    assert str(login.returns["code"]) == "$.data.regCode"
    assert config.verbs["status"].target == f"/v3/auth/check?deviceId={{device.id}}&tenant={OPEN}"
    assert config.verbs["play"].target == "/v3/channels/{resource}/authorize"
    assert str(config.verbs["play"].returns["allowed"]) == "$.granted"
    assert str(config.verbs["providers"].returns["providers"]) == "$.items[*].mvpdId"
    assert config.verbs["logout"].method == "DELETE"
    assert config.states.state_of("LOGGED_IN") == "authenticated"
    assert config.states.state_of("ANONYMOUS") == "unauthenticated"
    text = (tmp_path / "service.toml").read_text("utf-8")
    assert text.count(OPEN) > 2
    assert "# [verbs.preauthorize]" in text
    assert "# POST /v3/auth/sign-in: signIn" in text


def test_uncertain_and_missing_parts_are_reported(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(OTHER))
    said = init(tmp_path, "--openapi", str(tmp_path / "openapi.json")).output
    assert "[verbs.login] is incomplete: replace CHANGE-ME" in said
    assert re.search(r"not mapped: start, enter_code, arrived, preauthorize, stop; \d+ rules stay untestable", said)
    assert "pass-conformance doctor --service" in said


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/v3", "http://127.0.0.1:8080/v3/", "http://127.0.0.1:8080"])
def test_an_address_with_the_path_of_the_first_server_has_it_once(tmp_path: Path, url: str) -> None:
    config = guessed(tmp_path, OTHER, "--base-url", url)
    assert config.service.base_url + config.verbs["login"].target == "http://127.0.0.1:8080/v3/auth/sign-in"


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text("mine")
    done = init(tmp_path, "--openapi", str(DOCUMENT))
    assert (done.exit_code, "--force" in done.output) == (2, True)
    assert (tmp_path / "service.toml").read_text() == "mine"
    assert init(tmp_path, "--openapi", str(DOCUMENT), "--force").exit_code == 0


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.json", None, "none.json: cannot be read"),
        ("a.json", "{", "is not an OpenAPI 3 document in JSON or YAML"),
        ("a.yaml", "a: [", "is not an OpenAPI 3 document in JSON or YAML"),
        ("a.yaml", "- 1", "is not an OpenAPI 3 document in JSON or YAML"),
        ("a.json", '{"openapi": "2.0", "paths": {}}', "is an OpenAPI 2.0 document; convert it"),
        ("a.json", '{"openapi": "3.0.0", "paths": {}}', "no operation looks like a verb"),
        (
            "a.json",
            '{"openapi": "3.0.0", "paths": {"/login": {"post": {"requestBody": {"$ref": "#/components/x/y"}}}}}',
            "the reference #/components/x/y has no target",
        ),
    ],
)
def test_an_unusable_document_is_an_error(tmp_path: Path, name: str, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    done = init(tmp_path, "--openapi", str(tmp_path / name))
    assert (done.exit_code, sentence in done.output) == (2, True), done.output
    assert not (tmp_path / "service.toml").exists()


def test_answers_on_a_terminal_are_written_to_the_file(tmp_path: Path) -> None:
    answers = ["", "http://127.0.0.1:7777", "OURS", "", "make restart"]
    for verb in VERBS:
        match verb:
            case "login":
                answers += ["login", "POST /tv/{device.id}/login", "$.pin", "", "$.link"]
            case "status":
                answers += ["get /tv/{device.id}", "$.is", ""]
            case _:
                answers += ["-"]
    done = init(tmp_path, typed="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    assert 'write a method and a path, like "POST /login"' in done.output
    config = load(tmp_path / "service.toml")
    assert (config.service.base_url, config.service.service_provider) == ("http://127.0.0.1:7777", "OURS")
    assert (config.service.mvpd, config.service.restart) == ("Cablevision", "make restart")
    assert set(config.verbs) == {"login", "status"}
    assert config.verbs["login"].json == {"mvpd": "{mvpd}", "screen": "{screen}"}
    assert str(config.verbs["login"].returns["code"]) == "$.pin"
    assert config.verbs["status"].method == "GET"


@pytest.mark.parametrize("kind", ["python", "command"])
def test_a_driver_of_the_user_gets_a_skeleton_that_passes_check(tmp_path: Path, kind: str) -> None:
    done = init(tmp_path, "--driver", kind, "--mvpd", "Spectrum", "--base-url", "http://127.0.0.1:7777")
    assert (done.exit_code, "service_driver.py calls the example service" in done.output) == (0, True), done.output
    config = load(tmp_path / "service.toml")
    assert (config.service.mvpd, config.service.base_url) == ("Spectrum", "http://127.0.0.1:7777")
    checked = CliRunner().invoke(main, ["check", "--service", str(tmp_path / "service.toml")])
    assert checked.exit_code == 0, checked.output
    compile((tmp_path / "service_driver.py").read_text("utf-8"), "service_driver.py", "exec")
    again = init(tmp_path, "--driver", kind)
    assert (again.exit_code, "exists already" in again.output) == (2, True)
    (tmp_path / "service.toml").unlink()
    again = init(tmp_path, "--driver", kind)
    assert (again.exit_code, "service_driver.py exists already" in again.output) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["python", "command"])
def test_the_skeleton_drives_the_example_service(tmp_path: Path, mock_url: str, kind: str) -> None:
    space = f"{mock_url}/~skeleton-{kind}"
    with child_processes.programmer_service(tmp_path, space) as service:
        init(tmp_path, "--driver", kind, "--base-url", service.url)
        found, _ = asyncio.run(diagnose(load(tmp_path / "service.toml"), space, seed=12))
    assert found == []


def test_the_kind_of_driver_can_be_chosen_on_a_terminal(tmp_path: Path) -> None:
    done = init(tmp_path, typed="python\n\n\n\nmake restart\n")
    assert done.exit_code == 0, done.output
    config = load(tmp_path / "service.toml")
    assert (config.service.driver, config.service.restart) == ("service_driver:ServiceDriver", "make restart")


def test_an_openapi_document_is_for_the_http_driver(tmp_path: Path) -> None:
    done = init(tmp_path, "--openapi", str(DOCUMENT), "--driver", "command")
    assert (done.exit_code, "--openapi maps verbs to HTTP requests" in done.output) == (2, True)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = TEXTS | st.booleans() | st.integers()


@given(TEXTS, st.dictionaries(st.text(min_size=1, max_size=10), VALUES, max_size=4))
def test_any_draft_is_written_as_valid_toml(text: str, body: dict[str, object]) -> None:
    verb = VerbDraft(verb="login", request=f"POST /{text}", json=body, returns={"code": f"$['{text}']"})
    draft = ServiceDraft(base_url=text, service_provider=text, mvpd=text, verbs=(verb,), states={"pending": (text,)})
    read = tomllib.loads(as_toml(draft))
    assert (read["service"]["mvpd"], read["verbs"]["login"]["json"]) == (text, body)
    assert read["states"] == {"pending": [text]}


@pytest.mark.parametrize(
    ("name", "placeholder"),
    [("deviceId", "device.id"), ("mvpd_id", "mvpd"), ("channel-ids", "resources"), ("X-Forwarded-For", "device.ip")],
)
def test_parameters_are_recognised_in_any_spelling(name: str, placeholder: str) -> None:
    assert placeholder_of(name) == placeholder
    assert placeholder_of("weather") is None


def test_words_are_found_in_names_of_any_style() -> None:
    assert words_of("logOut") >= {"log", "out", "logout"}
    assert words_of("sign-in_now") >= {"signin", "now"}
    assert words_of("GETStatus2") >= {"get", "status"}
