"""The exchange of docs/agent-link.md, spoken with a server; its tables name all there is."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import get_args

from support.linkhouse import link_house

from drivers.virtual import Party
from engine.centres.directory import Directory
from engine.centres.events import Code
from engine.server.link import protocol

PAGE = (Path(__file__).parents[2] / "docs" / "agent-link.md").read_text()
EXCHANGE = re.findall(r"```text\n(.*?)```", PAGE, re.S)[0].splitlines()

PEOPLE = Directory.model_validate(
    {
        "agents": [
            {"code": "201", "first_name": "Anne", "last_name": "Martin", "password": "secret", "phone": "sip:201@x"}
        ],
        "centres": [
            {
                "name": "support",
                "agents": ["201"],
                "wrap_up": "5s",
                "ring": "support.wav",
                "screen_pop": ["crm", "--caller", "{caller}"],
            }
        ],
    }
)


async def test_the_exchange_is_what_a_server_says(tmp_path: Path) -> None:
    """Takes the five seconds until the first ping. The call's id, channel and time are those of the virtual line."""
    names: dict[str, str] = {}
    party: Party | None = None
    async with link_house(tmp_path, PEOPLE) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        for step in EXCHANGE:
            kind, _, line = step.partition(" ")
            match kind, line:
                case "C", _:
                    for written, real in names.items():
                        line = line.replace(f'"{written}"', f'"{real}"')
                    writer.write(line.encode() + b"\n")
                case "S", _:
                    said = json.loads(await asyncio.wait_for(reader.readline(), 6))
                    written = json.loads(line)
                    if "variables" in said:
                        said["variables"]["Started"] = written["variables"]["Started"]
                    names |= {written[key]: said[key] for key in ("call", "channel") if key in written}
                    for name, real in names.items():
                        said = json.loads(json.dumps(said).replace(f'"{real}"', f'"{name}"'))
                    assert said == written
                case "#", "0143670903 calls 32":
                    party = house.driver.call("32", "0143670903")
                case "#", "the caller hangs up":
                    assert party is not None
                    party.hang_up()
                case _:
                    assert step == "# the server closes the connection"
                    assert await reader.read() == b""
        writer.close()


def test_every_request_error_and_letter_is_in_the_page() -> None:
    requests = [one.model_fields["type"].annotation for one in get_args(get_args(protocol._Any)[0])]
    words = [get_args(kind)[0] for kind in requests]
    words += [error.value for error in protocol.Error] + [code.value for code in Code]
    assert [word for word in words if f"| `{word}` |" not in PAGE] == []
