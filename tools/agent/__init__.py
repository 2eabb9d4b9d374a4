"""The agent's side of the agent link: Python's standard library alone, so that the folder can be copied to a desk.

`AgentClient` is for programs that use asyncio, `AgentLink` for all others: it calls back.
"""

from .client import AgentClient
from .link import AgentLink
from .messages import Event, Lost, Message, Refused, State
from .screenpop import PopRefused, ScreenPop
from .variables import VariablesFile
from .waiting import Waiting, WaitingCalls

__all__ = [
    "AgentClient",
    "AgentLink",
    "Event",
    "Lost",
    "Message",
    "PopRefused",
    "Refused",
    "ScreenPop",
    "State",
    "VariablesFile",
    "Waiting",
    "WaitingCalls",
]
