"""The control clients for Go, Java and TypeScript: complete, up to date, and their example tests run with a mock."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tree_sitter_java
from tree_sitter import Language, Parser

from clients.tooling.generate import CLIENTS, LEFT_OUT, OUTPUTS, digest, generated, simplified
from pass_harness.mock_server.openapi.control_document import control_document
from pass_harness.mock_server.routes import CONTROL_CALLS
from pass_harness.mock_server.testing import environment
from tests.clients.toolchains import NODE, NPM, installed, node_modules

DOCUMENT = control_document([call[:2] for call in CONTROL_CALLS])
TYPESCRIPT = CLIENTS / "typescript"
JARS = Path("/usr/share/java")
"""Folder of Debian's Java libraries."""
JACKSON = ("jackson-annotations", "jackson-core", "jackson-databind")
JUNIT = (
    *("junit-jupiter-api", "junit-jupiter-engine", "junit-platform-commons", "junit-platform-console"),
    *("junit-platform-engine", "junit-platform-launcher", "junit-platform-reporting", "opentest4j", "picocli"),
    *("opentest4j-reporting-events", "opentest4j-reporting-schema", "apiguardian-api"),
)
TIMEOUT_S = 300
"""Timeout of a compiler or a test run in seconds; on an idle machine each takes less than half a minute."""


def with_mock_command() -> dict[str, str]:
    """Return the environment in which the example tests start the mock of this checkout, without Docker."""
    return {**environment(), "PASS_MOCK_COMMAND": f"{sys.executable} -m pass_harness.mock_server"}


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return its output; an exit code other than 0 fails the test with the output."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.mark.parametrize("language", OUTPUTS)
def test_a_generated_client_has_the_digest_of_the_document(language: str) -> None:
    assert f"// Digest of its calls and schemas: {digest()}\n" in OUTPUTS[language].read_text("utf-8"), "make clients"


