"""The web server: click-to-call, the REST interface, and the agent link for browsers."""
