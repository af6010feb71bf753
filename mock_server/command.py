"""What the commands have in common: settings from a file, and mistakes as one sentence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from mock_server.config import ConfigError, load_settings
from mock_server.settings import Settings

WRONG_USAGE = 2


def settings_of(path: Path | None) -> Settings:
    """The settings of a configuration file, or the defaults; ends the command if the file cannot be used."""
    try:
        return load_settings(path)
    except ConfigError as error:
        stop(str(error))


def stop(sentence: str) -> NoReturn:
    click.echo(f"pass-mock: {sentence}", err=True)
    sys.exit(WRONG_USAGE)
