"""The control API, spaces and the journal."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path

import httpx
import jwt
import msgspec
import pytest
from starlette.types import Message

from pass_harness.mock_server.app import create_app
from pass_harness.mock_server.config.settings import RECORD_LIMIT, Bounds, Settings
from pass_harness.mock_server.exchange import Exchange, RecordEnded
from pass_harness.mock_server.formats.byte_size import parse_size
from pass_harness.mock_server.formats.durations import parse_duration
from pass_harness.mock_server.journal.journal import LocalJournal
from pass_harness.mock_server.journal.masking import mask
from pass_harness.mock_server.journal.recorder import Recorder
from pass_harness.mock_server.ring_buffer import ByteBudget
from pass_harness.mock_server.spaces.spaces import Spaces
from pass_harness.mock_server.store.memory import MemorySpace, MemoryStore
from pass_harness.mock_server.store.space_record import SpaceRecord, SpaceRecordHandle
from tests.mock_server.conftest import Mock, device_headers
from tests.mock_server.raw_exchanges import raw_exchange

pytestmark = pytest.mark.anyio
PROFILES = "/api/v2/REF30/profiles"


async def test_health_returns_the_time(mock: Mock) -> None:
    health = (await mock.http.get("/_mock/health")).json()
    assert health == {"status": "ok", "now": mock.clock.now_ms(), "wall": mock.clock.monotonic_s()}


@pytest.mark.parametrize("clears", [False, True])
async def test_a_page_without_exchanges_has_the_newest_id_even_of_a_cleared_journal(mock: Mock, clears: bool) -> None:
    for _ in range(3):
        await mock.http.get("/api/v2/REF30/configuration")
    if clears:
        await mock.http.delete("/_mock/exchanges")
    newest = (await mock.http.get("/_mock/exchanges?limit=0")).json()
    assert newest == {"exchanges": [], "next": 3}
    await mock.http.get("/api/v2/REF30/configuration")
    later = (await mock.http.get(f"/_mock/exchanges?after={newest['next']}")).json()["exchanges"]
    assert [exchange["id"] for exchange in later] == [4]


async def test_a_page_after_ids_that_began_again_has_the_newest_id(mock: Mock) -> None:
    for _ in range(3):
        await mock.http.get("/api/v2/REF30/configuration")
    pages = [(await mock.http.get(f"/_mock/exchanges?after={after}")).json() for after in (3, 9)]
    assert pages == [{"exchanges": [], "next": 3}] * 2


async def test_the_clock_advances_for_everything_in_the_space(mock: Mock) -> None:
    headers = await mock.signed_on()
    moved = (await mock.http.post("/_mock/clock", json={"advance": "6h"})).json()
    assert moved == {"now": mock.clock.now_ms() + 6 * 3_600_000, "offset": 6 * 3_600_000}
    answer = await mock.http.get(PROFILES, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["date"] == "Thu, 10 Jul 2025 18:08:01 GMT"
    assert (await mock.exchanges())[-1]["at"] == moved["now"]


async def test_reset_restores_the_catalogue(mock: Mock) -> None:
    headers = await mock.logged_in()
    await mock.behave({"status": 503})
    await mock.http.post("/_mock/clock", json={"advance": "1h"})
    await mock.http.put("/_mock/integrations/REF30/Dish", json={"enabled": False})
    assert (await mock.http.post("/_mock/reset")).status_code == 204
    assert await mock.exchanges() == []
    assert (await mock.http.get("/_mock/behaviours")).json() == {"behaviours": []}
    assert (await mock.http.get("/_mock/clock")).json()["offset"] == 0
    assert (await mock.http.get(PROFILES, headers=headers)).status_code == 401
    integrations = (await mock.http.get("/_mock/catalogue")).json()["integrations"]
    assert all(integration["enabled"] for integration in integrations)


async def test_spaces_share_nothing(mock: Mock) -> None:
    one, two = mock.at("/~one"), mock.at("/~two")
    await one.post("/_mock/behaviours", json={"effect": {"status": 503}})
    await one.post("/_mock/clock", json={"advance": "1d"})
    assert (await one.get(PROFILES)).status_code == 503
    assert (await two.get(PROFILES)).status_code == 401
    assert (await mock.http.get(PROFILES)).status_code == 401
    assert (await two.get("/_mock/clock")).json()["offset"] == 0
    assert [e["space"] for e in (await one.get("/_mock/exchanges")).json()["exchanges"]] == ["one"]
    assert (await mock.http.get("/_mock/spaces")).json() == {"spaces": ["default", "one", "two"]}
    assert (await mock.http.delete("/_mock/spaces/one")).status_code == 204
    assert (await one.get(PROFILES)).status_code == 401


async def test_relative_urls_keep_the_prefix_of_the_space(mock: Mock) -> None:
    space = Mock(Settings(throttle=None), prefix="/~build-42")
    headers = await space.signed_on()
    session = await space.session(headers)
    assert session["url"] == f"/~build-42/api/v2/authenticate/REF30/{session['code']}"
    root = space.at("")
    answer = await root.get(session["url"])
    assert answer.headers["location"].startswith("http://mock/~build-42/adobe-services/authenticate/saml?")
    assert (await space.exchanges())[-1]["path"] == f"/api/v2/authenticate/REF30/{session['code']}"


async def test_every_time_comes_from_the_clock_of_the_space(mock: Mock) -> None:
    space = mock.at("/~later")
    await space.post("/_mock/clock", json={"advance": "7d"})
    now = mock.clock.now_ms() + 7 * 86_400_000
    later = Mock(Settings(throttle=None))
    later.app, later.clock, later.http = mock.app, mock.clock, space
    headers = await later.logged_in()
    token = jwt.decode(headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    assert (token["iat"], token["nbf"], token["exp"]) == (now // 1000, now // 1000, now // 1000 + 6 * 3600)
    profile = (await space.get(PROFILES, headers=headers)).json()["profiles"]["Cablevision"]
    assert (profile["notBefore"], profile["notAfter"]) == (now, now + 30 * 86_400_000)
    permit = (await later.decide(headers, "authorize", "REF30"))[0]
    token = permit["token"]
    assert (permit["notBefore"], token["notBefore"], token["notAfter"]) == (now, now, now + 420_000)
    date = formatdate(now / 1000, usegmt=True)
    for path in (PROFILES, "/_mock/health", "/_mock/exchanges?limit=x", "/nowhere", "/mvpd/Dish/login"):
        assert (await space.get(path, headers=headers)).headers["date"] == date
    assert {exchange["at"] for exchange in await later.exchanges()} == {now}
    await space.post("/_mock/clock", json={"advance": "30d"})
    assert (await space.get(PROFILES, headers=headers)).status_code == 401


async def test_idle_spaces_are_evicted_except_the_default_one() -> None:
    mock = Mock(Settings(bounds=Bounds(space_idle=parse_duration("10m"))))
    await mock.http.post("/_mock/behaviours", json={"effect": {"status": 503}})
    for name in ("idle", "advanced", "listened-to"):
        await mock.at(f"/~{name}").get("/_mock/health")
    await mock.at("/~advanced").post("/_mock/clock", json={"advance": "30d"})
    spaces: Spaces = mock.app.state.spaces

    async def later() -> list[str]:
        mock.clock.tick(659)
        await spaces.delete_idle()
        return await spaces.names()

    assert await later() == ["advanced", "default", "idle", "listened-to"]
    await mock.at("/~advanced").get("/_mock/health")
    with (await spaces.open("listened-to")).monitor.listening():
        assert await later() == ["advanced", "default", "listened-to"]
        assert await later() == ["default", "listened-to"]
    assert (await mock.at("/~advanced").get("/_mock/clock")).json()["offset"] == 0
    assert len((await mock.http.get("/_mock/behaviours")).json()["behaviours"]) == 1


async def test_spaces_are_bounded() -> None:
    mock = Mock(Settings(bounds=Bounds(spaces=2)))
    assert [(await mock.at(f"/~s{n}").get("/_mock/health")).status_code for n in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("name", ["..", "x" * 65, "%3Cb%3E"])
async def test_other_characters_are_invalid_in_a_space_name(mock: Mock, name: str) -> None:
    assert (await mock.http.get(f"/~{name}/_mock/health")).status_code == 404
    assert (await mock.http.get("/_mock/spaces")).json() == {"spaces": ["default"]}


async def test_the_journal_is_read_in_pages_and_filtered(mock: Mock) -> None:
    headers = await mock.logged_in()
    for address in ("203.0.113.1", "203.0.113.2"):
        await mock.http.get(PROFILES, headers={**headers, "X-Forwarded-For": address})
    everything = (await mock.http.get("/_mock/exchanges")).json()
    ids = [e["id"] for e in everything["exchanges"]]
    assert ids == list(range(1, len(ids) + 1))
    page = (await mock.http.get("/_mock/exchanges", params={"limit": "2"})).json()
    rest = (await mock.http.get("/_mock/exchanges", params={"after": str(page["next"])})).json()
    assert [e["id"] for e in page["exchanges"] + rest["exchanges"]] == ids
    mine = (await mock.http.get("/_mock/exchanges", params={"ip": "203.0.113.2", "status": "200"})).json()[
        "exchanges"
    ]
    assert [(e["endpoint"], e["ip"]) for e in mine] == [("profiles", "203.0.113.2")]
    exchange = msgspec.convert(mine[0], Exchange)
    assert exchange.device == "ba23d141-d715-561c-94f4-e9e4c966b1eb"
    assert (await mock.http.delete("/_mock/exchanges")).status_code == 204
    assert await mock.exchanges() == []
    await mock.http.get(PROFILES)
    assert (await mock.exchanges())[0]["id"] == ids[-1] + 1


async def test_polls_of_a_code_are_attributed_to_its_device(mock: Mock) -> None:
    headers = await mock.signed_on()
    code = (await mock.session(headers))["code"]
    await mock.http.get(f"{PROFILES}/code/{code}", headers={"Authorization": headers["Authorization"]})
    poll = (await mock.exchanges())[-1]
    assert (poll["device"], poll["code"], poll["mvpd"]) == (
        "ba23d141-d715-561c-94f4-e9e4c966b1eb",
        code,
        "Cablevision",
    )


@pytest.mark.parametrize("query", ["limit=x", "limit=99999999", "after=-1", "colour=red", "status=abc"])
async def test_an_invalid_filter_is_refused_with_a_message(mock: Mock, query: str) -> None:
    answer = await mock.http.get(f"/_mock/exchanges?{query}")
    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()["error"]


async def test_a_failed_login_by_control_call_gives_the_reason(mock: Mock) -> None:
    headers = await mock.signed_on()
    empty = (await mock.http.post("/api/v2/REF30/sessions", headers=headers)).json()["code"]
    hindered = await mock.http.post(f"/_mock/sessions/{empty}/login")
    assert (hindered.status_code, "mvpd" in hindered.json()["error"]) == (409, True)
    assert (await mock.http.post("/_mock/sessions/NOSUCH1/login")).status_code == 404
    old = (await mock.session(headers))["code"]
    await mock.session(headers)
    assert (await mock.http.post(f"/_mock/sessions/{old}/login")).status_code == 409


async def test_tokens_are_revoked_by_client_or_all(mock: Mock) -> None:
    first, second = await mock.signed_on(), await mock.signed_on()
    client = (await mock.exchanges())[0]["client_id"]
    assert (await mock.http.post("/_mock/access-tokens/revoke", json={"client_id": client})).json() == {"revoked": 1}
    assert (await mock.http.get(PROFILES, headers=first)).status_code == 401
    assert (await mock.http.get(PROFILES, headers=second)).status_code == 200
    assert (await mock.http.post("/_mock/access-tokens/revoke")).json() == {"revoked": 1}
    assert (await mock.http.get(PROFILES, headers=second)).status_code == 401


async def test_the_catalogue_shows_no_passwords(mock: Mock) -> None:
    catalogue = (await mock.http.get("/_mock/catalogue")).json()
    assert {provider["id"] for provider in catalogue["service_providers"]} == {"REF30", "apasstest1"}
    assert all("password" not in subscriber for subscriber in catalogue["subscribers"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/_mock/integrations/REF30/Nobody", 404),
        ("DELETE", "/_mock/behaviours/b99", 404),
        ("PUT", "/_mock/behaviours/b99", 404),
        ("DELETE", "/_mock/spaces/none", 404),
        ("GET", "/_mock/software-statement?application=none", 404),
        ("POST", "/_mock/clock", 400),
    ],
)
async def test_impossible_control_calls_give_the_reason(mock: Mock, method: str, path: str, status: int) -> None:
    body = {"enabled": True} if method == "PUT" else None
    answer = await mock.http.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_control_token_guards_the_control_calls() -> None:
    mock = Mock(Settings(control_token="s3cret"))
    assert (await mock.http.get("/_mock/health")).status_code == 401
    assert (await mock.http.get("/_mock/health", headers={"Authorization": "Bearer wrong"})).status_code == 401
    for wrong in ("s3cret", "Basic s3cret", "Bearer", "Bearer s3cret2", b"Bearer \xff"):
        answer = await mock.http.get("/_mock/health", headers={b"Authorization": wrong})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (await mock.http.get("/_mock/health", headers={"Authorization": "bearer s3cret"})).status_code == 200
    assert (await mock.http.post("/o/client/register")).status_code == 400


def journal_of(limit: int, recorder: Recorder | None = None) -> LocalJournal:
    record_handle = SpaceRecordHandle(MemoryStore().root(), "default", SpaceRecord(life=1))
    return LocalJournal(limit, record_handle, recorder, lambda _: None, ByteBudget(1_000_000))


async def test_the_ring_buffer_drops_the_oldest_and_counts_them() -> None:
    journal = journal_of(limit=3)
    for _ in range(5):
        await journal.append(raw_exchange())
    assert [e.id for e in await journal.after(0)] == [3, 4, 5]
    assert [e.id for e in await journal.after(3, limit=1)] == [4]
    assert await journal.after(5) == await journal.after(6) == []
    assert await journal.dropped() == 2


async def test_secrets_in_the_journal_are_masked() -> None:
    journal = journal_of(limit=1)
    await journal.append(raw_exchange(secret="s3cret-token"))
    [read] = await journal.after(0)
    assert read.request_headers["authorization"].startswith("Bearer sha256:")
    assert "s3cret" not in repr(read)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
async def test_secrets_in_bodies_of_wide_characters_are_masked(mock: Mock, encoding: str) -> None:
    """Strings of C# and Java in their own encoding, which Adobe Pass does not read."""
    for sent in ('{"client_secret": "hush-4711", "a": "é"}', "client_secret=hush-4711&client_id=a", '{"a": "b"}'):
        body = sent.encode(encoding)
        assert (await mock.http.post("/o/client/token", content=body)).status_code == 400
        [seen] = (await mock.http.get("/_mock/exchanges")).json()["exchanges"][-1:]
        shown = seen["request_body"].replace("\0", "")
        assert "hush" not in shown
        assert (mask("hush-4711") in shown) == ("hush" in sent)
        if "hush" not in sent:
            assert seen["request_body"] == body.decode("utf-8", "replace")


