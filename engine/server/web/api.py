"""The REST interface, version 1: calls, agents, centres, and tickets for the agent link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from starlette.exceptions import HTTPException

from engine.centres.calling import Calling, Refused
from engine.centres.centres import Centres
from engine.centres.outgoing import OutgoingCall
from engine.server.link.link import AgentLink
from engine.server.link.tickets import GOOD_FOR
from engine.server.web.access import Access, Caller, Denied, bearer
from engine.server.web.errors import STATUS, document, refused_document


@dataclass(frozen=True, slots=True)
class Parts:
    """What the handlers work with."""

    calling: Calling
    centres: Centres
    link: AgentLink
    access: Access


class Problem(BaseModel):
    """Why a request was not carried out."""

    error: str = Field(description="For programs.")
    message: str = Field(description="For people.")
    remedy: str = Field(description="What to do about it.")


class Asked(BaseModel):
    """Base of what a request's body says."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        """JSON allows half of a surrogate pair; nothing that stores or compares texts does."""
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("this is no text: half of a surrogate pair") from None
        return value


class Order(Asked):
    """A call that is asked for."""

    agent: str = Field(min_length=1, max_length=64, description="Code of the agent, whose phone rings first.")
    number: str = Field(
        min_length=1, max_length=64, description="National, international with + or 00, or an extension."
    )
    extension: str = Field(
        default="", max_length=64, description="The agent's phone; by default that of their log-in or the directory."
    )
    record: bool = Field(default=False, description="Record the conversation.")


class CallState(BaseModel):
    """A call that was asked for. Durations are in seconds."""

    id: str
    agent: str
    extension: str = Field(description="The agent's phone.")
    number: str
    stage: Literal["calling_agent", "calling_number", "connected", "transferred", "ended", "failed"]
    reason: str = Field(description="Why it is over; empty until then.")
    recording: str = Field(description="File of the recording, once it is complete; empty without.")
    started: datetime
    answered: float | None = Field(description="From the start until the two were connected.")


class AgentNow(BaseModel):
    """An agent, and what they are doing."""

    code: str
    name: str
    active: bool
    state: str
    reason: str = Field(description="Why they do not want to be disturbed.")
    rest: float = Field(description="Seconds of rest after a call that are left.")
    extension: str = Field(description="Where calls reach them; empty for nowhere.")
    calls: int = Field(description="Calls that they have taken since midnight, or since the server began.")


class CentreNow(BaseModel):
    """A centre, and who could take its calls."""

    name: str
    logged_in: int
    available: int
    waiting: int = Field(description="Calls.")
    agents: list[str] = Field(description="Codes.")


class Proof(Asked):
    """An agent's password, where there is no token."""

    password: SecretStr = Field(max_length=1024)


class Ticket(BaseModel):
    """For one log-in on the agent link."""

    ticket: str
    seconds: int = Field(description="How long it is good.")
    path: str = Field(description="Of the WebSocket.")


_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 409, 429, 503)
}


def rest_api(parts: Parts, version: str) -> FastAPI:
    """The application below /api/v1."""
    # The pages that show such a description come from elsewhere, so there are none.
    app = FastAPI(
        title="flowctl",
        version=version,
        description="Calls of agents, and the states of agents and centres. Proof: `Authorization: Bearer TOKEN`; "
        "`flowctl token` makes one.",
        docs_url=None,
        redoc_url=None,
        responses=_ERRORS,
    )
    app.state.parts = parts
    app.post("/calls", status_code=201, summary="Call a number for an agent")(_make_call)
    app.get("/calls/{identity}", summary="What has become of a call")(_show_call)
    app.delete("/calls/{identity}", status_code=202, summary="End a call")(_end_call)
    app.get("/agents", summary="All agents")(_agents)
    app.get("/centres", summary="All centres")(_centres)
    app.post("/agents/{code}/ticket", status_code=201, summary="A ticket for the agent link")(_ticket)
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _internal)
    return app


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


