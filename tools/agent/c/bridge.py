"""What the nine functions of the C interface do: one session of the callback library a process."""

from __future__ import annotations

import logging
import shlex
import ssl
import threading
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

from ..filling import FillingError, fill_arguments, fill_url, values_of
from ..link import AgentLink
from ..messages import Event, Lost, Message
from ..waiting import WaitingCalls
from .numbers import CallNumbers
from .trace import Trace

TRACE = "PhoneAssistAgent.tra"
WITH_TLS = "tls://"
"""Before the name of a server that wants TLS."""


@dataclass(frozen=True)
class Told:
    """The texts that a callback gets, in its order; empty where it gets NULL."""

    cli: str = ""
    name: str = ""
    company: str = ""
    ident: str = ""
    centre: str = ""
    channel: str = ""
    command: str = ""
    number: str = ""
    reason: str = ""


Callback = Callable[[int, int, Told], None]
"""Letter, number of the call, texts."""


class Bridge:
    """The functions may be called from any thread, and from the callback; it is called by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """folder: that of the library: of its trace, and of a variables file without a folder."""
        self._folder = folder
        self._trace = Trace(folder / TRACE)
        package = logging.getLogger((__package__ or "").rpartition(".")[0])
        package.addHandler(self._trace)
        package.propagate = False
        self._calling = threading.RLock()
        """Held while the callback runs."""
        self._opening = threading.Lock()
        self._callback: Callback | None = None
        self._variables: Path | None = None
        self._link = AgentLink()
        self._waiting = WaitingCalls()
        self._numbers = CallNumbers()

    def declare_callback(self, callback: Callback | None, debug: bool) -> None:
        """Who is told; None for nobody. When this returns the one before runs no longer, unless it is the one who
        calls. debug: whether a trace is written."""
        with self._calling:
            self._callback = callback
        self._trace.switch(debug)
        self._trace.say(f"AgentDeclareCallback : {'NULL' if callback is None else 'declared'}")

    def declare_variables_file(self, path: str | None) -> None:
        """Where a call's variables are written: a whole path, or a name in the library's folder. One that is neither
        is as none."""
        self._trace.say(f"AgentDeclareVariablesFile : {path}")
        given = None if not path else Path(path)
        if given is not None and len(given.parts) == 1 and not given.is_absolute():
            given = self._folder / given
        with self._opening:
            self._variables = None
            self._link.declare_variables_file(None)
            try:
                self._link.declare_variables_file(given)
                self._variables = given
            except ValueError as error:
                self._trace.say(f"AgentDeclareVariablesFile : {error}")

    def open_session(self, code: str, password: str, extension: str, server: str, port: int) -> bool:
        """Log in, and out first where one is logged in."""
        self._trace.say(
            f"AgentOpenSession : Userid {code} - Password *** - Extension {extension} - Server {server} - Port {port}"
        )
        host = server.removeprefix(WITH_TLS)
        with self._opening:
            self._link.close_session()
            link = AgentLink(tls=ssl.create_default_context() if host != server else None)
            link.declare_callback(lambda message: self._tell(link, message))
            link.declare_variables_file(self._variables)
            self._link, self._waiting = link, WaitingCalls()
            return self._result("AgentOpenSession", link.open_session(code, password, extension, host, port))

    def close_session(self) -> bool:
        """Log out."""
        self._trace.say("AgentCloseSession")
        with self._opening:
            return self._result("AgentCloseSession", self._link.close_session())

    def accept_call(self, channel: str) -> bool:
        """Take a call."""
        self._trace.say(f"AgentAcceptCall : {channel}")
        return self._result("AgentAcceptCall", self._link.accept_call(channel))

    def reject_call(self, channel: str) -> bool:
        """Refuse a call that was offered to this agent alone."""
        self._trace.say(f"AgentRejectCall : {channel}")
        return self._result("AgentRejectCall", self._link.reject_call(channel))

    def unavailable(self) -> bool:
        """No calls from now on."""
        self._trace.say("AgentUnavailable")
        return self._result("AgentUnavailable", self._link.unavailable())

    def available(self) -> bool:
        """Calls again."""
        self._trace.say("AgentAvailable")
        return self._result("AgentAvailable", self._link.available())

    def call(self, number: str, record: bool) -> bool:
        """Call a number and be connected with it."""
        self._trace.say(f"AgentCall : {number} - Record {int(record)}")
        return self._result("AgentCall", self._link.call(number, record))

    def _result(self, function: str, sent: bool) -> bool:
        self._trace.say(f"{function} Result : {int(sent)}")
        return sent

    def _tell(self, link: AgentLink, message: Message) -> None:
        """In a thread of the library."""
        with self._calling:
            if link is not self._link:
                return
            waited = [waiting.event for waiting in self._waiting.all] if isinstance(message, Lost) else []
            self._waiting.tell(message)
            if not isinstance(message, Event):
                self._trace.say(str(message))
            # A C program has no event for a connection that is lost: its calls wait no longer, as far as is known.
            for event in waited:
                self._call_back("T", event, getattr(message, "reason", ""))
            if isinstance(message, Event):
                self._call_back(message.letter, message, message.reason)

    def _call_back(self, letter: str, event: Event, reason: str) -> None:
        command = ""
        if letter == "X":
            try:
                command = self._command(event)
            except FillingError as error:
                reason = str(error)
        told = Told(
            event.cli, event.name, event.company, event.ident, event.centre, event.channel, command, event.number,
            reason,
        )  # fmt: skip
        call = self._numbers.of(event.call)
        texts = (text or "(NULL)" for text in astuple(told))
        self._trace.say(
            'Event : Type {} - Call {} - CLI "{}" - CallerName "{}" - CallerCompany "{}" - CallerIdent "{}" - '
            'CallCenter "{}" - Channel "{}" - Command "{}" - Number "{}" - Reason "{}"'.format(
                ord(letter), call, *texts
            )
        )
        if self._callback is not None:
            self._callback(ord(letter), call, told)

    def _command(self, event: Event) -> str:
        """What is to be run, the call's data filled in: a URL, or words quoted for the shell, which sees nothing else
        in them. Raises FillingError."""
        values = values_of(event, str(self._variables or ""))
        if isinstance(event.command, str):
            return fill_url(event.command, values)
        return shlex.join(fill_arguments(event.command, values))
