"""`/healthz`, `/readyz` and `/metrics` of a real server."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from support.ports import free_port
from support.served import FLOWCTL, Served, run, served
from support.sipua import SipUa

from engine.records.outbox import waiting_in
from engine.records.tables import KINDS

PAUSE = """
format: 1
name: pause
did: ["32"]
start: taken
nodes:
  taken: {type: answer, next: pause}
  pause: {type: wait, duration: 90s, next: end}
"""
PEOPLE = """
agents:
  - {code: "201", first_name: Anne, password: secret, phone: "27"}
  - {code: "202", first_name: Hugo, phone: "28"}
centres:
  - {name: support, agents: ["201", "202"]}
"""


def client(server: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.web_port}", trust_env=False)


Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def figures(text: str) -> Figures:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: Figures, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


async def test_a_call_and_a_stop_are_seen_from_outside(tmp_path: Path):
    (tmp_path / "directory.yaml").write_text(PEOPLE)
    web: dict[str, Any] = {"listen": "127.0.0.1:0"}
    async with (
        served(tmp_path, {"a.yaml": PAUSE}, web=web, drain="15s") as server,
        client(server) as http,
        SipUa.open() as ua,
    ):
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            200, {"ready": True, "reasons": [], "calls": 0, "database": "up"},
        )  # fmt: skip
        call = await ua.invite("32", server.address)
        await call.answered()
        answer = await http.get("/metrics")
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        seen = figures(answer.text)
        assert of(seen, "flowctl_calls_in_progress") == of(seen, "flowctl_channels_busy", line="sip") == 1
        assert of(seen, "flowctl_calls_total", direction="in") == 1
        assert of(seen, "flowctl_rtp_ports_used") == 1
        assert (of(seen, "flowctl_rtp_ports"), of(seen, "flowctl_ready"), of(seen, "flowctl_database_up")) == (
            500,
            1,
            1,
        )
        assert of(seen, "flowctl_post_dial_delay_seconds_count", driver="sip") == 1
        assert 0 < of(seen, "flowctl_post_dial_delay_seconds_sum", driver="sip") < 1
        assert of(seen, "flowctl_agents", state="logged_out") == of(seen, "flowctl_agents", state="available") == 1
        assert of(seen, "flowctl_centre_waiting_calls", centre="support") == 0
        assert of(seen, "process_open_fds") > 5
        assert 0 <= of(seen, "flowctl_event_loop_delay_seconds") < 5
        server.process.send_signal(signal.SIGTERM)
        while (answer := await http.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.02)
        assert answer.status_code == 503
        assert [reason["what"] for reason in answer.json()["reasons"]] == ["stopping"]
        assert (await http.get("/healthz")).text == "ok\n"
        late = await ua.invite("32", server.address)
        await late.response(503)
        await call.bye()
        # By itself: a second signal would end it at once.
        async with asyncio.timeout(20):
            await server.process.wait()
    # What waited was brought to the database before the process ended.
    assert await asyncio.to_thread(waiting_in, tmp_path / "var" / "outbox.db", KINDS) == []
    with closing(sqlite3.connect(tmp_path / "var" / "flowctl.db")) as database:
        assert database.execute("SELECT result, reason FROM calls").fetchall() == [("caller_hung_up", None)]


async def test_who_may_not_watch_learns_that_it_is_up_and_no_more(tmp_path: Path):
    """Here nobody may without a token, and the only trunk is down."""
    trunk = {"host": "127.0.0.1", "port": free_port(), "options": "1s"}
    web: dict[str, Any] = {"listen": "127.0.0.1:0", "monitors": []}
    settings: dict[str, Any] = {"web": web, "sip": {"trunks": {"operator": trunk}}}
    async with served(tmp_path, {"a.yaml": PAUSE}, **settings) as server, client(server) as http:
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/healthz")).status_code == 200
        while (answer := await http.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.1)
        assert (answer.status_code, answer.json()) == (503, {"ready": False})
        words = (*FLOWCTL, "token", "prometheus", "--application", "--config", str(tmp_path / "server.yaml"))
        status, token, errors = await run(*words)
        assert status == 0, errors
        bearer = {"Authorization": f"Bearer {token.strip()}"}
        (reason,) = (await http.get("/readyz", headers=bearer)).json()["reasons"]
        assert reason["what"] == "trunk_down" and reason["detail"].startswith("operator: ")
        seen = figures((await http.get("/metrics", headers=bearer)).text)
        assert of(seen, "flowctl_trunk_up", trunk="sip/operator") == of(seen, "flowctl_ready") == 0
        wrong = await http.get("/metrics", headers={"Authorization": "Bearer x"})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "bad_token")
        post = await http.post("/metrics", headers=bearer)
        assert post.status_code in (404, 405)
