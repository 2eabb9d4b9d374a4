"""The typed model of a scenario file. `engine.nodes` gives the node types; this is what is around them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from engine.nodes.base import Node
from engine.nodes.fields import LANGUAGE, Duration, NodeName, VariableName

NODE_NAME = r"^[^/\s]([^/\x00-\x1f\x7f]*[^/\s\x00-\x1f\x7f])?$"
NodeKey = Annotated[
    str,
    Field(
        pattern=NODE_NAME,
        description="The name of a node is one line without / (which stands between the names of a scenario and its "
        "sub-scenario), and without blanks at its ends.",
    ),
]


class Variable(BaseModel):
    """A variable of the scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["string", "integer", "number", "boolean"] = Field(
        default="string", description="Type of the values that the variable takes."
    )
    default: str | int | float | bool | None = Field(default=None, description="Value at the start of a call.")
    masked: bool = Field(default=False, description="Show the value as stars in records and logs.")


class Scenario(BaseModel):
    """One scenario file, validated. Keys that begin with `x-` are anybody's own and are not kept."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    format: Literal[1] = Field(description="Version of the scenario language.")
    name: str = Field(description="Name of the scenario, unique on a server.", min_length=1)
    description: str = Field(default="", description="What the scenario is for, in a sentence.")
    did: list[str] = Field(
        default_factory=list,
        description='Numbers that lead here: exact ("32"), patterns ("0143*"), or "*" for every other.',
    )
    language: str = Field(default="en", pattern=LANGUAGE, description="Language of the call: en or fr.")
    time_zone: str = Field(default="UTC", description="IANA time zone, such as Europe/Paris.")
    voice: str | None = Field(
        default=None,
        description="Voice that speaks texts in the scenario's language; others have a voice of their own.",
    )
    prompts: str = Field(default="prompts", description="Folder of the audio files, relative to this file.")
    variables: dict[VariableName, Variable] = Field(default_factory=dict, description="The call's variables.")
    max_duration: Duration | None = Field(default=None, description="The call is ended after this time.")
    start: NodeName = Field(description="Name of the first node.")
    on_error: NodeName | None = Field(
        default=None, description="Node taken when a node fails that has no `error` branch."
    )
    nodes: dict[NodeKey, SerializeAsAny[Node]] = Field(description="The nodes, by name.", min_length=1)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Scenario:
        """Build the model from a document that has passed the schema; raises pydantic.ValidationError."""
        from engine.nodes.registry import node_types

        types = node_types()
        nodes = {name: types[node["type"]].model_validate(node) for name, node in document["nodes"].items()}
        return cls.model_validate({**document, "nodes": nodes})
