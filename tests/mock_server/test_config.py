"""Configuration files: what they change, and the position in every error message."""

from __future__ import annotations

from pathlib import Path

import pytest

from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.formats.usage_error import ConfigError


def _write(folder: Path, text: str) -> Path:
    file = folder / "mock.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_file_adds_to_the_default_catalogue(tmp_path: Path) -> None:
    settings = load_settings(
        _write(
            tmp_path,
            """
strict = true
throttle = { rate = 5, burst = 50 }

[lifetimes]
media_token = "5m"

[[service_providers]]
id = "OURS"
domains = ["example.com"]
mvpds = ["Spectrum", "Mine"]

[[mvpds]]
id = "Mine"
display_name = "Mine"
authorize_limit = 3

[[behaviours]]
match = { mvpd = "Mine" }
effect = { latency = "2s" }
for = "10m"
""",
        )
    )
    assert settings.strict
    assert settings.throttle is not None
    assert (settings.throttle.rate, settings.throttle.burst) == (5, 50)
    assert settings.lifetimes.media_token == 300_000
    assert set(settings.catalogue.service_providers) == {"REF30", "apasstest1", "OURS"}
    assert settings.catalogue.mvpds["Mine"].authorize_limit == 3
    assert settings.behaviours[0].effect.latency is not None
    assert settings.behaviours[0].effect.latency.written == "2s"


def test_throttle_false_switches_it_off_and_empty_starts_from_nothing(tmp_path: Path) -> None:
    settings = load_settings(_write(tmp_path, 'throttle = false\ncatalogue = "empty"\n'))
    assert settings.throttle is None
    assert settings.catalogue.mvpds == {}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("\n[liftimes]\nsession = '1m'", "2:1", 'there is no key "liftimes"; did you mean "lifetimes"?'),
        (
            "[lifetimes]\nsession = '1m'\n  sesion = '2m'",
            "3:3",
            '[lifetimes] has no key "sesion"; did you mean "session"?',
        ),
        ("[lifetimes]\n\nsession = 'soon'", "3:1", "'soon' is not a duration"),
        ("[lifetimes]\nsession = 5", "2:1", "5 is not a duration"),
        ("throttle = { rate = 0 }", "1:14", "throttle.rate must be from 0.0001 to 1000000"),
        ("throttle = { rate = 1e-320 }", "1:14", "throttle.rate must be from 0.0001 to 1000000"),
        ("[throttle]\nburst = -1", "2:1", "throttle.burst must be from 0 to 1000000"),
        ("[throttle]\nrat = 1", "2:1", 'did you mean "rate"?'),
        ("[throttle]\nrate = 1\nburst = 'x'", "3:1", "throttle.burst: expected int, got str"),
        ("[[mvpds]]\nid='a'\ndisplay_name='A'\n[[mvpds]]\nid='b'", "4:1", '[mvpds] lacks "display_name"'),
        (
            "[[mvpds]]\nid='a'\ndisplay_name='A'\n[[mvpds]]\nid='b'\ndisplay_name='B'\npreauthorize_limit='x'",
            "7:1",
            "mvpds.preauthorize_limit: expected int",
        ),
        ("[[behaviours]]\nmatch={}\neffect={status=200}", "3:9", "behaviours.effect.status must be from 400 to 599"),
        ("[[behaviours]]\neffect={status=500}\nafter=-1", "3:1", "behaviours.after must be from 0 to 1000000000"),
        ("[[behaviours]]\neffect={throttle={rate=0}}", "2:19", "behaviours.effect.throttle.rate must be from 0.0001"),
        ("[bounds]\njournal_exchanges = -1", "2:1", "bounds.journal_exchanges must be from 0 to 1000000000"),
        ("[bounds]\njournal_exchanges = 99999999999999999999", "2:1", "bounds.journal_exchanges must be from 0 to"),
        ("[bounds]\nconnections = 0", "2:1", "bounds.connections must be from 1 to 1000000000"),
        ("[bounds]\nspaces = 0", "2:1", "bounds.spaces must be from 1 to 1000000000"),
        ("[bounds]\nspace_idle = '1ms'", "1:1", "bounds: space_idle must be 1s or more"),
        ("[[behaviours]]\neffect={status=500}\nseed=18446744073709551616", "3:1", "behaviours.seed must be from -"),
        (
            "[[mvpds]]\nid='a'\ndisplay_name='A'\nauthorize_limit=-1",
            "4:1",
            "mvpds.authorize_limit must be from 0 to 1000000",
        ),
        (
            "[[mvpds]]\nid='a'\ndisplay_name='A'\nplatforms={tvOS={enable_platform_servics=true}}",
            "4:1",
            'did you mean "enable_platform_services"?',
        ),
        (
            "[[integrations]]\nservice_provider='REF30'\nmvpd='Dish'\nplatforms={tvOS={boarding_status=1}}",
            "4:1",
            "integrations.platforms.boarding_status: expected str",
        ),
        ("[[behaviours]]\nmatch={mvpds='x'}\neffect={status=500}", "2:8", 'did you mean "mvpd"?'),
        ("[[behaviours]]\npreset='mvpd-dawn'", "2:1", "there is no preset 'mvpd-dawn'"),
        ("[[behaviours]]\neffect={status=500}\nfro='1m'", "3:1", 'did you mean "for"?'),
        ("[[service_providers]]\nid='a'\nmvpds=['Nobody']", "3:1", "Nobody"),
        ("[[applications]]\nname='a'\nid='b'\nservice_providers=['Nobody']", "4:1", "Nobody"),
        ("allow_list = ['10.0.0.0/8', 'here']", "1:29", "'here' is not an IP address"),
        ("mvpds = 5", "1:1", "write [[mvpds]]"),
        ("mvpds = [5]", "1:10", "expected object, got int"),
        ("catalogue = 'full'", "1:1", '"default" (add to the default catalogue) or "empty"'),
        ("strict = 'yes'", "1:1", "strict: expected bool"),
        ("public_url = 'pass.example'", "1:1", "'pass.example' is not a public URL: write https://HOST"),
        ("public_url = 5", "1:1", "5 is not a public URL"),
        ("a = 1\nb == 2\n", "2:4", "is not valid TOML"),
    ],
)
def test_a_mistake_names_file_line_column_and_key(tmp_path: Path, text: str, place: str, words: str) -> None:
    file = _write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    assert str(caught.value).startswith(f"{file}:{place}: ")
    assert words in str(caught.value)


def test_unreadable_files_have_distinct_messages(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(binary)
