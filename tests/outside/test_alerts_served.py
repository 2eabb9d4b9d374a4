"""A running server tells those in charge: by mail, and by a webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.scenarios import scenario
from support.served import dial, served
from support.smtpserver import mail_house

GOOD = scenario(
    """
    a: {type: alert, to: rota@example.com, subject: "Nobody is on duty: ${call.cli}", next: b}
    b: {type: answer, next: end}
    """,
    top="did: ['32']",
)


async def test_a_refused_scenario_and_an_alert_node_are_told_of(tmp_path: Path):
    async with mail_house() as house:
        mail = {"host": "127.0.0.1", "port": house.port, "tls": "none", "from": "calls@example.com"}
        alerts = {"mail": ["duty@example.com"]}
        async with served(tmp_path, {"a.yaml": GOOD}, name="lyon", mail=mail, alerts=alerts) as server:
            file = tmp_path / "flows" / "a.yaml"
            await asyncio.to_thread(file.write_text, GOOD.replace("next: b", "next: nowhere"))
            (refused,) = await house.arrived(1)
            assert refused["subject"] == "[lyon] scenario a.yaml is refused"
            assert "E1001" in refused.get_content()
            assert "nowhere" in refused.get_content()
            # The last good version keeps serving.
            call = await dial(server.uri("32"), "--from", "0143670903")
            assert call["status"] == "answered"
            *_, node = await house.arrived(3)
            assert node["subject"] == "[lyon] Nobody is on duty: 0143670903"
            assert sorted(house.recipients()[1:]) == ["duty@example.com", "rota@example.com"]
            await asyncio.to_thread(file.write_text, GOOD)
            *_, well = await house.arrived(4)
            assert well["subject"] == "[lyon] scenario a.yaml is well again"