def test_every_client_has_every_call() -> None:
    calls = [
        (method.upper(), path)
        for path, methods in simplified(DOCUMENT)["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in LEFT_OUT
    ]
    assert len(calls) == len(CONTROL_CALLS) - len(LEFT_OUT)
    go, java = (OUTPUTS[language].read_text("utf-8") for language in ("go", "java"))
    types = (TYPESCRIPT / "control-api.d.ts").read_text("utf-8")
    for method, path in calls:
        call = rf'path := "{re.escape(path)}"\n(?:\t(?!return).*\n)*?\t(?:err :=|return) c\.call\(ctx, "{method}"'
        assert re.search(call, go, re.IGNORECASE), f"Go: {method} {path}"
        assert f'call("{method}", "{path}"' in java, f"Java: {method} {path}"
        assert f'    "{path}": {{' in types, f"TypeScript: {path}"


@pytest.mark.slow
@pytest.mark.parametrize("language", OUTPUTS)
def test_a_generated_client_is_up_to_date(language: str) -> None:
    installed("java")
    if language == "go":
        installed("gofmt")
    assert OUTPUTS[language].read_text("utf-8") == generated(language), "python -m clients.tooling.generate"


@pytest.mark.slow
def test_the_example_of_go_runs() -> None:
    go = installed("go")
    env = {**with_mock_command(), "GOFLAGS": "-mod=readonly", "GOPROXY": "off"}
    run(go, "vet", "./...", cwd=CLIENTS / "go", env=env)
    output = run(go, "test", "-count=1", "-v", "./...", cwd=CLIENTS / "go", env=env)
    assert output.count("--- PASS") == 2


@pytest.mark.slow
def test_the_example_of_java_runs(tmp_path: Path) -> None:
    java, javac = installed("java"), installed("javac")
    jars = [JARS / f"{name}.jar" for name in (*JACKSON, *JUNIT)]
    if missing := [jar.name for jar in jars if not jar.exists()]:
        pytest.skip(f"{JARS} lacks {', '.join(missing)}: apt-get install junit5 libjackson2-databind-java")
    # Debian has no Testcontainers, so the class that uses it is left out here.
    sources = [file for file in (CLIENTS / "java").rglob("*.java") if file.name != "ServiceInContainerTest.java"]
    classpath = ":".join(map(str, [*jars, tmp_path]))
    run(javac, "-Werror", "-Xlint:all,-serial,-path", "-d", tmp_path, "-cp", classpath, *sources, cwd=tmp_path)
    launcher = "org.junit.platform.console.ConsoleLauncher"
    options = (f"--scan-classpath={tmp_path}", "--disable-banner", "--disable-ansi-colors")
    output = run(java, "-cp", classpath, launcher, *options, cwd=tmp_path, env=with_mock_command())
    assert "2 tests successful" in output
    assert "0 tests failed" in output


def test_the_java_test_with_testcontainers_is_valid_java_with_the_image_as_a_setting() -> None:
    [file] = (CLIENTS / "java").rglob("ServiceInContainerTest.java")
    source = file.read_bytes()
    assert not Parser(Language(tree_sitter_java.language())).parse(source).root_node.has_error
    assert b'System.getenv().getOrDefault("PASS_HARNESS_IMAGE", "pass-mock")' in source


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the TypeScript client with its packages installed."""
    package = json.loads((TYPESCRIPT / "package.json").read_text("utf-8"))
    needed = {**package["dependencies"], **package["devDependencies"]}
    modules = node_modules(*(f"{name}@{version}" for name, version in needed.items()))
    copy = tmp_path / "typescript"
    shutil.copytree(TYPESCRIPT, copy, ignore=shutil.ignore_patterns("node_modules", "build"))
    (copy / "node_modules").symlink_to(modules)
    return copy


@pytest.mark.slow
def test_the_example_of_typescript_runs(project: Path) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    output = run(NODE, NPM, "test", cwd=project, env={**with_mock_command(), "PATH": path})
    assert re.search(r"^. pass 2$", output, re.MULTILINE)


@pytest.mark.slow
def test_the_types_of_typescript_are_up_to_date(project: Path) -> None:
    (project / "openapi.json").write_text(json.dumps(DOCUMENT), "utf-8")
    generator = "node_modules/openapi-typescript/bin/cli.js"
    options = ("--default-non-nullable=false", "-o", "generated.d.ts")
    run(NODE, generator, "openapi.json", *options, cwd=project)
    types = (TYPESCRIPT / "control-api.d.ts").read_text("utf-8")
    assert types == (project / "generated.d.ts").read_text("utf-8"), "npm run generate in clients/typescript"


DOCKER = """#!{python}
import os, re, signal, subprocess, sys
_, command, *rest = sys.argv
here = os.path.dirname(os.path.abspath(__file__))
if command == "run":
    token = next(word for word in rest if word.startswith("PASS_MOCK_CONTROL_TOKEN="))
    open(here + "/image", "w").write(rest[-1])
    log = open(here + "/log", "wb+")
    arguments = [sys.executable, "-m", "pass_harness.mock_server", "serve", "--port", "0"]
    mock = subprocess.Popen(arguments, stdout=log, stderr=log, env=dict([*os.environ.items(), token.split("=")]))
    print(mock.pid)
elif command == "port":
    while not (found := re.search(r"http://(\\S+)", open(here + "/log").read())):
        pass
    print(found[1])
else:
    os.kill(int(rest[0]), signal.SIGTERM)
"""
"""A program with the three commands of Docker that the Go example uses; a container is a process of this checkout."""


@pytest.mark.slow
def test_the_go_example_starts_a_container_of_the_image_in_the_setting(tmp_path: Path) -> None:
    go = installed("go")
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.format(python=sys.executable), "utf-8")
    docker.chmod(0o755)
    image = "registry.example/pass-mock:1"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    env = {**environment(), "PATH": path, "PASS_HARNESS_IMAGE": image, "GOPROXY": "off"}
    run(go, "test", "-count=1", "-run", "Refused", "./...", cwd=CLIENTS / "go", env=env)
    assert (tmp_path / "image").read_text("utf-8") == image
