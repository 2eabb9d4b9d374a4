"""What is kept of a call that looks for an agent: how long it waited, to whom it was offered, what came of that."""

from __future__ import annotations

from typing import Literal

from engine.centres.chronicle import Chronicle, Manner, OfferFact, SearchFact
from engine.lines import Cause

Outcome = Literal["rejected", "unanswered", "taken", "failed", "withdrawn", "lost"]

_BY_CAUSE: dict[Cause, Outcome] = {
    Cause.NO_ANSWER: "unanswered",
    Cause.BUSY: "rejected",
    Cause.REJECTED: "rejected",
}


def unreached(error: Exception) -> Outcome:
    """What has become of the offer to an agent whose phone was not answered."""
    return _BY_CAUSE.get(getattr(error, "cause", Cause.FAILED), "failed")


class Account:
    """Of one search. Offers are named by the agents' codes; an agent has one at a time, and what is said of one that
    is over already changes nothing."""

    def __init__(self, chronicle: Chronicle, wait: SearchFact) -> None:
        self._chronicle = chronicle
        self._wait: SearchFact | None = wait
        self._offers = wait.offers
        self._met: OfferFact | None = None
        """The offer to the agent who was connected."""
        chronicle.begins(wait)

    def offered(self, code: str, manner: Manner) -> None:
        """The call is offered to an agent."""
        wait = self._wait
        if wait is not None and code not in self._offers:
            offer = OfferFact(call=wait.call, search=wait.id, agent=code, centre=wait.centre, manner=manner)
            self._offers[code] = offer
            # Shown to 150 agents, most calls are another's a moment later. Measured with 50 calls at once and each
            # offer told when it began and again when it was over: the slowest took 76 ms instead of 19.
            if manner != "all":
                self._chronicle.begins(offer)

    def answered(self, code: str) -> None:
        """The agent has accepted, or rejected, or picked up. Who does so anew after a failure is offered the call
        anew."""
        self.offered(code, "all")
        offer = self._offers.get(code)
        if offer is not None and offer.answer is None:
            offer.answer = offer.elapsed()

    def ended(self, code: str, outcome: Outcome) -> None:
        """The offer to an agent has come to nothing."""
        offer = self._offers.pop(code, None)
        if offer is not None:
            offer.ended, offer.outcome = offer.elapsed(), outcome
            self._chronicle.over(offer)

    def connected(self, code: str) -> None:
        """Agent and caller are; the call waits no longer, for anybody."""
        wait = self._wait
        if wait is None:
            return
        self.offered(code, "all")
        wait.waited, wait.outcome, wait.agent = wait.elapsed(), "transferred", code
        self._met = met = self._offers.pop(code)
        met.ended, met.outcome = met.elapsed(), "connected"
        self._end_all("taken")
        self._chronicle.begins(wait)
        self._chronicle.begins(met)

    def parted(self, *, talked: bool = True) -> None:
        """They are connected no longer. talked: False when they went on without us."""
        wait, met, self._wait, self._met = self._wait, self._met, None, None
        if wait is None or met is None:
            return
        if talked:
            wait.talk = met.talk = wait.elapsed() - wait.waited
        self._chronicle.over(wait)
        self._chronicle.over(met)

    def over(self, outcome: str) -> None:
        """The search has ended, if it has not before."""
        if self._met is not None:
            self.parted()
        self._end_all("withdrawn")
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.waited, wait.outcome = wait.elapsed(), outcome
            self._chronicle.over(wait)

    def _end_all(self, outcome: Outcome) -> None:
        offers = tuple(self._offers.values())
        self._offers.clear()
        for offer in offers:
            offer.ended, offer.outcome = offer.elapsed(), outcome
        if offers:
            self._chronicle.over(*offers)


class DirectOffer:
    """Of an agent who is called by their code, or that of somebody for whom they stand in."""

    def __init__(self, chronicle: Chronicle, call: str, code: str) -> None:
        self._chronicle = chronicle
        self._offer: OfferFact | None = OfferFact(call=call, search="", agent=code, centre="", manner="direct")
        chronicle.begins(self._offer)

    def connected(self) -> None:
        """The agent has picked up."""
        offer = self._offer
        if offer is not None:
            offer.answer = offer.ended = offer.elapsed()
            offer.outcome = "connected"
            self._chronicle.begins(offer)

    def over(self, outcome: Outcome = "withdrawn") -> None:
        """The call of the agent has ended, or has come to that. Idempotent."""
        offer, self._offer = self._offer, None
        if offer is None:
            return
        if offer.outcome:
            offer.talk = offer.elapsed() - offer.ended
        else:
            offer.ended, offer.outcome = offer.elapsed(), outcome
        self._chronicle.over(offer)
