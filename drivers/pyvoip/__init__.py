"""Simple SIP lines by pyVoIP (GPL-3.0, extra `pyvoip`): one peer, few channels."""

from drivers.pyvoip.driver import PyVoipDriver

__all__ = ["PyVoipDriver"]
