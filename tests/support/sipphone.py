"""A phone that registers and gives its password, independent of the product (RFC 7616).

async with SipUa.open("127.0.0.1") as ua:
    phone = Phone(ua, "201", "s3cret", driver.address)
    assert (await phone.register()).status == 200
    call = await phone.call("32")
"""

from __future__ import annotations

import hashlib
import itertools

from support.sipregistrar import parameters
from support.sipua import Call, Message, SipUa, sdp, until

_unique = itertools.count(1)


class Phone:
    """One account of one user agent; `password` and `uri` may be spoilt to test what is refused."""

    def __init__(self, ua: SipUa, user: str, password: str, to: tuple[str, int]) -> None:
        self.ua, self.user, self.password, self.to = ua, user, password, to
        self.contact = f"<sip:{user}@{ua.host}:{ua.port};line=x1>"
        self.call_id = f"register{next(_unique)}@test"
        self.cseq = 0
        self.domain = ""
        """The name by which it knows the registrar, if it has one."""
        self.uri = ""
        """Instead of the right one in Authorization."""

    async def register(self, expires: int | None = 300, contact: str = "", user: str = "") -> Message:
        """Register, answer the challenge, and return what that is answered. user: whose address it is for."""
        challenged = await self.send_register(expires, contact, user)
        if challenged.status != 401:
            return challenged
        return await self.send_register(expires, contact, user, self.answer(challenged, "REGISTER"))

    async def send_register(
        self,
        expires: int | None = 300,
        contact: str = "",
        user: str = "",
        authorization: str = "",
        *extra: tuple[str, str],
    ) -> Message:
        """One REGISTER; its response."""
        self.cseq += 1
        address = f"<sip:{user or self.user}@pbx>"
        headers = [("Via", self.ua.via()), ("From", f"{address};tag=r1"), ("To", address), ("Call-ID", self.call_id)]
        headers += [("CSeq", f"{self.cseq} REGISTER"), ("Max-Forwards", "70"), ("Contact", contact or self.contact)]
        headers += [("Expires", str(expires))] if expires is not None else []
        headers += [("Authorization", authorization)] if authorization else []
        return await self.ask(Message(f"REGISTER {self.registrar} SIP/2.0", [*headers, *extra]))

    @property
    def registrar(self) -> str:
        """The URI of the request line."""
        return f"sip:{self.domain}" if self.domain else "sip:{}:{}".format(*self.to)

    async def ask(self, request: Message) -> Message:
        """Send a request; the response to it. TimeoutError when there is none."""
        via, found = request.get("Via"), list[Message]()

        def answered() -> bool:
            branch = via.partition("branch=")[2]
            found.extend(m for m in self.ua.log if m.status >= 200 and branch in m.get("Via"))
            return bool(found)

        self.ua.send(request, self.to)
        await until(answered, 2)
        return found[0]

    def answer(self, challenged: Message, method: str, uri: str = "", count: int = 1) -> str:
        """The Authorization for a challenge."""
        given = parameters(challenged.get("WWW-Authenticate"))
        new = hashlib.sha256 if given["algorithm"] == "SHA-256" else hashlib.md5
        uri, nc, cnonce = self.uri or uri or self.registrar, f"{count:08x}", "c1"

        def digest(text: str) -> str:
            return new(text.encode()).hexdigest()

        secret = digest(f"{self.user}:{given['realm']}:{self.password}")
        proof = f"{secret}:{given['nonce']}:{nc}:{cnonce}:auth:{digest(f'{method}:{uri}')}"
        return (
            f'Digest username="{self.user}",realm="{given["realm"]}",nonce="{given["nonce"]}",uri="{uri}",'
            f'response="{digest(proof)}",algorithm={given["algorithm"]},qop=auth,nc={nc},cnonce="{cnonce}"'
        )

    async def call(self, did: str, cli: str = "") -> Call:
        """Call `did`; the call after its password has been given."""
        call = await self.ua.prepare(did, self.to, cli=cli or self.user, name="Anne")
        await self.place(call)
        return call

    async def place(self, call: Call) -> None:
        """Call, and give the password."""
        call.send_invite(sdp(*call.rtp.address))
        challenged = await call.response(*range(200, 700), timeout=2)
        if challenged.status == 401:
            call.send_invite(
                sdp(*call.rtp.address), [("Authorization", self.answer(challenged, "INVITE", call.target))]
            )
