"""The people: agents and centres, as `directory.yaml` gives them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from engine.errors import ConfigurationError
from engine.nodes.fields import Duration


class Agent(BaseModel):
    """Somebody who takes calls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(min_length=1, description="Code of the agent, unique.")
    first_name: str = Field(default="", description="First name.")
    last_name: str = Field(default="", description="Last name.")
    password: SecretStr | None = Field(
        default=None, description="For logging in; agents reached by telephone alone need none."
    )
    phone: str | None = Field(
        default=None, description="Where calls reach the agent: a SIP URI, a telephone number or an extension."
    )
    active: bool = Field(default=True, description="An inactive agent gets no calls.")

    @property
    def name(self) -> str:
        """First and last name, or the code."""
        return f"{self.first_name} {self.last_name}".strip() or self.code


class Centre(BaseModel):
    """A named group of agents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="Name of the centre, used by `agent_search`.")
    agents: list[str] = Field(default_factory=list, description="Codes of its agents, in the order of search.")
    answer_delay: Duration = Field(default=15.0, description="How long a sequential search rings each agent's phone.")
    wrap_up: Duration = Field(default=0.0, description="Rest of an agent after each call of the centre.")
    ring: str | None = Field(default=None, description="Sound that announces a call on the agent's computer.")


class Directory(BaseModel):
    """All agents and centres."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agents: list[Agent] = Field(default_factory=list, description="The agents.")
    centres: list[Centre] = Field(default_factory=list, description="The centres.")

    @model_validator(mode="after")
    def _consistent(self) -> Directory:
        codes = [agent.code for agent in self.agents]
        for what, names in (("agent code", codes), ("centre", [centre.name for centre in self.centres])):
            for name, count in Counter(names).items():
                if count > 1:
                    raise ValueError(f"{what} {name!r} is given {count} times")
        for centre in self.centres:
            for code in centre.agents:
                if code not in codes:
                    raise ValueError(f"centre {centre.name!r} has an agent {code!r} who is not in `agents`")
        return self

    @classmethod
    def load(cls, path: Path) -> Directory:
        """Read a directory file. Raises ConfigurationError, naming the file and the key."""
        from engine.scenario.load import read_mapping

        try:
            return cls.model_validate(read_mapping(path))
        except ValidationError as error:
            raise ConfigurationError("\n".join(defects(path, error))) from error


def defects(path: Path, error: ValidationError) -> list[str]:
    """Every defect of a configuration file in a line: file, key, what is wrong."""
    return [
        f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors()
    ]
