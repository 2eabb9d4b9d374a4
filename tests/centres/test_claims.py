"""No call with two agents, no agent with two calls."""

from __future__ import annotations

import asyncio
import random

from engine.centres.claims import Claim, LocalClaims


async def test_an_agent_is_one_callers_at_a_time() -> None:
    claims = LocalClaims()
    held = await claims.reserve("1")
    assert held is not None
    assert await claims.reserve("1") is None
    assert await claims.claim("call", "1") is None
    claim = await claims.claim("call", "1", held)
    assert claim is not None
    assert claim.fence > held.fence
    assert await claims.claim("call", "2") is None
    assert not await claims.release(held)
    assert await claims.holder("1") == claim
    assert await claims.release(claim)
    assert not await claims.release(claim)
    assert await claims.claim("call", "2") is not None


async def test_a_reservation_is_kept_when_the_call_is_taken() -> None:
    claims = LocalClaims()
    assert await claims.claim("call", "1")
    held = await claims.reserve("2")
    assert await claims.claim("call", "2", held) is None
    assert await claims.holder("2") == held


async def test_an_agent_with_a_call_is_not_claimed_for_another_by_that_claim() -> None:
    claims = LocalClaims()
    claim = await claims.claim("call", "1")
    assert await claims.claim("other", "1", claim) is None
    assert await claims.holder("1") == claim


async def test_80_000_attempts_by_200_claimers() -> None:
    claims = LocalClaims()
    agents: dict[str, str] = {}
    calls: dict[str, str] = {}
    won = 0
    last_fence = 0

    async def claimer(number: int) -> None:
        nonlocal won, last_fence
        dice = random.Random(number)
        for _ in range(400):
            call, agent = f"call {dice.randrange(60)}", str(dice.randrange(50))
            claim: Claim | None = await claims.claim(call, agent)
            if claim is None:
                await asyncio.sleep(0)
                continue
            won += 1
            assert claim.fence > last_fence
            last_fence = claim.fence
            assert agent not in agents, "an agent with two calls"
            assert call not in calls, "a call with two agents"
            agents[agent], calls[call] = call, agent
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)
            del agents[agent], calls[call]
            assert await claims.release(claim)

    await asyncio.gather(*(claimer(number) for number in range(200)))
    assert won > 1000
    assert not agents
