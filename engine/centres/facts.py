"""What agents are told of a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.call.templates import as_text
from engine.centres.events import CallFacts

if TYPE_CHECKING:
    from engine.call.call import Call


def facts_of(call: Call) -> CallFacts:
    """Who calls whom."""
    record, contact = call.record, call.who.contact
    names = (as_text(contact.get("strFirstName")), as_text(contact.get("strLastName")))
    return CallFacts(
        call=record.id,
        cli=record.cli,
        caller=record.caller,
        did=record.did,
        channel=record.channel,
        name=" ".join(filter(None, names)) or call.leg.info.name,
        company=as_text(contact.get("strCompany")),
        ident=as_text(contact.get("strIdent")),
    )


def variables_of(call: Call) -> dict[str, str]:
    """The variables of a call as its agent's computer gets them: the system's first, by the names that they have had
    since there are agents' computers, then the scenario's. Masked ones are left out: what nobody is to see in a
    record does not belong into a file on a desk either."""
    record = call.record
    known = {
        "CLI": record.cli,
        "Caller": record.caller,
        "DID": record.did,
        "Channel": record.channel,
        "CallId": record.id,
        "Scenario": record.scenario,
        "Language": call.language,
        "Started": as_text(record.started),
        "Keys": record.keys,
    }
    own = {name: as_text(value) for name, value in call.variables.items() if not call.is_masked(name)}
    return known | own
