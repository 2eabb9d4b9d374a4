"""A real server between two SIPps: who calls it, and whom it calls for them."""

from __future__ import annotations

from contextlib import AsyncExitStack

from support.served import served
from support.sipp import sipp

OUTCOMES = "{ended: end, busy: end, no_answer: end, rejected: end, failed: end}"

CALLED = [
    # SIPp's side, with its keywords, and what the record says of it.
    ("uas_hangs_up", {}, "ended"),
    ("uas_no_answer", {}, "no_answer"),
    *(
        ("uas_refuses", {"answer": f"SIP/2.0 {answer}"}, outcome)
        for answer, outcome in [
            ("486 Busy Here", "busy"),
            ("480 Temporarily Unavailable", "no_answer"),
            ("603 Decline", "rejected"),
            ("404 Not Found", "failed"),
            ("500 Server Internal Error", "failed"),
            ("503 Service Unavailable", "failed"),
        ]
    ),
]


def bridge(did, to, options=""):
    return (
        f'format: 1\nname: s{did}\ndid: ["{did}"]\nstart: a\nnodes:\n'
        f'  a: {{type: bridge, to: "{to}", timeout: 1s{options}, on: {OUTCOMES}}}\n'
    )


async def test_what_becomes_of_a_call_made_for_a_caller(tmp_path):
    """All at once; afterwards the server hangs up on the caller."""
    async with AsyncExitStack() as stack:
        flows = {}
        for did, (scenario, keys, _) in enumerate(CALLED, 40):
            called = await stack.enter_async_context(sipp(tmp_path, scenario, "-d", 200, keys=keys, patience=20))
            flows[f"{did}.yaml"] = bridge(did, called.uri("201"))
        server = await stack.enter_async_context(served(tmp_path, flows))
        for did in range(40, 40 + len(CALLED)):
            await stack.enter_async_context(
                sipp(tmp_path, "uac_waits", service=str(did), to=server.address, patience=20)
            )
        records = await server.recorded(len(CALLED), 15)
    assert sorted((record["did"], record["path"][0]["outcome"]) for record in records) == [
        (str(did), outcome) for did, (_, _, outcome) in enumerate(CALLED, 40)
    ]


async def test_an_agents_phone_passes_its_caller_on(tmp_path):
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        colleague = await enter(sipp(tmp_path, "uas_hangs_up", "-d", 300, patience=20))
        keys = {"colleague": colleague.uri("202")}
        agent = await enter(sipp(tmp_path, "uas_passes_on", "-d", 100, keys=keys, patience=20))
        server = await enter(served(tmp_path, {"a.yaml": bridge(32, agent.uri("201"))}))
        await enter(sipp(tmp_path, "uac_waits", to=server.address, patience=20))
        (record,) = await server.recorded(1, 15)
    assert record["path"][0]["outcome"] == "ended"
    assert "\nFrom: <sip:0143670903@" in colleague.messages("received")[0]


async def test_our_number_is_presented_and_the_second_call_finds_every_channel_busy(tmp_path):
    settings = {
        "telephony": {"present_caller": False, "number": "0143670900"},
        "channels": {"sip": {"count": 2, "full": "busy"}},
    }
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        called = await enter(sipp(tmp_path, "uas_hangs_up", "-d", 1000, patience=20))
        server = await enter(served(tmp_path, {"a.yaml": bridge(32, called.uri("201"))}, **settings))
        await enter(sipp(tmp_path, "uac_waits", to=server.address, patience=20))
        await called.received("ACK ")
        async with sipp(tmp_path, "uac_refused", to=server.address) as second:
            pass
        (record,) = await server.recorded(1)
    assert second.messages("received")[-1].startswith("SIP/2.0 486 ")
    assert "\nFrom: <sip:0143670900@" in called.messages("received")[0]
    assert record["cli"] == "0143670903"
