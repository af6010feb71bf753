"""A `match` with unknown names: endpoints are refused; MVPDs, service providers and devices are warned of."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pass_harness.mock_server.cli.main import main
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.ids import RandomIds
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.routes import ENDPOINTS, identifiers
from tests.mock_server.conftest import DEVICE, Mock, device_headers

IDS = identifiers(ENDPOINTS)
ENCODED = base64.b64encode(DEVICE.encode()).decode()


async def added(mock: Mock, match: dict[str, str], **rest: object) -> Any:  # noqa: ANN401 - as JSON
    answer = await mock.http.post("/_mock/behaviours", json={"effect": {"status": 503}, "match": match, **rest})
    return answer.json()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("endpoint", "remedy"),
    [("profile", 'did you mean "profiles"?'), ("decision.*", 'did you mean "'), ("x-*", "there are: ")],
)
async def test_an_unknown_endpoint_is_refused_and_nothing_is_added(mock: Mock, endpoint: str, remedy: str) -> None:
    for call in ({"effect": {"status": 503}}, {"preset": "mvpd-down"}):
        answer = await mock.http.post("/_mock/behaviours", json={**call, "match": {"endpoint": endpoint}})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith(f'match.endpoint: there is no endpoint "{endpoint}"; ')
        assert remedy in answer.json()["error"]
    assert (await mock.http.get("/_mock/behaviours")).json() == {"behaviours": []}


@pytest.mark.anyio
@pytest.mark.parametrize("endpoint", ["profiles", "decisions.*", "*", "", "cors.preflight", "browser.log[io]*"])
async def test_known_endpoints_and_globs_of_them_are_accepted(mock: Mock, endpoint: str) -> None:
    assert (await added(mock, {"endpoint": endpoint}))["warnings"] == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("match", "warning"),
    [
        ({"mvpd": "Spektrum"}, 'match.mvpd: the catalogue has no MVPD "Spektrum"; did you mean "Spectrum"?'),
        (
            {"service_provider": "REF3O"},
            'match.service_provider: the catalogue has no service provider "REF3O"; did you mean "REF30"?',
        ),
        ({"device": "tv"}, 'match.device: no recent request has the device "tv"'),
        ({"device": ENCODED}, f'match.device: a match takes the decoded identifier of a device: write "{DEVICE}"'),
        (
            {"device": device_headers()["AP-Device-Identifier"]},
            f'match.device: a match takes the decoded identifier of a device: write "{DEVICE}"',
        ),
    ],
)
async def test_other_unknown_names_are_added_with_a_warning(mock: Mock, match: dict[str, str], warning: str) -> None:
    answer = await added(mock, match)
    assert (answer["id"], answer["ids"], answer["warnings"]) == ("b1", ["b1"], [warning])


@pytest.mark.anyio
async def test_known_names_have_no_warning(mock: Mock) -> None:
    await mock.signed_on()
    await mock.http.get("/api/v2/REF30/profiles", headers=device_headers())
    for match in ({"mvpd": "Spec*"}, {"service_provider": "REF30"}, {"device": DEVICE}, {"device": "ba23*"}):
        assert (await added(mock, match))["warnings"] == []


@pytest.mark.anyio
async def test_a_preset_warns_once_and_masks(mock: Mock) -> None:
    secret = RandomIds(3).secret()
    answer = await mock.http.post("/_mock/behaviours", json={"preset": "mvpd-down", "match": {"mvpd": secret}})
    (warning,) = answer.json()["warnings"]
    assert mask(secret) in warning
    assert secret not in answer.text
    answer = await added(mock, {"mvpd": "x" * 50_000})
    assert len(answer["warnings"][0]) < 1_100


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[[behaviours]]\neffect={status=500}\nmatch={mvpd='Dish', endpoint='profile'}", "3:21"),
        ("[[behaviours]]\neffect={status=500}\n\n[behaviours.match]\nendpoint='profile'", "5:1"),
        ("[[behaviours]]\npreset='mvpd-down'\nmatch.endpoint='profile'", "3:1"),
    ],
)
def test_an_unknown_endpoint_in_a_file_names_line_and_column(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file, IDS)
    assert str(caught.value) == f'{file}:{place}: there is no endpoint "profile"; did you mean "profiles"?'


def test_a_checked_file_prints_warnings_with_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text(
        "[[service_providers]]\nid='OURS'\nmvpds=['Mine']\n[[mvpds]]\nid='Mine'\ndisplay_name='Mine'\n"
        "[[behaviours]]\neffect={status=500}\nmatch={service_provider='OURS', mvpd='Mine'}\n"
        "[[behaviours]]\npreset='mvpd-down'\nmatch={mvpd='Spektrum'}\n"
        f"[[behaviours]]\neffect={{status=500}}\n[behaviours.match]\nservice_provider='REF3O'\ndevice='{ENCODED}'\n"
    )
    done = CliRunner().invoke(main, ["config", "check", str(file)])
    assert (done.exit_code, done.stdout) == (0, f"{file}: good\n")
    assert done.stderr.splitlines() == [
        f'{file}:12:8: warning: the catalogue has no MVPD "Spektrum"; did you mean "Spectrum"?',
        f'{file}:16:1: warning: the catalogue has no service provider "REF3O"; did you mean "REF30"?',
        f'{file}:17:1: warning: a match takes the decoded identifier of a device: write "{DEVICE}"',
    ]


def test_a_checked_file_with_an_unknown_endpoint_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "mock.toml"
    file.write_text("[[behaviours]]\neffect={status=500}\nmatch={endpoint='profile'}\n")
    done = CliRunner().invoke(main, ["config", "check", str(file)])
    assert done.exit_code == 2
    assert f'{file}:3:8: there is no endpoint "profile"; did you mean "profiles"?' in done.stderr
