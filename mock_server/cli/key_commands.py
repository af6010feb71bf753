"""The commands for signing keys and media tokens. They work offline, with the keys of a newly started mock."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from pass_harness.mock_server.cli.options import FILE, exit_with_usage_error
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.signing import media_tokens
from pass_harness.mock_server.signing.keys import KeyName, load_keys, read_public_key
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status
from pass_harness.mock_server.signing.public_keys import KEYSTORE_PASSWORD, jwk, keystore, pem

_CONFIG = click.option("--config", type=FILE, help="Configuration file (TOML) with key files in [keys].")


@click.group()
def keys() -> None:
    """Export the public keys of the mock."""


@keys.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["pem", "jwks", "pkcs12"]),
    default="pem",
    show_default=True,
    help="File format: PEM, JSON Web Key Set, or a PKCS #12 keystore for Java.",
)
@click.option(
    "--key", "name", type=click.Choice([name.value for name in KeyName]), help="Export this key only (default: all)."
)
@click.option("--out", type=FILE, help="Write to this file instead of stdout; required for pkcs12.")
@click.option("--password", default=KEYSTORE_PASSWORD, show_default=True, help="Password of the PKCS #12 keystore.")
@_CONFIG
def export(form: str, name: str | None, out: Path | None, password: str, config: Path | None) -> None:
    """Print the public keys as PEM, as a JSON Web Key Set, or as a keystore for Java (PKCS #12).

    Rotated keys are not included: GET /_mock/keys of a space returns them.
    """
    signing = load_keys(load_settings(config).keys)
    wanted = {key: signing.signing(key) for key in KeyName if name in {None, key}}
    match form:
        case "pem":
            content = "".join(pem(key.public_key()) for key in wanted.values()).encode()
        case "jwks":
            plain = {"keys": [jwk(key.public_key(), name) for name, key in wanted.items()]}
            content = msgspec.json.format(msgspec.json.encode(plain)) + b"\n"
        case _:
            if out is None:
                exit_with_usage_error("--format pkcs12 is binary: give --out FILE")
            content = keystore(wanted.items(), password)
    if out is None:
        click.echo(content, nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        exit_with_usage_error(f"--out {out}: cannot be written ({error.strerror}); choose another file")


@click.group()
def token() -> None:
    """Verify media tokens."""


@token.command()
@click.argument("serialized", metavar="TOKEN")
@click.option("--resource", help="Resource id that the token must be for.")
@click.option(
    "--key", type=FILE, help="Certificate or public key to verify the signature with (PEM); default: the mock's."
)
@_CONFIG
def verify(serialized: str, resource: str | None, key: Path | None, config: Path | None) -> None:
    """Verify the media token TOKEN, as Adobe's Media Token Verifier does. "-" reads it from stdin.

    Prints one of the six states of the verifier, and the claims of the token. The exit code is 0 for VALID_TOKEN,
    else 1.
    """
    if serialized == "-":
        serialized = sys.stdin.buffer.read().decode("latin-1")
    own = load_keys(load_settings(config).keys).media_token.public_key()
    public = _public_key(key) if key is not None else own
    status, claims = media_tokens.verify(serialized.strip(), resource, SystemClock().now_ms(), public)
    click.echo(status)
    if claims is not None:
        _print_claims(claims)
    raise SystemExit(0 if status is Status.VALID_TOKEN else 1)


def _public_key(path: Path) -> RSAPublicKey:
    try:
        return read_public_key(path)
    except OSError as error:
        exit_with_usage_error(f"--key {path}: cannot be read ({error.strerror}); check the path")
    except ValueError:
        exit_with_usage_error(f"--key {path}: contains no RSA certificate or public key in PEM; name another file")


def _print_claims(claims: MediaToken) -> None:
    issued = datetime.fromtimestamp(claims.issued / 1000, UTC).isoformat(timespec="seconds")
    for name, value in {**msgspec.structs.asdict(claims), "issued": issued, "ttl": f"{claims.ttl} ms"}.items():
        click.echo(f"{name:<14} {'-' if value is None else value}")
