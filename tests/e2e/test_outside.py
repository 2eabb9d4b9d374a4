"""Real calls to a real server that asks a database, a frozen database, and a web service."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from support.mariadb import mariadb
from support.served import dial, served
from support.webserver import reply, web_server

SCENARIO = """
format: 1
name: customers
did: ["32"]
start: customer
nodes:
  customer:
    type: lookup
    source: crm
    table: customers
    by: {phone: call.caller}
    into: customer
    on: {found: order, not_found: stranger, error: gone}
  order:
    type: http
    method: POST
    url: http://HOST/orders/${customer.id}
    json: {customer: "${customer.id}", name: "${customer.name}"}
    into: order
    timeout: 2s
    on: {ok: state, error: refused}
  state:
    type: branch
    cases: [{when: order.json.state == "ready", next: away}]
    default: stranger
  away:
    type: lookup
    source: elsewhere
    query: select 1 as one
    timeout: 500ms
    on: {found: stranger, not_found: stranger, error: duty}
  duty: {type: alert, subject: "${customer.name} cannot be served", next: mail}
  mail: {type: email, to: a@example.com, subject: sorry, on: {next: end, error: operator}}
  operator: {type: switchboard, on: {transferred: end, busy: end, no_answer: end, failed: gone}}
  stranger: {type: hangup}
  gone: {type: hangup}
  refused: {type: hangup}
"""


def crm(folder: Path) -> None:
    with sqlite3.connect(folder / "crm.db") as connection:
        connection.execute("CREATE TABLE customers (id INTEGER, phone TEXT, name TEXT)")
        connection.execute("INSERT INTO customers VALUES (7, '+33143670903', 'Chloé')")
    connection.close()


async def test_a_call_asks_the_world_outside_and_survives_what_is_away(tmp_path: Path):
    crm(tmp_path)
    with mariadb() as server:
        async with web_server() as web:
            web.answers["/orders/7"] = reply(200, b'{"state": "ready"}', content_type="application/json")
            settings = {
                "databases": {"crm": {"url": "sqlite:///crm.db"}, "elsewhere": {"url": server.url}},
                "http": {"allow": [web.host]},
            }
            flows = {"customers.yaml": SCENARIO.replace("HOST", web.host)}
            async with served(tmp_path, flows, **settings) as flowctl:
                with server.frozen():
                    await dial(flowctl.uri("32"), "--from", "0143670903")
                    await dial(flowctl.uri("32"), "--from", "0143670904")
                    known, stranger = await flowctl.recorded(2)
    assert [(step["node"], step["outcome"]) for step in known["path"]] == [
        ("customer", "found"),
        ("order", "ok"),
        ("state", "case 1"),
        ("away", "error"),
        ("duty", "next"),
        ("mail", "error"),
        ("operator", "failed"),
        ("gone", None),
    ]
    left = {step["node"]: step["at"] for step in known["path"]}
    assert 0.4 < left["duty"] - left["away"] < 2
    assert [warning.partition(": ")[0] for warning in known["warnings"]] == [
        "node away",
        "node mail",
        "no switchboard is named in the setting telephony.switchboard",
    ]
    assert [step["node"] for step in stranger["path"]] == ["customer", "stranger"]
    assert web.asked[0].body.decode() == '{"customer": 7, "name": "Chloé"}'
    assert "Chloé cannot be served" in flowctl.log()