InParts = Annotated[Parts, Depends(_parts)]


async def _caller(request: Request, parts: InParts) -> Caller:
    return await parts.access.caller(request)


AnyCaller = Annotated[Caller, Depends(_caller)]


async def _application(caller: AnyCaller) -> Caller:
    if caller.application is None:
        raise Denied(403, "applications_only")
    return caller


async def _make_call(order: Order, parts: InParts, caller: AnyCaller) -> CallState:
    if not caller.may_call_for(order.agent):
        raise Denied(403, "not_yours")
    call = await parts.calling.start(
        order.agent, order.number, extension=order.extension.strip(), record=order.record
    )
    return _state(call)


def _find(parts: Parts, caller: Caller, identity: str) -> OutgoingCall:
    """The call, if it is there and the caller may know of it. Raises Denied."""
    call = parts.calling.find(identity)
    if call is None or not caller.may_call_for(call.desk.code):
        raise Denied(404, "no_call")
    return call


async def _show_call(identity: str, parts: InParts, caller: AnyCaller) -> CallState:
    return _state(_find(parts, caller, identity))


async def _end_call(identity: str, parts: InParts, caller: AnyCaller) -> CallState:
    call = _find(parts, caller, identity)
    call.withdraw()
    return _state(call)


def _state(call: OutgoingCall) -> CallState:
    return CallState(
        id=call.record.id,
        agent=call.desk.code,
        extension=call.wanted.phone,
        number=call.wanted.number,
        stage=call.stage.value,
        reason=call.why.text("en") if call.why is not None else "",
        recording=call.recording,
        started=call.record.started,
        answered=call.record.answered,
    )


async def _agents(parts: InParts, _: Annotated[Caller, Depends(_application)]) -> list[AgentNow]:
    return [
        AgentNow(
            code=desk.code,
            name=desk.agent.name,
            active=desk.agent.active,
            state=desk.state.value,
            reason=desk.unavailable or "",
            rest=round(desk.rest, 1),
            extension=desk.phone,
            calls=desk.calls,
        )
        for desk in parts.centres.desks
    ]


async def _centres(parts: InParts, _: Annotated[Caller, Depends(_application)]) -> list[CentreNow]:
    centres = parts.centres
    return [
        CentreNow(name=name, agents=[desk.code for desk in centres.members(name)], **counts)
        for name, counts in centres.snapshot().items()
    ]


async def _ticket(code: str, request: Request, parts: InParts, proof: Proof | None = None) -> Ticket:
    link, access = parts.link, parts.access
    token = bearer(request)
    if token is not None:
        caller = await access.holder(request, token)
        if caller.agent != code:
            raise Denied(403, "not_yours")
    elif proof is None:
        raise Denied(401, "no_token")
    else:
        async with link.verifying:
            access.not_banned(request, code)
            if not await link.sessions.proves(code, proof.password.get_secret_value()):
                access.guessed(request, code)
                raise Denied(401, "bad_password")
            access.proved(request, code)
    return Ticket(ticket=link.tickets.issue(code), seconds=int(GOOD_FOR), path="/agent-link")


# Errors


async def _denied(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Denied)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse(document(error.key), error.status, headers)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return JSONResponse(refused_document(error), STATUS[error.why.key])


async def _bad_request(_: Request, error: Exception) -> JSONResponse:
    """Says where, and repeats nothing of the values, which may be a password."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return JSONResponse(document("bad_request", f"{where or 'body'}: {first['msg']}"), 422)


async def _internal(_: Request, __: Exception) -> JSONResponse:
    """Whoever stands before this logs what it was."""
    return JSONResponse(document("internal"), 500)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    key = "not_found" if error.status_code == 404 else "bad_request"
    return JSONResponse(
        document(key, "" if key == "not_found" else str(error.detail)), error.status_code, error.headers
    )
