"""sippy made fit to live in our process, by replacing module attributes; import in the signalling thread only.

* Its event dispatcher waits in our reactor instead of a 100 Hz timer.
* Exceptions on malformed datagrams are counted instead of printed, and nothing is ever printed on stdout.
* The clock is `time.clock_gettime` instead of ctypes, and `dir()`, which it uses on each header to tell "my
  address" from a string, looks for the one attribute that it wants: together 0.5 ms a call.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import sippy.SipConf
import sippy.SipTransactionManager
import sippy.SipURL
import sippy.SipVia
import sippy.Time.MonoTime
import sippy.UA
from sippy.Core.EventDispatcher import ED2

from drivers.sip.limited_log import LimitedLog

if TYPE_CHECKING:
    from drivers.sip.reactor import Reactor

malformed = LimitedLog(logging.getLogger("drivers.sip"), "a SIP message could not be used")
"""Every message that sippy complained about; `malformed.count` counts them."""


def dispatcher(reactor: Reactor) -> Any:
    """sippy's event dispatcher, bound to this thread and to `reactor`."""
    _replace()
    ED2.my_ident = threading.get_ident()
    ED2.elp = reactor
    return ED2


def _replace() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("sippy."):
            vars(module)["print"] = _complaint
            if "dump_exception" in vars(module):
                vars(module)["dump_exception"] = _complaint
    for module in (sippy.SipURL, sippy.SipVia, sippy.SipConf, sippy.SipTransactionManager):
        vars(module)["dir"] = _is_mine
    vars(sippy.Time.MonoTime)["clock_getdtime"] = time.clock_gettime
    # A tel: address in From is legal (RFC 3966); without this the whole INVITE is dropped.
    sippy.SipConf.SipConf.autoconvert_tel_url = True


def _complaint(*_: object, **__: object) -> None:
    error = sys.exception()
    malformed.warning(f"{type(error).__name__}: {error}"[:200] if error else "")


def _is_mine(value: object) -> tuple[str, ...]:
    return ("my",) if hasattr(value, "my") else ()
