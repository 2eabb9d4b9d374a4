"""`http`: ask a web service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from engine.call.addresses import in_url
from engine.call.templates import Part, split
from engine.errors import CallError
from engine.nodes.base import Node
from engine.nodes.fields import AssignMark, Duration, Json, Text, VariableName
from engine.outside.ports import HttpRequest, HttpResponse
from engine.outside.values import incoming, jsonable

if TYPE_CHECKING:
    from engine.call.call import Call

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", description="Name of a header.")]


class Http(Node):
    """Sends a request to a web service whose host the server's settings allow (`http.allow`).

    `ok`: the answer's status is 200 to 299. Anything else is an `error`. `into: result` gives `result.status`,
    `result.body` (text) and `result.json`, which is null unless the answer is JSON.
    Without an answer the status is 0.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("ok",)
    outside: ClassVar[bool] = True

    type: Literal["http"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(default="GET", description="What is asked.")
    url: Text = Field(
        description="Address, such as https://api.example.com/callers/${call.cli}. Behind the host, values are "
        "percent-encoded (a slash is %2F), and so lead to no other place."
    )
    headers: dict[HeaderName, Text] = Field(default_factory=dict, description="Further headers of the request.")
    payload: Json = Field(
        default=None,
        alias="json",
        description="JSON that is sent. Texts in it may hold ${expressions}; a text that is nothing but one ${…} "
        "keeps the type of its value.",
    )
    timeout: Duration = Field(default=5.0, gt=0, description="How long it may take, all in all; then: `error`.")
    into: Annotated[VariableName, AssignMark("map", outcomes=("ok", "error"))] | None = Field(
        default=None, description="Variable that receives status, body and json."
    )

    async def run(self, call: Call) -> str:
        self._keep(call, HttpResponse(0))
        request = HttpRequest(
            self.method,
            in_url(self.url, call.evaluate),
            {name: call.render(text) for name, text in self.headers.items()},
            json=self._render(call, self.payload),
            has_json="payload" in self.model_fields_set,
            timeout=self.timeout,
        )
        response = await call.services.http.request(request)
        self._keep(call, response)
        if not 200 <= response.status <= 299:
            raise CallError(f"the web service answered {response.status}")
        return "ok"

    def _keep(self, call: Call, response: HttpResponse) -> None:
        if self.into is None:
            return
        # An answer may repeat what was asked.
        masked = any(call.mentions_masked(text) for text in (self.url, *self.headers.values(), str(self.payload)))
        zone = ZoneInfo(call.scenario.scenario.time_zone)
        result = {"status": response.status, "body": response.body, "json": response.json}
        call.assign(self.into, incoming(result, zone), masked=masked)

    def _render(self, call: Call, value: Any) -> Any:
        match value:
            case str():
                parts = split(value)
                if len(parts) == 1 and isinstance(parts[0], Part):
                    return jsonable(call.evaluate(parts[0].expression))
                return call.render(value)
            case dict():
                return {key: self._render(call, item) for key, item in value.items()}
            case list():
                return [self._render(call, item) for item in value]
            case _:
                return value
