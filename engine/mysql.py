"""A connection to MariaDB or MySQL whose making can be given up."""

from __future__ import annotations

from typing import Any, cast

SSL_ERROR = 2026
"""CR_SSL_CONNECTION_ERROR."""


async def connect(**arguments: Any) -> Any:
    """`aiomysql.connect`, which forgets to close its socket when it is cancelled while the server greets, and goes on
    in clear when the server does not encrypt."""
    import aiomysql

    library = cast("Any", aiomysql)
    connection = library.Connection(**arguments)
    try:
        await connection._connect()
        # A server that does not offer it, or somebody in between who takes the offer out, gets no statement from us.
        if arguments.get("ssl") is not None and connection._writer.get_extra_info("ssl_object") is None:
            raise library.OperationalError(SSL_ERROR, "the server does not encrypt")
    except BaseException:
        connection.close()
        raise
    return connection
