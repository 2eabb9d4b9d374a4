"""`lookup`: a row of a database becomes a variable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from engine.nodes.base import Node
from engine.nodes.fields import AssignMark, Cel, Duration, VariableName
from engine.outside.ports import ByColumns, BySql, Query
from engine.outside.values import bindable, incoming

if TYPE_CHECKING:
    from engine.call.call import Call

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")

IDENTIFIER = r"^[^\W\d]\w*$"
TableName = Annotated[str, Field(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)?$")]
ColumnName = Annotated[str, Field(pattern=IDENTIFIER, description="A column of the table.")]
ParameterName = Annotated[str, Field(pattern=IDENTIFIER, description="A `:name` in the query.")]


class Lookup(Node):
    """Looks up one row in a database that the server's settings name; of several rows the first counts.

    Either `table` and `by`, or `query` and `parameters`. Values are always bound, never written into the query. The
    columns become `into.COLUMN`. Days and times come as texts, which `{date: customer.since}` says: `2027-07-14`, and
    `2027-07-14T10:00:00+02:00`, which `timestamp(customer.since)` reads. SQLite gives the text that was stored.
    Databases keep true and false as 1 and 0, so write `customer.vip == 1`.
    """

    outcomes: ClassVar[tuple[str, ...]] = ("found", "not_found")
    outside: ClassVar[bool] = True

    type: Literal["lookup"]
    source: str = Field(min_length=1, description="Name of the database in the setting `databases`.")
    table: TableName | None = Field(default=None, description="Table (or schema.table) in which the row is.")
    by: dict[ColumnName, Cel] = Field(
        default_factory=dict, description="Column → CEL expression: what each column must be equal to."
    )
    query: str | None = Field(
        default=None, min_length=1, description="SQL query instead of table and by; `:name` is a parameter."
    )
    parameters: dict[ParameterName, Cel] = Field(
        default_factory=dict, description="Parameter of the query → CEL expression."
    )
    into: Annotated[VariableName, AssignMark("map", outcomes=("found",))] | None = Field(
        default=None, description="Variable that receives the row: `into: customer` gives customer.COLUMN."
    )
    timeout: Duration = Field(default=3.0, gt=0, description="How long the database may take; then: `error`.")

    @model_validator(mode="after")
    def _one_way(self) -> Lookup:
        if (self.table is None) == (self.query is None):
            raise ValueError("a lookup needs either `table` and `by`, or `query`")
        if self.table is not None and not self.by:
            raise ValueError("a lookup in a `table` needs `by`: which column must have which value")
        if self.table is not None and self.parameters:
            raise ValueError("`parameters` belong to a `query`; with `table`, write `by`")
        if self.query is not None and self.by:
            raise ValueError("`by` belongs to a `table`; with `query`, write `parameters`")
        if self.query is not None and (named := set(_PARAMETER.findall(self.query))) != self.parameters.keys():
            missing = ", ".join(f":{name}" for name in sorted(named ^ self.parameters.keys()))
            raise ValueError(f"the query and its `parameters` do not agree on {missing}")
        return self

    async def run(self, call: Call) -> str:
        zone = ZoneInfo(call.scenario.scenario.time_zone)
        row = await call.services.databases.row(self.source, self._query(call, zone), self.timeout)
        if row is None:
            return "not_found"
        if self.into is not None:
            expressions = (*self.by.values(), *self.parameters.values())
            # The row repeats what it was found by.
            masked = any(call.mentions_masked(expression) for expression in expressions)
            call.assign(self.into, incoming(row, zone), masked=masked)
        return "found"

    def _query(self, call: Call, zone: ZoneInfo) -> Query:
        def values(expressions: dict[str, str]) -> dict[str, Any]:
            return {name: bindable(call.evaluate(expression), zone) for name, expression in expressions.items()}

        if self.table is not None:
            return ByColumns(self.table, values(self.by))
        return BySql(self.query or "", values(self.parameters))
