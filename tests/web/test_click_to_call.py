"""`GET /?CALL&userid&extension&number` over real HTTP."""

from __future__ import annotations

import html
import re
from pathlib import Path

import httpx
import pytest
from support.webhouse import PARIS, WebHouse, web_house

from engine.lines.dialling import DialPlan
from engine.lines.limits import Bounds, Limits
from engine.lines.lines import Lines
from engine.server.web.page import Asked, read

HERE = {"allow": ["127.0.0.1/32"]}


def rung(house: WebHouse) -> list[str]:
    return [party.leg.info.did for party in house.parties]


async def connected(house: WebHouse) -> None:
    """The last call goes through, then ends."""
    while len(house.parties) < 2:
        await house.services.centres.changed.wait()
    house.parties[-1].hang_up()
    await house.settle()


async def test_the_agents_phone_and_the_number_are_called_however_they_are_written(tmp_path: Path) -> None:
    async with web_house(tmp_path, **HERE) as (house, client):
        for path in (f"/?CALL&201&28&{PARIS}", "/CALL&201&28&+33143670903", "/?call&201&28&01%2043%2067%2009%2003"):
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            assert "your phone 28 rings first" in answer.text
            assert '<html lang="en">' in answer.text
            await connected(house)
            assert rung(house) == ["28", PARIS]
            house.parties.clear()


async def test_the_token_of_the_agent_is_enough_from_anywhere_and_for_no_one_else(tmp_path: Path) -> None:
    async with web_house(tmp_path, language="fr") as (house, client):
        token = await house.token("201")
        for query, header, status, said in (
            ("", {}, 401, "il faut le jeton"),
            ("&token=wrong", {}, 401, "jeton est inconnu"),
            (f"&token={token}", {"Sec-Fetch-Site": "cross-site"}, 200, "votre poste 27 sonne"),
            ("", {"Authorization": f"Bearer {token}"}, 409, "vous avez un autre appel"),
        ):
            answer = await client.get(f"/?CALL&201&&{PARIS}{query}", headers=header)
            assert (answer.status_code, said in answer.text) == (status, True), answer.text
        other = await client.get(f"/?CALL&202&&{PARIS}&token={token}")
        assert (other.status_code, "autre agent" in other.text) == (403, True)
        await connected(house)
        assert rung(house) == ["27", PARIS]


async def test_a_page_of_another_site_has_no_call_made_from_an_allowed_address(tmp_path: Path) -> None:
    async with web_house(tmp_path, **HERE) as (house, client):
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://[evil"},
            {"Referer": "http://evil.example/page"},
            {"Sec-Purpose": "prefetch;prerender"},
        ):
            answer = await client.get(f"/?CALL&201&&{PARIS}", headers=headers)
            assert (answer.status_code, "another site" in answer.text) == (403, True)
        # A name of theirs that leads to our address for a moment.
        answer = await client.get(f"/?CALL&201&&{PARIS}", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.json()["error"]) == (421, "unknown_name")
        assert house.parties == []


async def test_nothing_but_get_has_a_call_made(tmp_path: Path) -> None:
    async with web_house(tmp_path, **HERE) as (house, client):
        for method in ("HEAD", "POST", "PUT", "OPTIONS"):
            assert (await client.request(method, f"/?CALL&201&&{PARIS}")).status_code == 405
        assert house.parties == []


NOT_CALLED = [
    ("CALL&201&27", 404, "not of the form"),
    ("DIAL&201&27&1", 404, "not of the form"),
    ("", 404, "not of the form"),
    (f"CALL&999&27&{PARIS}", 404, "no agent has the code 999"),
    ("CALL&201&27&0892123456", 403, "premium-rate"),
    ("CALL&201&27&%3Cscript%3Ealert(1)%3C/script%3E", 400, "&lt;script&gt;"),
    (f"CALL&201&<b>&{PARIS}", 400, "&lt;b&gt;"),
    ("CALL&201&27&27", 400, "your own phone"),
    ("CALL&201&27&%ff%00", 400, "is no telephone number"),
    ("CALL&201&27&0143%0A670903", 400, "is no telephone number"),
]


