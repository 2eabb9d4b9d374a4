"""The port `HttpClient`, on a real server of our own, and the simulator's stand-in."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.webserver import Asked, WebServer, reply, web_server

from drivers.virtual import VirtualDriver
from engine.call.record import CallRecord, Step
from engine.errors import CallError
from engine.outside.absent import NoHttp
from engine.outside.http import MAX_REDIRECTS, HttpxClient
from engine.outside.ports import HttpClient, HttpRequest, HttpResponse
from tools.flowctl.simulator.stage import Stage
from tools.flowctl.simulator.world import World


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with web_server() as server:
        yield server


@pytest.fixture
async def client(web: WebServer) -> AsyncIterator[HttpxClient]:
    client = HttpxClient([web.host], limit=1000)
    yield client
    await client.close()


def staged(answer: Any) -> HttpClient:
    record = CallRecord("1", "32", "", "", "", "test", "1", datetime(2027, 7, 13, tzinfo=UTC))
    record.path.append(Step("order", "http", 0.0))
    stage = Stage(World.from_document({"http": {"order": answer} if answer else {}}), VirtualDriver())
    stage.follow(record)
    return stage.http


async def test_what_every_client_does(web: WebServer, client: HttpxClient):
    web.answers["/ok"] = reply(201, b'{"state": "ready"}', content_type="application/json; charset=utf-8")
    web.answers["/missing"] = reply(404, b"nobody")
    ok, missing = HttpRequest("GET", web.url("/ok")), HttpRequest("GET", web.url("/missing"))
    ready = HttpResponse(201, '{"state": "ready"}', {"state": "ready"})
    for port in (client, staged({"status": 201, "body": '{"state": "ready"}', "json": {"state": "ready"}})):
        assert await port.request(ok) == ready
    for port in (client, staged({"status": 404, "body": "nobody"})):
        assert await port.request(missing) == HttpResponse(404, "nobody", None)
    web.answers["/broken"] = _slam
    for port in (client, staged("error"), staged(None), NoHttp()):
        with pytest.raises(CallError):
            await port.request(HttpRequest("GET", web.url("/broken")))


async def _slam(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_what_is_sent(web: WebServer, client: HttpxClient):
    web.answers["/orders"] = reply()
    request = HttpRequest("POST", web.url("/orders?for=Ren%C3%A9"), {"X-Token": "t"}, {"name": "René", "n": 1}, True)
    await client.request(request)
    (asked,) = web.asked
    assert (asked.method, asked.path, asked.headers["x-token"]) == ("POST", "/orders?for=Ren%C3%A9", "t")
    assert asked.headers["content-type"] == "application/json"
    assert asked.body.decode() == '{"name": "René", "n": 1}'
    assert "cookie" not in asked.headers


async def test_no_proxy_is_taken_from_the_environment(
    web: WebServer, client: HttpxClient, monkeypatch: pytest.MonkeyPatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.answers["/"] = reply()
    fresh = HttpxClient([web.host])
    assert (await fresh.request(HttpRequest("GET", web.url("/")))).status == 200
    await fresh.close()


@pytest.mark.parametrize(
    ("body", "kind", "parsed"),
    [
        (b"[1, 2]", "application/json", [1, 2]),
        (b'{"a": null}', "application/problem+json", {"a": None}),
        (b"{", "application/json", None),
        (b"[1]", "text/plain", None),
        (b"[" * 900, "application/json", None),
        (b"\xff\xfe", "text/plain; charset=nonsense", None),
    ],
)
async def test_json_is_what_says_so_and_is(web: WebServer, client: HttpxClient, body: bytes, kind: str, parsed: Any):
    web.answers["/"] = reply(200, body, content_type=kind)
    response = await client.request(HttpRequest("GET", web.url("/")))
    assert response.json == parsed
    assert response.body == body.decode("utf-8", "replace")


async def _endless(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\ncontent-type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def _drip(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 500\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _silent(_: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _nonsense(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SIP/2.0 200 OK\r\n\r\n")


async def _short(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 500\r\n\r\nhalf")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_endless, "more than 1000 bytes"),
        (_drip, r"did not answer within 0\.4 s"),
        (_silent, r"did not answer within 0\.4 s"),
        (_nonsense, "cannot be asked"),
        (_short, "cannot be asked"),
        (reply(200, gzip.compress(b"x" * 100_000), content_encoding="gzip"), "compressed"),
        (reply(302, location="http://127.0.0.1:9/"), r"127\.0\.0\.1:9 is not in the setting http\.allow"),
        (reply(302, location="http://metadata.internal/"), r"metadata\.internal is not in the setting"),
        (reply(302, location="file:///etc/passwd"), "cannot be|begins with"),
        (reply(302, location="/"), f"more than {MAX_REDIRECTS} times"),
    ],
)
async def test_a_server_that_misbehaves_costs_a_bounded_time(
    web: WebServer, client: HttpxClient, answer: Any, said: str
):
    web.answers["/"] = answer
    began = time.monotonic()
    with pytest.raises(CallError, match=said):
        await client.request(HttpRequest("GET", web.url("/"), timeout=0.4))
    assert time.monotonic() - began < 2
    # The generators of httpcore that were left in the middle are closed by the loop, some turns later.
    await asyncio.sleep(0.01)


async def test_a_redirection_to_an_allowed_host_is_followed_without_our_headers(web: WebServer):
    async with web_server() as other:
        client = HttpxClient([web.host, other.host])
        web.answers["/a"] = reply(303, location=other.url("/b"))
        other.answers["/b"] = reply(307, location="/c")
        other.answers["/c"] = reply(200, b"here")
        request = HttpRequest("POST", web.url("/a"), {"X-Token": "secret"}, {"a": 1}, True)
        assert (await client.request(request)).body == "here"
        assert [(asked.method, asked.path, asked.body) for asked in other.asked] == [
            ("GET", "/b", b""),
            ("GET", "/c", b""),
        ]
        assert "x-token" not in other.asked[0].headers
        await client.close()


@pytest.mark.parametrize(
    "url",
    [
        "", "no url", "ftp://127.0.0.1/", "http://", "http://[::1", "http://127.0.0.1:99999/", "http://a b/",
        "http://localhost.evil/", "http://127.0.0.1:1/", "https://user:pw@elsewhere/", "http://\u2100/", "http://x\x00/",
    ],
)  # fmt: skip
async def test_what_is_not_allowed_is_not_asked(web: WebServer, client: HttpxClient, url: str):
    with pytest.raises(CallError) as failed:
        await client.request(HttpRequest("GET", url))
    assert "pw" not in str(failed.value)
    assert web.asked == []


async def test_a_header_cannot_smuggle_another(web: WebServer, client: HttpxClient):
    web.answers["/"] = reply()
    for value in ("a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\0"):
        with pytest.raises(CallError):
            await client.request(HttpRequest("GET", web.url("/"), {"X-Name": value}))
    assert web.asked == []


async def test_a_caller_who_hangs_up_ends_the_request(web: WebServer, client: HttpxClient):
    web.answers["/"] = _silent
    asking = asyncio.create_task(client.request(HttpRequest("GET", web.url("/"), timeout=60)))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days",
         "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with web_server(context) as web:
        web.answers["/"] = reply(200, b"secret")
        stranger = HttpxClient([web.host])
        with pytest.raises(CallError, match="CERTIFICATE_VERIFY_FAILED"):
            await stranger.request(HttpRequest("GET", web.url("/", "https")))
        knows = HttpxClient([web.host], verify=ssl.create_default_context(cafile=certificate))
        assert (await knows.request(HttpRequest("GET", web.url("/", "https")))).body == "secret"
        await stranger.close()
        await knows.close()


async def test_a_header_may_have_an_accent(web: WebServer, client: HttpxClient):
    web.answers["/ok"] = reply()
    await client.request(HttpRequest("GET", web.url("/ok"), {"X-Name": "Zoé"}))
    (asked,) = web.asked
    assert asked.headers["x-name"].encode("latin-1").decode() == "Zoé"
