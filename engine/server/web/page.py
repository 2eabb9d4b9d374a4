"""Click-to-call by an address: `GET /?CALL&userid&extension&number`, answered with a small page.

The form is as old as the programs that use it; `GET /CALL&userid&extension&number` is the same.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from engine.centres.calling import Calling, Refused
from engine.server.web.access import Access, Denied
from engine.server.web.errors import STATUS

_TEXTS = {
    "en": {
        "title": "Call",
        "begun": "{number} is being called: your phone {phone} rings first.",
        "not_called": "No call was made: {why}.",
        "form": "the address is not of the form /?CALL&code&extension&number",
        "method": "the address must be asked for with GET",
        "no_token": "this needs the agent's token: add &token=… to the address",
        "bad_token": "the token is not known",
        "not_yours": "the token is of another agent",
        "banned": "too many wrong tokens came from here; wait ten minutes",
        "other_site": "a page of another site has asked, without a token",
        "not_active": "the agent is not active",
        "no_database": "the database does not answer; try again",
    },
    "fr": {
        "title": "Appel",
        "begun": "Appel de {number} en cours : votre poste {phone} sonne d'abord.",
        "not_called": "Aucun appel n'a été lancé : {why}.",
        "form": "l'adresse n'est pas de la forme /?CALL&code&poste&numéro",
        "method": "l'adresse doit être demandée par GET",
        "no_token": "il faut le jeton de l'agent : ajoutez &token=… à l'adresse",
        "bad_token": "le jeton est inconnu",
        "not_yours": "le jeton est celui d'un autre agent",
        "banned": "trop de jetons erronés sont venus d'ici ; attendez dix minutes",
        "other_site": "une page d'un autre site l'a demandé, sans jeton",
        "not_active": "l'agent est désactivé",
        "no_database": "la base de données ne répond pas ; réessayez",
    },
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `token` is empty without."""

    code: str
    extension: str
    number: str
    token: str


def read(raw_path: bytes, query: bytes) -> Asked | None:
    """What the address of a request asks for; None for one that asks for nothing of ours."""
    target = raw_path.lstrip(b"/") + (b"&" + query if query and raw_path != b"/" else query)
    word, *parts = target.decode("ascii", "replace").split("&")
    if word.upper() != "CALL" or len(parts) < 3:
        return None
    # A `+` is the beginning of a number here, and no blank.
    code, extension, number, *more = (unquote(part).strip() for part in parts)
    options = dict(part.partition("=")[::2] for part in more)
    return Asked(code, extension, number, options.get("token", ""))


class ClickToCall:
    """Answers such addresses."""

    def __init__(self, calling: Calling, access: Access, language: str) -> None:
        self._calling = calling
        self._access = access
        self._language = language

    async def answer(self, request: Request) -> Response:
        """Make the call, and say so; or say why not."""
        asked = read(request.scope["raw_path"], request.scope["query_string"])
        if asked is None:
            return self._not_called(404, self._text("form"))
        if request.method != "GET":
            return self._not_called(405, self._text("method"))
        try:
            caller = await self._access.caller(request, asked.token)
            if not caller.may_call_for(asked.code):
                raise Denied(403, "not_yours")
            call = await self._calling.start(asked.code, asked.number, extension=asked.extension)
        except Denied as denied:
            return self._not_called(denied.status, self._text(denied.key), denied.retry_after)
        except Refused as refused:
            return self._not_called(STATUS[refused.why.key], refused.why.text(self._language))
        return self._page(200, self._text("begun", number=call.wanted.number, phone=call.wanted.phone))

    def _text(self, key: str, **names: str) -> str:
        return _TEXTS[self._language][key].format(**names)

    def _not_called(self, status: int, why: str, retry_after: int | None = None) -> Response:
        page = self._page(status, self._text("not_called", why=why))
        if retry_after is not None:
            page.headers["Retry-After"] = str(retry_after)
        return page

    def _page(self, status: int, text: str) -> Response:
        head = f'<meta charset="utf-8"><title>{html.escape(self._text("title"))}</title>'
        return HTMLResponse(
            f'<!DOCTYPE html>\n<html lang="{self._language}"><head>{head}</head>'
            f"<body><p>{html.escape(text)}</p></body></html>\n",
            status,
        )
