"""The programs of docs/agent.md take a call; its tables name all there is."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest
import typer.main
from support.linkhouse import link_house
from support.served import ROOT

from drivers.virtual import Party
from engine.centres.directory import Directory
from tools.flowctl.commands.agent import app
from tools.flowctl.companion.lines import _FIELDS

PAGE = (ROOT / "docs" / "agent.md").read_text()
PROGRAMS = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE)

PEOPLE = Directory.model_validate(
    {
        "agents": [{"code": "201", "first_name": "Anne", "password": "secret", "phone": "sip:201@x"}],
        "centres": [{"name": "support", "agents": ["201"]}],
    }
)


@pytest.mark.parametrize("program", PROGRAMS, ids=["AgentClient", "AgentLink"])
async def test_a_program_of_the_page_takes_a_call(tmp_path: Path, program: str) -> None:
    async with link_house(tmp_path, PEOPLE) as house:
        house.driver.elsewhere = _answer
        text = program.replace("2957", str(house.port)).replace('"17"', '""')
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{text}",
            stdout=-1, stderr=-1, cwd=tmp_path,
        )  # fmt: skip
        try:
            async with asyncio.timeout(10):
                while not house.services.centres.desk("201").logged_in:
                    await asyncio.sleep(0.02)
                house.driver.call("32", "0143670903")
                out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert (process.returncode, errors.decode()) == (0, "")
    assert out.decode().splitlines() == ["0143670903 waits", "taken by Anne"]


def _answer(party: Party) -> None:
    party.leg.accept()


def test_every_option_and_command_is_in_the_page() -> None:
    options = [name for parameter in typer.main.get_command(app).params for name in parameter.opts]
    missing = [name for name in options if name.startswith("--") and name != "--help" and name not in PAGE]
    missing += [name for name in _FIELDS if f'{{"type":"{name}"' not in PAGE]
    assert missing == []
