"""Why a request is not carried out, and what to do about it."""

from __future__ import annotations

from engine.centres.calling import Refused

STATUS = {
    "unknown": 404,
    "not_active": 403,
    "bad_extension": 400,
    "no_phone": 409,
    "bad_number": 400,
    "not_allowed": 403,
    "own_phone": 400,
    "busy": 409,
    "server_stops": 503,
}
"""Of a call that is refused."""

_TEXTS = {
    "no_token": ("no token was given", "send the header `Authorization: Bearer TOKEN`; `flowctl token` makes one"),
    "bad_token": ("nobody has this token", "make a new one with `flowctl token`"),
    "bad_password": ("code and password do not fit", "see `flowctl password`"),
    "banned": ("too many wrong tokens or passwords came from this address", "wait ten minutes"),
    "other_site": ("a page of another site has asked", "give that page a token, or ask from the server's own pages"),
    "not_yours": ("this token is of another agent", "use the token of the agent, or of an application"),
    "applications_only": ("this is for applications", "use a token made with `flowctl token NAME --application`"),
    "not_active": ("the agent is not active, or no more", "change the directory with `flowctl apply`"),
    "no_database": ("the database does not answer", "try again; the server's log says why"),
    "no_call": ("there is no such call, or it is long over", "use the id that POST /calls has returned"),
    "bad_request": ("the request is not as it should be", "compare it with /api/v1/openapi.json"),
    "not_found": ("there is nothing here", "see /api/v1/openapi.json"),
    "unknown_name": ("this server is not known by that name", "use its address, or add the name to `web.names`"),
    "too_large": ("the request is too long", "a body has 16 KiB at most"),
    "timeout": ("the request took too long", "send it at once, and try again"),
    "internal": ("the server failed", "its log says why"),
}

_REMEDIES = {
    "unknown": "use the code of an agent of the directory",
    "not_active": "change the directory with `flowctl apply`",
    "bad_extension": "give an extension or a telephone number, or leave it out",
    "no_phone": "give `extension`, or give the agent a phone in the directory",
    "bad_number": "write it national, international with + or 00, or as an extension",
    "not_allowed": "see `telephony.allow` and `telephony.limits` in the settings",
    "own_phone": "call another number",
    "busy": "wait until the agent's call is over, or end it with DELETE /calls/{id}",
    "server_stops": "ask again when it is back, or another server",
}


def document(key: str, message: str = "") -> dict[str, str]:
    """An error as JSON has it: `error` for programs, `message` and `remedy` for people. message: instead of the
    usual one."""
    usual, remedy = _TEXTS[key]
    return {"error": key, "message": message or usual, "remedy": remedy}


def refused_document(refused: Refused) -> dict[str, str]:
    """The same for a call that is not made."""
    key = refused.why.key
    return {"error": key, "message": refused.why.text("en"), "remedy": _REMEDIES[key]}
