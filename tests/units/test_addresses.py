"""A value in a URL is one segment of its path, or one value of its query."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.call.addresses import in_url
from engine.errors import CallError
from engine.nodes.http import Http
from engine.outside.ports import HttpRequest, HttpResponse

VALUES = {
    "plus": "+33143670903",
    "evil": "../../secret?all=1#&b=2",
    "base": "https://api.example.com/v1",
    "dots": "..",
    "n": 3,
    "name": "Zoé Martin",
}


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://h.example/c/${plus}?from=${plus}", "https://h.example/c/%2B33143670903?from=%2B33143670903"),
        (
            "https://h.example/c/${evil}/x",
            "https://h.example/c/..%2F..%2Fsecret%3Fall%3D1%23%26b%3D2/x",
        ),
        ("https://h.example?q=${evil}", "https://h.example?q=..%2F..%2Fsecret%3Fall%3D1%23%26b%3D2"),
        ("${base}/people/${name}", "https://api.example.com/v1/people/Zo%C3%A9%20Martin"),
        ("https://h.example:${n}/a/${n}/b%20c", "https://h.example:3/a/3/b%20c"),
        ("https://h.example/a?q=${dots}", "https://h.example/a?q=.."),
        ("HTTPS://h.example/$${n}", "HTTPS://h.example/${n}"),
    ],
)
def test_values_stay_where_they_are_written(written: str, address: str):
    assert in_url(written, VALUES.__getitem__) == address


def test_no_value_leads_out_of_the_path():
    with pytest.raises(CallError, match="leads out"):
        in_url("https://h.example/customers/${dots}/admin", VALUES.__getitem__)


async def test_the_node_sends_them_so():
    asked: list[str] = []

    async def request(request: HttpRequest) -> HttpResponse:
        asked.append(request.url)
        return HttpResponse(200)

    call = SimpleNamespace(
        evaluate=VALUES.__getitem__, services=SimpleNamespace(http=SimpleNamespace(request=request))
    )
    node = Http.model_validate({"type": "http", "url": "https://h.example/c/${evil}?from=${plus}", "next": "end"})
    assert await node.run(cast("Any", call)) == "ok"
    assert asked == ["https://h.example/c/..%2F..%2Fsecret%3Fall%3D1%23%26b%3D2?from=%2B33143670903"]
