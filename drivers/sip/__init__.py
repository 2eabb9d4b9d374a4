"""SIP lines: signalling by sippy in its own thread, media in worker processes."""

from drivers.sip.driver import SipDriver

__all__ = ["SipDriver"]
