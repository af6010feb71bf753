"""The commands and examples of the how-to pages, run unchanged."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.mock_server.test_cli import serving

pytestmark = pytest.mark.slow

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text("utf-8"), re.DOTALL)


def test_shell_examples_run_in_order(tmp_path: Path) -> None:
    assert shutil.which("curl"), "these lines need curl: run `make curl`, or install it"
    with serving() as (address, _):
        script = "\n".join(blocks("curl.md", "sh")).replace("http://127.0.0.1:8300", address)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        said = done.stdout
        assert '"username":"viewer"' in said
        assert '"profiles":{"Cablevision":' in said
        assert '"latency":"8s"' in said
        assert f'"offset":{30 * 86_400_000}' in said
        assert '"endpoint":"sessions.create"' in said
        assert '"waiting":0' in said
        assert "event: exchange" in said
        assert '{"error":"' in said.rpartition("event:")[2]
        assert '"entries"' in (tmp_path / "shell.har").read_text("utf-8")
        # The refused last command created the space again; it is empty.
        assert httpx.get(f"{address}/~shell/_mock/exchanges", trust_env=False).json()["exchanges"] == []


SERVICE = '''
class Service:
    """Stands for somebody's service and how their tests start it."""

    def __init__(self, adobe_url, software_statement):
        self.http = httpx.Client(base_url=adobe_url, trust_env=False)
        self.statement = software_statement
        self.sign_on()

    def sign_on(self):
        """Register and get a token; return False if Adobe Pass refuses the registration."""
        answer = self.http.post("/o/client/register", json={"software_statement": self.statement})
        if answer.status_code == 400:
            return False
        grant = {name: answer.json()[name] for name in ("client_id", "client_secret")}
        token = self.http.post("/o/client/token", data={**grant, "grant_type": "client_credentials"}).json()
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"
        self.http.headers["AP-Device-Identifier"] = "fingerprint bXktdHY="
        return True

    def login(self, mvpd):
        wanted = {"mvpd": mvpd, "domainName": "adobe.com", "redirectUrl": "https://adobe.com"}
        return self.http.post("/api/v2/REF30/sessions", data=wanted).json()["code"]

    def play(self, resource):
        def ask():
            path = "/api/v2/REF30/decisions/authorize/Cablevision"
            return self.http.post(path, json={"resources": [resource]})

        answer = ask()
        if answer.status_code == 401:
            if not self.sign_on():
                return types.SimpleNamespace(reason="Please try again later")
            answer = ask()
        error = answer.json()["decisions"][0]["error"]
        return types.SimpleNamespace(reason=error.get("details", "Please log in"))


start_my_service = Service
'''


def test_python_examples_run(tmp_path: Path) -> None:
    test, conftest, revoked, client, events = blocks("python-tests.md", "python")
    (tmp_path / "mock.toml").write_text("")
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_example.py").write_text(f"import types\n{test}\n{revoked}\n{SERVICE}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    with serving() as (address, _):
        httpx.get(f"{address}/~build-42/api/v2/REF30/profiles/code/ABCDEFG", trust_env=False)
        for example, printed in (
            (client, "{'mvpd_latency': '10s'} 0"),
            (client, "\n401\n"),
            (events, "configuration\n"),
        ):
            script = example.replace("http://127.0.0.1:8300", address)
            done = subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")
            assert printed in done.stdout
