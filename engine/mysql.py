"""A connection to MariaDB or MySQL whose making can be given up."""

from __future__ import annotations

from typing import Any, cast


async def connect(**arguments: Any) -> Any:
    """`aiomysql.connect`, which forgets to close its socket when it is cancelled while the server greets."""
    import aiomysql

    connection = cast("Any", aiomysql).Connection(**arguments)
    try:
        await connection._connect()
    except BaseException:
        connection.close()
        raise
    return connection
