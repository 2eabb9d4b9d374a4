"""The call centre that ships, over SIP: two agents with companion and telephone, one who stands in for a third."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path

from support.companions import CompanionProcess, companion
from support.served import FLOWCTL, ROOT, Served, run, served
from support.sipua import Call, SipUa
from support.sound import speech
from support.wav import write_wav

CALL_CENTRE = ROOT / "flows" / "call_centre"


def write_down(root: Path, anne: SipUa, hugo: SipUa) -> dict[str, str]:
    """The directory, and the scenario: open day and night, with a short welcome and four seconds until `sorry`."""
    agents = [
        {"code": "201", "first_name": "Anne", "password": "secret", "phone": anne.uri("201")},
        {"code": "202", "first_name": "Hugo", "password": "secret", "phone": hugo.uri("202")},
        {"code": "203", "first_name": "Léa", "password": "secret", "phone": "sip:203@127.0.0.1", "substitute": "202"},
    ]
    centres = [{"name": "support", "agents": ["201", "202"]}, {"name": "sales", "agents": ["203", "201"]}]
    file = root / "directory.yaml"
    file.write_text(json.dumps({"agents": agents, "centres": centres}))
    file.chmod(0o600)
    shutil.copytree(CALL_CENTRE / "prompts", root / "flows" / "prompts")
    write_wav(root / "flows" / "prompts" / "fr" / "welcome.wav", speech(0.3, seed=1))
    text = (CALL_CENTRE / "scenario.yaml").read_text()
    text, count = re.subn(r"week: .*\n +holidays: FR", 'week: {mon-sun: ["00:00-24:00"]}', text, count=1)
    assert count == 1
    return {"call_centre.yaml": text.replace("timeout: 30s", "timeout: 4s", 1)}


async def test_two_agents_share_the_calls(tmp_path: Path) -> None:
    async with SipUa.open() as caller, SipUa.open() as annes, SipUa.open() as hugos:
        flows = write_down(tmp_path, annes, hugos)
        async with (
            served(tmp_path, flows) as server,
            companion(tmp_path, server.link_port, "201", "--no-sound") as anne,
            companion(tmp_path, server.link_port, "202", "--no-sound") as hugo,
        ):
            for one in (anne, hugo):
                await one.got(type="state", state="available")
            anne.say(type="unavailable", reason="lunch")
            await anne.got(type="state", state="unavailable")
            await _contacts(tmp_path)
            await _everybody(await _call(caller, server), anne, annes, hugo, hugos)
            await _one_after_another(await _call(caller, server), anne, annes, hugo)
            records = await server.recorded(2)
    assert [(record["result"], record["agent"]) for record in records] == [
        ("transferred", "202"),
        ("transferred", "201"),
    ]
    assert [step["node"] for step in records[1]["path"]][-2:] == ["sorry", "other_centre"]
    assert "Traceback" not in server.log()


async def _contacts(root: Path) -> None:
    """The caller is known, while the server runs."""
    file = CALL_CENTRE / "contacts.csv"
    done = await run(*FLOWCTL, "contacts", "import", file, "--config", root / "server.yaml")
    assert done[:2] == (0, "3 added, 0 changed, 0 as before, 0 lines refused\n"), done


async def _call(caller: SipUa, server: Served) -> Call:
    call = await caller.invite("32", server.address, cli="0143670903")
    await call.answered()
    return call


async def _everybody(call: Call, anne: CompanionProcess, annes: SipUa, hugo: CompanionProcess, hugos: SipUa) -> None:
    """Anne, who did not want to be disturbed, takes the call, and her phone is busy; Hugo takes it."""
    told = await hugo.got(type="event", event="P")
    assert (told["name"], told["company"], told["ident"]) == ("Camille Moreau", "Boulangerie Moreau", "1001")
    shown = told["call"]
    assert not any(message.get("event") == "P" for message in anne.log)
    anne.say(type="available")
    assert (await anne.got(type="event", event="P", call=shown))["caller"] == "+33143670903"
    anne.say(type="accept", call=shown)
    (await annes.next_call()).reject(486)
    for one in (anne, hugo):
        await one.got(type="event", event="H", call=shown)
        await one.got(type="event", event="S", call=shown)
    hugo.say(type="accept", call=shown)
    rings = await hugos.next_call()
    await rings.answer()
    await hugo.got(type="state", state="on_call")
    assert (await anne.got(type="event", event="T"))["reason"] == "taken by Hugo"
    await call.bye()
    await asyncio.wait_for(rings.over.wait(), 5)
    await hugo.got(type="state", state="available")


async def _one_after_another(call: Call, anne: CompanionProcess, annes: SipUa, hugo: CompanionProcess) -> None:
    """Nobody takes the call; in the sales centre Hugo, who stands in for Léa, refuses it, and Anne has it."""
    for one in (anne, hugo):
        shown = (await one.got(type="event", event="P"))["call"]
        over = await one.got(type="event", event="T", call=shown)
        assert (over["centre"], over["reason"]) == ("support", "nobody took the call in time")
    assert (await call.info("Signal=3\r\nDuration=100")).status == 200
    asked = await hugo.got(type="event", event="?", centre="sales")
    await hugo.got(type="state", state="offered")
    hugo.say(type="reject", call=asked["call"])
    assert (await hugo.got(type="event", event="T", centre="sales"))["reason"] == "rejected"
    await anne.got(type="event", event="?", centre="sales")
    anne.say(type="accept", call=asked["call"])
    rings = await annes.next_call()
    await rings.answer()
    await anne.got(type="state", state="on_call")
    assert (await rings.bye()).status == 200
    await asyncio.wait_for(call.over.wait(), 5)
    await anne.got(type="state", state="available")
