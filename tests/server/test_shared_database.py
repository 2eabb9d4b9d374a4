"""Two servers with one database: agents and records of both."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from support.mariadb import MariaDb
from support.served import FLOWCTL, dial, run, served

SCENARIO = """
format: 1
name: desk
did: ["32"]
start: refuse
nodes:
  refuse: {type: reject, cause: busy}
"""


async def test_they_share_agents_and_records(tmp_path: Path, mariadb_server: MariaDb) -> None:
    mariadb_server.run_in("", "DROP DATABASE IF EXISTS shared; CREATE DATABASE shared")
    roots = [tmp_path / "paris", tmp_path / "lyon"]
    for root in roots:
        root.mkdir()
    (roots[0] / "directory.yaml").write_text('agents: [{code: "201", phone: "17"}]\n')

    def there(root: Path) -> dict[str, object]:
        return {
            "name": root.name,
            "database": {"url": mariadb_server.url_of("shared")},
            "telephony": {"internal_digits": 2},
        }

    async with (
        served(roots[0], {"desk.yaml": SCENARIO}, **there(roots[0])) as paris,
        served(roots[1], {"desk.yaml": SCENARIO}, **there(roots[1])) as lyon,
    ):
        file = tmp_path / "people.yaml"
        file.write_text('agents: [{code: "201", phone: "17"}, {code: "202", phone: "18"}]\n')
        status, out, err = await run(*FLOWCTL, "apply", file, "--config", roots[1] / "server.yaml")
        assert (status, out.splitlines()[-1]) == (0, "applied: revision 2"), err
        await asyncio.gather(*(server.logged("revision 2, 2 agents", timeout=2) for server in (paris, lyon)))
        for server in (paris, lyon, paris):
            assert (await dial(server.uri("32")))["status"] == "busy"
        for root in roots:
            async with asyncio.timeout(10):
                calls = []
                while len(calls) < 3:
                    status, out, err = await run(
                        *FLOWCTL, "records", "--format", "json", "--config", root / "server.yaml"
                    )
                    assert status == 0, err
                    calls = json.loads(out)
            assert [call["server"] for call in calls] == ["paris", "lyon", "paris"]
            assert [step["node"] for step in calls[0]["path"]] == ["refuse"]
