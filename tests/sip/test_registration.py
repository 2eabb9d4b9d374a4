"""Our registration with an operator: digest, refresh, back-off (RFC 3261 section 10.2, RFC 7616), on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from drivers.sip import digest
from drivers.sip.ask import Reply
from drivers.sip.registration import Registration
from drivers.sip.trunk import Trunk
from engine.clock import run_virtual

CHALLENGE = ("www-authenticate", 'Digest realm="op", nonce="n1", qop="auth"')
STALE = ("www-authenticate", 'Digest realm="op", nonce="n2", qop="auth", stale=true')
OK = Reply(200, "OK", (("contact", "<sip:me@192.0.2.1:5060>;expires=300"),))


def attempts(script, *, seconds, **options):
    """Register against the scripted replies (the last one for ever) for `seconds`: [(time, headers)], states."""
    sent, states = [], []

    async def main():
        clock = asyncio.get_running_loop().time
        replies = iter(script)
        last = script[-1]

        async def ask(request):
            nonlocal last
            sent.append((clock(), dict(request.headers), request))
            last = next(replies, last)
            if last is None:
                await asyncio.Event().wait()
            return last

        async def next_hop():
            return "192.0.2.7", 5060

        trunk = Trunk(**{"name": "op", "host": "op.example", "user": "me", "password": "s3cret", **options})
        registration = Registration(
            trunk,
            "sip:me@192.0.2.1:5060",
            ask,
            next_hop,
            lambda up, why: states.append((clock(), up, why)),
            lambda: 1.0,
        )
        task = asyncio.ensure_future(registration.run())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.wait([task])
        await registration.unregister()

    run_virtual(main)
    return sent, states


def times(sent):
    return [round(moment) for moment, _, _ in sent]


def test_it_is_refreshed_at_half_and_given_back_at_the_end():
    sent, states = attempts([OK], seconds=400)
    assert times(sent) == [0, 150, 300, 400]
    assert [headers["Expires"] for _, headers, _ in sent] == ["300", "300", "300", "0"]
    assert sent[0][1]["Contact"] == "<sip:me@192.0.2.1:5060>;expires=300"
    assert states == [(0, True, ""), (150, True, ""), (300, True, "")]
    requests = [request for _, _, request in sent]
    assert len({request.call_id for request in requests}) == 1
    assert [request.cseq for request in requests] == [1, 2, 3, 4]


def test_the_time_granted_counts_not_the_one_asked_for():
    granted = (("contact", "<sip:x@y>;expires=9"), ("contact", '"me" <sip:me@192.0.2.1:5060;x=1>;q=1;expires=60'))
    assert times(attempts([Reply(200, "OK", granted)], seconds=70)[0]) == [0, 30, 60, 70]
    assert times(attempts([Reply(200, "OK", (("expires", "100"),))], seconds=70)[0]) == [0, 50, 70]


def test_an_operator_that_writes_our_contact_in_its_own_way():
    """With the port left out, or the address that it sees behind a translator."""
    granted = (("contact", "<sip:me@192.0.2.1>;expires=60"), ("expires", "3600"))
    assert times(attempts([Reply(200, "OK", granted)], seconds=70)[0]) == [0, 30, 60, 70]


def test_the_challenge_is_kept_and_its_answers_are_counted():
    sent, _ = attempts([Reply(401, "Unauthorized", (CHALLENGE,)), OK], seconds=200)
    assert times(sent) == [0, 0, 150, 200]
    assert "Authorization" not in sent[0][1]
    values = [digest.parse_parameters(headers["Authorization"]) for _, headers, _ in sent[1:]]
    assert [value["nc"] for value in values] == ["00000001", "00000002", "00000003"]
    assert len({value["cnonce"] for value in values}) == 3
    assert {(value["username"], value["realm"], value["uri"]) for value in values} == {("me", "op", "sip:op.example")}


def test_a_stale_nonce_is_replaced_at_once():
    script = [Reply(401, "", (CHALLENGE,)), OK, Reply(401, "", (STALE,)), OK]
    sent, states = attempts(script, seconds=160)
    assert times(sent) == [0, 0, 150, 150, 160]
    assert digest.parse_parameters(sent[3][1]["Authorization"])["nonce"] == "n2"
    assert all(up for _, up, _ in states)


def test_a_nonce_that_ran_out_without_saying_so_is_no_wrong_password():
    script = [Reply(401, "", (CHALLENGE,)), OK, Reply(401, "", (CHALLENGE,)), OK]
    assert all(up for _, up, _ in attempts(script, seconds=160)[1])


def test_a_wrong_password_is_not_tried_again_and_again():
    sent, states = attempts([Reply(401, "Unauthorized", (CHALLENGE,))], seconds=590)
    assert times(sent) == [0, 0, 300, 300]
    assert states[0] == (0, False, "not registered: 401 Unauthorized")


def test_the_password_is_for_its_realm_alone():
    sent, states = attempts([Reply(401, "Unauthorized", (CHALLENGE,))], seconds=10, realm="other")
    assert times(sent) == [0]
    assert states[0][1] is False


def test_too_brief():
    sent, _ = attempts([Reply(423, "Too Brief", (("min-expires", "1800"),)), OK], seconds=10)
    assert [headers["Expires"] for _, headers, _ in sent] == ["300", "1800", "0"]


def test_failures_are_further_and_further_apart():
    sent, states = attempts([Reply(500, "Oops")], seconds=600)
    assert times(sent) == [0, 2, 6, 14, 30, 62, 126, 246, 366, 486]
    assert {up for _, up, _ in states} == {False}


def test_after_a_failure_everything_is_as_before():
    sent, states = attempts([Reply(503, "", (("retry-after", "30 (later)"),)), OK], seconds=100)
    assert times(sent) == [0, 30, 100]
    assert [up for _, up, _ in states] == [False, True]


def test_no_answer_at_all():
    sent, states = attempts([None], seconds=20)
    assert times(sent) == [0, 12]
    assert states == [(10, False, "not registered: 408 no answer")]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("sha-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm, response):
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    challenge = digest.Challenge("http-auth@example.org", nonce, algorithm)
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    text = digest.answer(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", cnonce=cnonce)
    assert digest.parse_parameters(text)["response"] == response


@pytest.mark.parametrize(
    ("text", "challenge"),
    [
        ('Digest realm="a, \\"b\\"",nonce="n=,1", qop="auth-int, auth"', digest.Challenge('a, "b"', "n=,1")),
        ("digest nonce=n, algorithm=md5, Stale=TRUE", digest.Challenge("", "n", "md5", qop=False, stale=True)),
        (
            'Digest nonce="n", algorithm="SHA-256", qop=auth, opaque=""',
            digest.Challenge("", "n", "SHA-256", opaque=""),
        ),
        ('Digest nonce="n", algorithm=SHA-256', None),
        ('Digest nonce="n", algorithm=SHA-512-256, qop="auth"', None),
        ('Digest nonce="n", qop="auth-int"', None),
        ('Digest realm="r"', None),
        ('Digest nonce="never closed', None),
        ('Basic realm="r"', None),
        ("", None),
    ],
)
def test_a_challenge(text, challenge):
    assert digest.parse_challenge(text) == challenge


def test_the_first_challenge_that_can_be_answered_is_preferred():
    texts = ['Digest nonce="1", algorithm=SHA-512-256, qop=auth', 'Digest nonce="2", algorithm=SHA-256, qop=auth']
    chosen = digest.choose([*texts, 'Digest nonce="3", qop=auth'])
    assert chosen is not None
    assert chosen.nonce == "2"
