"""The commands about keys and media tokens. They work offline, with the keys that a mock would start with."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from pass_harness.mock_server.cli.options import FILE, stop
from pass_harness.mock_server.clock import SystemClock
from pass_harness.mock_server.config.loading import load_settings
from pass_harness.mock_server.signing import media_tokens
from pass_harness.mock_server.signing.keys import KeyName, load_keys, read_public_key
from pass_harness.mock_server.signing.media_tokens import MediaToken, Status
from pass_harness.mock_server.signing.public_keys import KEYSTORE_PASSWORD, jwk, keystore, pem

_CONFIG = click.option("--config", type=FILE, help="TOML file that names other keys.")


@click.group()
def keys() -> None:
    """The public keys of what the mock signs."""


@keys.command()
@click.option("--format", "form", type=click.Choice(["pem", "jwks", "pkcs12"]), default="pem", show_default=True)
@click.option("--key", "name", type=click.Choice([name.value for name in KeyName]), help="Only this one.")
@click.option("--out", type=FILE, help="File to write instead of stdout; pkcs12 needs one.")
@click.option("--password", default=KEYSTORE_PASSWORD, show_default=True, help="Password of the pkcs12 keystore.")
@_CONFIG
def export(form: str, name: str | None, out: Path | None, password: str, config: Path | None) -> None:
    """Print public keys: as PEM, as JWKS, or as a keystore for Java (pkcs12).

    Keys that a space was given by rotation are at GET /_mock/keys of that space.
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
                stop("--format pkcs12 is binary: give --out FILE")
            content = keystore(wanted.items(), password)
    if out is None:
        click.echo(content, nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        stop(f"--out {out}: cannot be written ({error.strerror})")


@click.group()
def token() -> None:
    """Look into media tokens."""


@token.command()
@click.argument("serialized", metavar="TOKEN")
@click.option("--resource", help="Also check that the token is for this resource.")
@click.option("--key", type=FILE, help="PEM certificate or public key, if not the mock's own.")
@_CONFIG
def verify(serialized: str, resource: str | None, key: Path | None, config: Path | None) -> None:
    """Check TOKEN (- reads it from stdin) as Adobe's Media Token Verifier would.

    Prints one of its six states and what the token says; exits with 0 for VALID_TOKEN, else with 1.
    """
    if serialized == "-":
        serialized = sys.stdin.buffer.read().decode("latin-1")
    own = load_keys(load_settings(config).keys).media_token.public_key()
    public = _public_key(key) if key is not None else own
    status, said = media_tokens.verify(serialized.strip(), resource, SystemClock().now_ms(), public)
    click.echo(status)
    if said is not None:
        _tell(said)
    raise SystemExit(0 if status is Status.VALID_TOKEN else 1)


def _public_key(path: Path) -> RSAPublicKey:
    try:
        return read_public_key(path)
    except OSError as error:
        stop(f"--key {path}: cannot be read ({error.strerror})")
    except ValueError:
        stop(f"--key {path}: holds no RSA certificate or public key in PEM")


def _tell(said: MediaToken) -> None:
    issued = datetime.fromtimestamp(said.issued / 1000, UTC).isoformat(timespec="seconds")
    for name, value in {**msgspec.structs.asdict(said), "issued": issued, "ttl": f"{said.ttl} ms"}.items():
        click.echo(f"{name:<14} {'-' if value is None else value}")
