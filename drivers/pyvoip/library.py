"""pyVoIP itself: imported where it can work, refused with the remedy where it cannot."""

from __future__ import annotations

import sys
import warnings

from engine.errors import ConfigurationError

VERSION = "1.6.8"
"""The only one that is known: half of its SIP client is replaced here, and later ones are arranged otherwise."""

LAST_PYTHON = (3, 12)
"""pyVoIP imports `audioop`, which Python 3.13 no longer has."""


def require(python: tuple[int, int] = sys.version_info[:2]) -> None:
    """Import pyVoIP. Raises ConfigurationError where it is missing or cannot be used."""
    if python > LAST_PYTHON:
        raise ConfigurationError(
            f"pyvoip: pyVoIP {VERSION} needs Python {LAST_PYTHON[0]}.{LAST_PYTHON[1]} or earlier, and this is "
            f"{python[0]}.{python[1]}: leave out the `pyvoip` section and use `sip`"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of audioop
            import pyVoIP.VoIP  # its parts import one another: only this order works
    except ImportError as error:
        raise ConfigurationError(
            f"pyvoip: pyVoIP cannot be loaded ({error}): pip install 'flowctl[pyvoip]'"
        ) from None
    if pyVoIP.__version__ != VERSION:
        raise ConfigurationError(f"pyvoip: pyVoIP {pyVoIP.__version__} is installed, {VERSION} is needed")
