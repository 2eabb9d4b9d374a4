"""The agent's side of the agent link: Python's standard library alone, so that the folder can be copied to a desk.

`AgentClient` is for programs that use asyncio, `AgentLink` for all others: it calls back.
"""

from .client import AgentClient
from .link import AgentLink
from .messages import Event, Lost, Message, Refused, State
from .variables import VariablesFile

__all__ = ["AgentClient", "AgentLink", "Event", "Lost", "Message", "Refused", "State", "VariablesFile"]
