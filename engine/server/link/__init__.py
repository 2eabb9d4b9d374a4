"""The agent link: agents' computers, over TCP or a WebSocket, speaking lines of JSON (docs/agent-link.md)."""
