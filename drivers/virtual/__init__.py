"""Lines without hardware: what the simulator and the tests call through."""

from drivers.virtual.driver import VirtualDriver
from drivers.virtual.party import Heard, Party

__all__ = ["Heard", "Party", "VirtualDriver"]
