"""Ends of the commands: one sentence on stderr and an exit code, never a traceback (docs/reference/exit-codes.md)."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, NoReturn

import click
from click.exceptions import Abort, Exit

from pass_harness.mock_server.client.env_vars import DEBUG
from pass_harness.mock_server.formats.printable import printable_lines
from pass_harness.mock_server.formats.usage_error import ConfigError
from pass_harness.mock_server.journal.masking import mask_text

WRONG_USAGE, FAILED, INTERRUPTED, TERMINATED = 2, 3, 130, 143
_OUTPUT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EPIPE}
_PACKAGE = Path(__file__).parents[2]
_terminated = False
"""Whether SIGTERM interrupted the command."""


class Group(click.Group):
    """A group of commands. Whatever escapes a command ends it with one sentence: exit code 1 is for verdicts only."""

    prefixes: ClassVar[Mapping[int, str]] = {WRONG_USAGE: "pass-mock: ", FAILED: "pass-mock: "}
    """Beginning of the sentence by exit code."""

    def ending(self, error: BaseException) -> tuple[str, int]:
        """Return the sentence and the exit code for an error."""
        return ending(error)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (click.ClickException, Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:  # before click answers some of them with exit code 1
            self._end(error)

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - as click's
        try:
            try:
                return super().main(*args, **extra)
            finally:
                sys.stdout.flush()  # a full disk may not show before
        except (click.ClickException, Exit):
            raise
        except (Exception, KeyboardInterrupt) as error:
            self._end(error)

    def _end(self, error: BaseException) -> NoReturn:
        sentence, code = self.ending(error)
        end(self.prefixes.get(code, "") + sentence, code)


def ending(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit code for an error that no command expects."""
    match error:
        case ConfigError():
            return str(error), WRONG_USAGE
        case Abort() if isinstance(error.__context__, EOFError):
            return "the input ended before the last answer", WRONG_USAGE
        case KeyboardInterrupt() | Abort():
            return ("terminated", TERMINATED) if _terminated else ("interrupted", INTERRUPTED)
        case OSError() if error.errno in _OUTPUT_ERRORS and error.filename is None:
            return f"the output cannot be written ({error.strerror}): write it elsewhere", FAILED
    if os.environ.get(DEBUG):
        click.echo(printable_lines(mask_text("".join(traceback.format_exception(error)))), err=True)
    # The message of an unknown error may contain a secret.
    return (
        f"internal error: {type(error).__name__}{_place(error)}; set {DEBUG}=1 for the traceback, and report it",
        FAILED,
    )


def interrupt_on_sigterm() -> None:
    """Let SIGTERM interrupt the command as Ctrl-C does, so that it ends its child processes and removes its files.

    CI systems and container runtimes cancel a job with SIGTERM.
    """
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _terminated  # noqa: PLW0603 - of the process, like the signal
    _terminated = True
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):  # asyncio's cancels the main task
        handler(number, frame)
    else:  # a background job ignores Ctrl-C
        raise KeyboardInterrupt


def end(sentence: str, code: int) -> NoReturn:
    """Print the sentence to stderr, its secrets masked and its control characters escaped, and exit."""
    with contextlib.suppress(OSError):
        click.echo(printable_lines(mask_text(sentence)), err=True)
    try:
        sys.stdout.flush()
    except OSError:
        # Python would try again at its exit, fail, and change the exit code.
        with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    sys.exit(code)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    return f" in {Path(own[-1].filename).relative_to(_PACKAGE)}:{own[-1].lineno}" if own else ""
