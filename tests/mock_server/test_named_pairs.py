"""Masking of values whose secret name stands beside them: fields of HTML, members of JSON, users of curl."""

from __future__ import annotations

import base64
import json

import pytest

from pass_harness.mock_server.journal.masking import mask, mask_body, mask_text
from pass_harness.mock_server.journal.secret_names import is_secret

PAIRS = (
    '{"name":"client_secret","value":"HUSH"}',
    '{"value": "HUSH", "enabled": true, "name": "client_secret"}',
    '[{"key": "access_token", "value": "HUSH"}, {"key": "mvpd", "value": "Cablevision"}]',
    '{"Name":"SAMLResponse","Value":"HUSH"}',
    '{"name":"set-cookie","value":["HUSH", "HUSH"]}',
    '{"a": {"name": "token", "b": {"value": "x"}, "value": "HUSH"}, "value": "x"}',
    '{"log": "{\\"name\\":\\"client_secret\\",\\"value\\":\\"HUSH\\"}"}',
    '<input type="hidden" name="client_secret" value="HUSH"/><input name="mvpd" value="Cablevision">',
    '<form><input value="HUSH" name="SAMLResponse"><INPUT NAME="RelayState" VALUE="x"></form>',
    "<input type='password' value='HUSH' name='j_user'>",
    "<input name=client_secret value=HUSH>",
    '<meta name="csrf-token" content="HUSH" />',
    '<input data-a="a>b" id="access-token" value="HUSH',
    '{"page": "<input name=\\"client_secret\\" value=\\"HUSH\\">"}',
    '"curl -u app:HUSH https://example.com/restart" ended with exit code 22',
    "curl --user 'app:HUSH' -X POST https://example.com/",
    'curl -s -uapp:HUSH --proxy-user "proxy:HUSH" https://example.com/',
)


@pytest.mark.parametrize("text", PAIRS)
def test_only_the_value_of_a_secret_name_is_masked(text: str) -> None:
    secret = "hush-4711"
    for way in (mask_body, mask_text):
        shown = way(text.replace("HUSH", secret))
        assert shown == text.replace("HUSH", mask(secret))
        assert way(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "mvpd", "value": "hush-4711"}',
        '{"name": ["client_secret"], "value": "hush-4711"}',
        '{"name": "client_secret", "values": "hush-4711"}',
        '{"attributes": {"userID": {"value": "hush-4711", "state": "plain"}}, "name": "token"}',
        '<input name="code" value="hush-4711"><input type="password" name="password">',
        "docker run -u 1000:1000 image; id -u app:hush-4711",
    ],
)
def test_other_values_stay(text: str) -> None:
    assert mask_body(text) == text


def test_an_authorization_beside_its_name_is_masked_as_in_a_header() -> None:
    """Equal secrets stay equal."""
    pair = json.dumps({"name": "Authorization", "value": "Bearer hush-4711"})
    assert mask_body(pair) == json.dumps({"name": "Authorization", "value": f"Bearer {mask('hush-4711')}"})
    assert mask_body('<input name="token" value="a&amp;b">') == f'<input name="token" value="{mask("a&b")}">'


def test_names_of_several_secrets_are_known() -> None:
    for name in ("tokens", "cookies", "client_secrets", "assertions", "samlAttributeQueryResponse", "SAMLResponse"):
        assert is_secret(name), name
    for name in ("tokenize", "resources", "SAMLRequest", "address", "statementsId"):
        assert not is_secret(name), name


@pytest.mark.parametrize("prefix", ["samlp", "saml2p"])
def test_saml_responses_are_known_by_their_form(prefix: str) -> None:
    response = base64.b64encode(f"<{prefix}:Response ID='hush'></{prefix}:Response>".encode()).decode()
    assert mask_text(f"odd {response} text") == f"odd {mask(response)} text"
    assert mask_body(json.dumps({"odd": response})) == json.dumps({"odd": mask(response)})