async def test_a_recording_is_complete_after_each_exchange(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    recorder = Recorder(trace, RECORD_LIMIT)
    journal = journal_of(limit=1, recorder=recorder)
    for _ in range(3):
        await journal.append(raw_exchange())
    lines = trace.read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Exchange).id for line in lines] == [1, 2, 3]
    recorder.close()


async def test_a_recording_stops_at_its_size_limit_with_a_message(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    recorder = Recorder(trace, parse_size("1KB"))
    journal = journal_of(limit=1, recorder=recorder)
    for number in range(1, 10):
        await journal.append(raw_exchange(wall=float(number)))
    recorder.close()
    *exchanges, last = trace.read_bytes().splitlines()
    ids = [msgspec.json.decode(line, type=Exchange).id for line in exchanges]
    assert ids == [*range(1, len(ids) + 1)]
    assert 1 < len(ids) < 9
    ended = msgspec.json.decode(last, type=RecordEnded)
    assert ended.record_ended == "the file has reached its limit (--record-limit 1KB)"
    assert ended.wall == ids[-1] + 1
    # A later recorder of the same file stops too, however short its line.
    recorder = Recorder(trace, parse_size("1KB"))
    recorder.append(raw_exchange().exchange())
    recorder.close()
    assert sum(b"record_ended" in line for line in trace.read_bytes().splitlines()) == 2
    assert trace.stat().st_size < 1000 + 2 * 600


async def test_a_failed_recording_is_answered_503_with_a_message() -> None:
    app = create_app(Settings(record="/dev/full"))
    async with app.router.lifespan_context(app):
        answer = await httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock").get(PROFILES)
    assert answer.status_code == 503
    assert "cannot be recorded in /dev/full (No space left on device)" in answer.json()["error"]


async def test_an_aborted_request_has_no_effect_and_no_error(mock: Mock) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"effect": ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/_mock/behaviours", "raw_path": b"/_mock/behaviours"}
    scope |= {"query_string": b"", "headers": [(b"host", b"mock")], "client": None, "root_path": "", "scheme": "http"}
    await mock.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert (await mock.http.get("/_mock/behaviours")).json()["behaviours"] == []


async def test_sessions_and_buckets_are_listed_by_pages(
    throttling_mock: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_all(*_: object) -> None:
        raise AssertionError("the whole table was read")

    mock, codes = throttling_mock, []
    service = await mock.signed_on()
    for number in range(5):
        device = device_headers(f"tv-{number}") | {"X-Forwarded-For": f"198.18.0.{number}"}
        codes.append((await mock.session(service | device))["code"])
        mock.clock.tick(0.1)
    monkeypatch.setattr(MemorySpace, "all_rows", read_all)
    first = (await mock.http.get("/_mock/sessions?limit=2")).json()
    last = (await mock.http.get("/_mock/sessions?limit=2&after=4")).json()
    assert [session["code"] for session in first["sessions"] + last["sessions"]] == [codes[4], codes[3], codes[0]]
    assert [(page["all"], page["next"]) for page in (first, last)] == [(5, 2), (5, None)]

    buckets = (await mock.http.get("/_mock/buckets?limit=2")).json()
    assert ([bucket["ip"] for bucket in buckets["buckets"]], buckets["next"]) == (["198.18.0.4", "198.18.0.3"], 2)
    mock.clock.tick(60)
    full = (await mock.http.get("/_mock/buckets?limit=2&after=4")).json()
    assert (full["buckets"], full["all"], full["next"]) == ([], 6, None)
    assert (await mock.http.get("/_mock/sso-profiles")).json()["next"] is None
    assert (await mock.http.get("/_mock/sessions?after=x")).status_code == 400
    misspelt = await mock.http.get("/_mock/sessions?limt=2")
    assert misspelt.status_code == 400
    assert misspelt.json()["error"] == "there is no parameter limt; choose from: after, limit"