async def test_what_is_not_called_is_said_and_escaped(tmp_path: Path) -> None:
    async with web_house(tmp_path, **HERE) as (house, client):
        for query, status, said in NOT_CALLED:
            answer = await client.get(f"/?{query}")
            assert (answer.status_code, said in answer.text) == (status, True), answer.text
            assert "<script>" not in answer.text
            assert "<b>" not in answer.text
        assert house.parties == []


@pytest.mark.parametrize(
    ("number", "allow", "deny", "said"),
    [
        ("0892123456", [], [], "numéros surtaxés : non autorisés (telephony.allow)"),
        ("+3223456789", [], [], "numéros internationaux"),
        ("0143670903", [], ["+33143"], "+33143 est interdit (telephony.deny)"),
        ("0143670903", [], ["FR"], "numéros du pays FR : interdits (telephony.deny)"),
        ("17", [], ["emergency"], "urgence : interdits (telephony.deny)"),
    ],
)
async def test_why_a_number_is_not_called_is_said_in_the_servers_language(
    tmp_path: Path, number: str, allow: list[str], deny: list[str], said: str
) -> None:
    async with web_house(tmp_path, language="fr", **HERE) as (house, client):
        house.services.lines.plan = DialPlan(internal_digits=2, allow=allow, deny=deny)
        answer = await client.get(f"/?CALL&201&&{number}")
        text = html.unescape(answer.text)
        assert (answer.status_code, said in text) == (403, True), text
        assert not re.search("allowed|denied|numbers", text)


async def test_a_limit_is_said_in_the_servers_language(tmp_path: Path) -> None:
    async with web_house(tmp_path, language="fr", **HERE) as (house, client):
        limits = Limits(Bounds(per_day=0), house.services.clock)
        house.services.lines = Lines([house.driver], house.services.lines.channels, house.services.lines.plan, limits)
        text = html.unescape((await client.get(f"/?CALL&201&&{PARIS}")).text)
        assert "0 appels sont déjà sortis aujourd'hui" in text


async def test_who_guesses_tokens_is_not_looked_at_any_more(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        token = await house.token("201")
        for number in range(100):
            assert (await client.get(f"/?CALL&201&&{PARIS}&token=guess{number}")).status_code == 401
        answer = await client.get(f"/?CALL&201&&{PARIS}&token={token}")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "600")
        assert house.parties == []


async def test_an_old_token_shuts_out_nobody_but_itself(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (house, client):
        token = await house.token("201")
        for number in range(11):
            answer = await client.get(f"/?CALL&201&&{PARIS}&token=old")
            assert answer.status_code == (401 if number < 10 else 429)
        assert (await client.get(f"/?CALL&201&&{PARIS}&token={token}")).status_code == 200


async def test_no_answer_is_kept_or_framed_and_none_says_what_serves_it(tmp_path: Path) -> None:
    async with web_house(tmp_path) as (_, client):
        for path in ("/", "/api/v1/openapi.json", "/api/v1/nothing"):
            headers = (await client.get(path)).headers
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "Server" not in headers


async def test_the_name_of_the_settings_is_known(tmp_path: Path) -> None:
    async with web_house(tmp_path, names=["calls.example.com"]) as (_, client):
        for host in ("calls.example.com", "Calls.Example.Com:8080", "localhost:80", "[::1]:80", "127.0.0.1"):
            assert (await client.get("/", headers={"Host": host})).status_code == 404
        assert (await client.get("/", headers={"Host": "calls.example.org"})).status_code == 421


def test_every_address_is_read_or_not_and_none_fails() -> None:
    assert read(b"/CALL&1&2&3", b"") == read(b"/", b"CALL&1&2&3") == Asked("1", "2", "3", "")
    assert read(b"/", b"CALL&1&2&+33&x&token=a%3Db") == Asked("1", "2", "+33", "a=b")
    assert read(b"/CALL&1", b"2&3") == Asked("1", "2", "3", "")
    assert read(b"/\xff", b"\xff") is None


async def test_a_client_that_says_nothing_more_is_left_alone_and_does_no_harm(tmp_path: Path) -> None:
    async with web_house(tmp_path, **HERE) as (house, client):
        too_long = await client.get("/?CALL&201&&" + "1" * 20_000)
        assert too_long.status_code == 400
        with pytest.raises(httpx.HTTPError):
            (await client.get("/", headers={"X": "y" * 70_000})).raise_for_status()
        assert (await client.get(f"/?CALL&201&&{PARIS}")).status_code == 200
        await connected(house)
