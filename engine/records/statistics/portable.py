"""What SQLite and MariaDB write differently."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class Quotient(FunctionElement[int]):
    """A whole number, not negative, divided by another one, without the rest."""

    type = BigInteger()
    inherit_cache = True


class SinceTheHour(FunctionElement[int]):
    """Milliseconds of a time since its last full hour."""

    type = BigInteger()
    inherit_cache = True


@compiles(Quotient, "sqlite")
def _slash(element: Any, compiler: Any, **options: Any) -> str:
    above, below = (compiler.process(part, **options) for part in element.clauses)
    return f"(({above}) / ({below}))"


@compiles(Quotient, "mysql")
@compiles(Quotient, "mariadb")
def _div(element: Any, compiler: Any, **options: Any) -> str:
    # `/` would make a decimal of four places, and round it.
    above, below = (compiler.process(part, **options) for part in element.clauses)
    return f"(({above}) DIV ({below}))"


@compiles(SinceTheHour, "sqlite")
def _of_a_text(element: Any, compiler: Any, **options: Any) -> str:
    # 2026-10-25 01:02:03.004000
    time = compiler.process(element.clauses, **options)
    return f"(substr({time}, 15, 2) * 60000 + substr({time}, 18, 2) * 1000 + substr({time}, 21, 3))"


@compiles(SinceTheHour, "mysql")
@compiles(SinceTheHour, "mariadb")
def _of_a_time(element: Any, compiler: Any, **options: Any) -> str:
    time = compiler.process(element.clauses, **options)
    return f"(MINUTE({time}) * 60000 + SECOND({time}) * 1000 + MICROSECOND({time}) DIV 1000)"
