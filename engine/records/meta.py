"""The tables of the server's own database, as they register themselves."""

from __future__ import annotations

from sqlalchemy import MetaData

META = MetaData()
