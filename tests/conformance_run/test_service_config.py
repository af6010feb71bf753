"""service.toml: valid files, and errors that name the position."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pass_harness.conformance.drivers.service_facilities import service_facilities
from pass_harness.conformance.errors import ConfigError
from pass_harness.conformance.facilities import ONE_SCREEN
from pass_harness.conformance.service_toml.service_config import ServiceConfig, load
from pass_harness.mock_server.formats.toml_position import position_of

WHOLE = """
[service]
base_url = "http://127.0.0.1:9000"
restart = "true"
instances = 2

[mock]
url = "http://127.0.0.1:8300/~here"

[verbs.login]
request = "POST /devices/{device.id}/login"
json = { mvpd = "{mvpd}", screen = "{screen}" }
headers = { "X-Forwarded-For" = "{device.ip}" }
returns = { code = "$.code", url = "$.loginUrl", state = "$.status" }
accept = [409]

[states]
authenticated = ["loggedIn", true]
"""


def read(tmp_path: Path, text: str) -> ServiceConfig:
    path = tmp_path / "service.toml"
    path.write_text(text, "utf-8")
    return load(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, WHOLE)
    assert config.service.instances == 2
    assert config.mock.url == "http://127.0.0.1:8300/~here"
    login = config.verbs["login"]
    assert (login.method, login.target) == ("POST", "/devices/{device.id}/login")
    assert login.accept == {409}
    assert login.returns["url"].find({"loginUrl": "http://x"}) == "http://x"
    assert config.states.state_of("loggedIn") == config.states.state_of(value=True) == "authenticated"
    assert config.states.state_of("pending") == "pending"


def test_an_unlisted_state_is_unmapped(tmp_path: Path) -> None:
    states = read(tmp_path, WHOLE).states
    assert states.state_of("authenticated") is None
    assert states.state_of(1) is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("instances", "instnaces", ':5: [service] has no key "instnaces"; did you mean "instances"?'),
        ("instances = 2", "instances = 0", ":5: service.instances must be 1 or more"),
        ("instances = 2", 'instances = "two"', ":5: service.instances: expected int, got str"),
        ("[service]", "[servise]", ':2: there is no section "servise"; did you mean "service"?'),
        ('base_url = "http://127.0.0.1:9000"', "", ':2: [service] lacks "base_url"'),
        ('"http://127.0.0.1:9000"', '"127.0.0.1:9000"', ":3: base_url must be an http or https URL"),
        ('"http://127.0.0.1:9000"', '"http://127.0.0.1:nine"', ":3: base_url must be an http or https URL"),
        ('"http://127.0.0.1:9000"', '"http://127.0.0.1:9000?key=a"', ":3: base_url must end before the query"),
        ("verbs.login", "verbs.logn", ':10: [verbs] has no verb "logn"; did you mean "login"?'),
        ("verbs.login", "verbs.restart", ":10: restart is a shell command"),
        ("request =", "reqest =", ':11: [verbs.login] has no key "reqest"; did you mean "request"?'),
        ('"POST /devices', '"POSt /devices', ":11: request must be a method and a path"),
        ("{device.id}", "{device.name}", ":11: there is no placeholder {device.name}"),
        ('"{screen}"', '"{scren}"', ':12: there is no placeholder {scren}; did you mean "screen"?'),
        ("{device.ip}", "{device.ipp}", ":13: there is no placeholder {device.ipp}"),
        ('"X-Forwarded-For" =', '"X Forwarded-For" =', ':13: "X Forwarded-For" cannot be the name of a header'),
        (
            '"{device.ip}"',
            r'"{device.ip}\r\nX-Other: 1"',
            ':13: the header "X-Forwarded-For" must be plain ASCII on one',
        ),
        ('code = "$.code", ', "", ":14: [verbs.login] needs the JSONPath of code"),
        (", url = ", ", uri = ", ':14: [verbs.login.returns] has no return "uri"; did you mean "url"?'),
        ('"$.code"', '"$.["', ':14: "$.[" is not a JSONPath'),
        ("[409]", "[42]", ":15: verbs.login.accept must be from 100 to 599"),
        (
            "instances = 2",
            'architecture = "server"',
            ":5: service.architecture: invalid enum value 'server'; there are: client, s2s",
        ),
        ('restart = "true"', 'restart = " "', ":4: restart is empty; write a command, or remove it"),
        ('"POST /devices', '"POST http://[::1/devices', ":11: no request can be sent to this URL (Invalid port"),
        ('"POST /devices', r'"POST /\u0000devices', ":11: no request can be sent to this URL (Invalid non-printable"),
        ('"$.code"', "'$.a[?@.b =~ /(/]'", ':14: "$.a[?@.b =~ /(/]" is not a JSONPath (missing )'),
        ('"$.code"', f'"${".a" * 200}"', ":14: the JSONPath has more than 300 characters; shorten it"),
        ("authenticated =", "authentic =", ':18: [states] has no key "authentic"'),
    ],
)
def test_an_error_has_line_and_remedy(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, WHOLE.replace(old, new))
    place = re.match(r"(.+service\.toml:\d+):\d+(: .+)", str(raised.value), re.DOTALL)
    assert place, "file, line and column"
    assert sentence in "".join(place.groups())
    assert place[1].startswith(f"{tmp_path / 'service.toml'}:")


def test_columns_count_characters() -> None:
    assert position_of('a = 1\n"é" = { "ü" = 1, b = 2 }', ("é", "b")) == (2, 18)


def test_a_driver_replaces_the_verbs(tmp_path: Path) -> None:
    config = read(tmp_path, '[service]\ndriver = "mine:Driver"\n')
    assert (config.verbs, config.service.name) == ({}, "mine:Driver")
    config = read(tmp_path, '[service]\ncommand = ["node", "driver.js"]\n')
    assert (config.service.command, config.service.name) == (("node", "driver.js"), "node driver.js")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('driver = "mine:Driver"\ncommand = ["x"]', "driver and command exclude each other: keep one of them"),
        ('driver = "mine.py"', 'driver must be a module and a class, like "my_driver:MyDriver"'),
        ("command = []", "service.command must have 1 or more entries"),
        ('driver = "m:D"\nrestart = "true"', "restart needs base_url"),
        ('driver = "m:D"\nheaders = { a = "b" }', "headers apply to [verbs] only"),
        ('driver = "m:D"\nbase_url = "nowhere"', "base_url must be an http or https URL"),
        ('driver = "m:D"\n[verbs.stop]\nrequest = "POST /stop"', "a driver names its verbs itself"),
    ],
)
def test_a_contradictory_driver_is_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, f"[service]\n{lines}\n")
    assert sentence in str(raised.value)


def test_a_body_is_json_or_form_and_not_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="json and form exclude each other"):
        read(tmp_path, WHOLE.replace("accept = [409]", 'form = { a = "b" }'))


def test_invalid_toml_is_an_error_with_the_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"service\.toml:2:9: is not valid TOML: "):
        read(tmp_path, "\n[service\n")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")


def test_a_file_without_verbs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no verb is mapped"):
        read(tmp_path, '[service]\nbase_url = "http://x"\n')


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "service.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.strip().replace("\n", "\r\n").encode())
    assert load(path).service.instances == 2
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.strip().replace("[service]", "[servise]", 1).encode())
    with pytest.raises(ConfigError, match=r":1:1: there is no section"):
        load(path)


@pytest.mark.parametrize(
    ("login", "others", "one_screen"),
    [
        ("{mvpd}", ["arrived"], True),
        ("{screen}", ["arrived"], False),
        ("{mvpd}", [], False),
        ("{mvpd}", ["arrived", "enter_code"], False),
    ],
)
def test_an_app_that_names_no_screen_and_has_a_browser_has_one_screen(
    tmp_path: Path, login: str, others: list[str], *, one_screen: bool
) -> None:
    text = (
        f'[service]\nbase_url = "http://x"\n[verbs.login]\nrequest = "POST /{login}"\nreturns = {{ code = "$.c" }}\n'
    )
    text += "".join(f'[verbs.{name}]\nrequest = "POST /{name}"\n' for name in others)
    assert (ONE_SCREEN in service_facilities(read(tmp_path, text))) is one_screen
