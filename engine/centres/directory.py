"""The people: agents and centres, as `directory.yaml` gives them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from engine.centres.passwords import HASH
from engine.errors import ConfigurationError
from engine.nodes.fields import Duration

MAX_VALUES = 500_000
"""Keys and values of a directory file: ten thousand agents in many centres, read in some seconds."""

CODE_LENGTH, NAME_LENGTH = 64, 100
"""Characters of an agent's code and of a centre's name: they are keys in the database."""

PASSWORD_LENGTH = 1024

Order = Literal["fixed", "longest_idle", "least_calls", "round_robin"]


def _one_line(value: str) -> str:
    """Codes and names are printed, logged and compared."""
    if not value.isprintable() or value != value.strip():
        raise ValueError(f"{value!r} has a line break or another character that is not printed, or a blank at an end")
    return value


OneLine = Annotated[str, AfterValidator(_one_line)]


def _screen_pop(value: str | list[str]) -> str | list[str]:
    if isinstance(value, str) and not re.match(r"https?://[^/{]", value):
        raise ValueError(f"{value!r} is no URL: write https://…, or a program and its arguments as a list")
    if not value:
        raise ValueError("a program is missing: write it and its arguments as a list")
    return value


def _hash(value: str | None) -> str | None:
    if value is not None and not HASH.fullmatch(value):
        raise ValueError("not an argon2id hash; a password in clear goes into `password`")
    return value


class ToCentre(BaseModel):
    """A centre that stands in for an agent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    centre: str = Field(min_length=1, description="Name of the centre.")


class Agent(BaseModel):
    """Somebody who takes calls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: OneLine = Field(min_length=1, max_length=CODE_LENGTH, description="Code of the agent, unique.")
    first_name: OneLine = Field(default="", description="First name.")
    last_name: OneLine = Field(default="", description="Last name.")
    password: SecretStr | None = Field(
        default=None,
        min_length=1,
        max_length=PASSWORD_LENGTH,
        description="For logging in; agents reached by telephone alone need none. The database keeps a hash of it.",
    )
    password_hash: Annotated[str | None, AfterValidator(_hash)] = Field(
        default=None, description="The password as argon2id hash, in place of `password`."
    )
    login: Literal["required", "none"] | None = Field(
        default=None,
        description="required: gets calls only while logged in. none: whenever the phone answers. By default "
        "required for whom has a password.",
    )
    phone: OneLine | None = Field(
        default=None,
        description="Where calls reach the agent: a SIP URI, a telephone number or an extension; another one may be "
        "given at log-in.",
    )
    active: bool = Field(default=True, description="An inactive agent gets no calls and cannot log in.")
    substitute: str | ToCentre | None = Field(
        default=None,
        description="Who gets the agent's calls while the agent is not there or busy: the code of another agent, or "
        "`{centre: NAME}`.",
    )

    @model_validator(mode="after")
    def _one_password(self) -> Agent:
        if self.password is not None and self.password_hash is not None:
            raise ValueError("give `password` or `password_hash`, not both")
        return self

    @property
    def name(self) -> str:
        """First and last name, or the code."""
        return f"{self.first_name} {self.last_name}".strip() or self.code

    @property
    def logs_in(self) -> bool:
        """True for one who gets calls only while logged in."""
        if self.login is not None:
            return self.login == "required"
        return self.password is not None or self.password_hash is not None


class Centre(BaseModel):
    """A named group of agents."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: OneLine = Field(
        min_length=1, max_length=NAME_LENGTH, description="Name of the centre, used by `agent_search`."
    )
    agents: list[str] = Field(default_factory=list, description="Codes of its agents.")
    answer_delay: Duration = Field(default=15.0, description="How long a sequential search waits for each agent.")
    order: Order = Field(
        default="fixed",
        description="Whom a sequential search asks first. fixed: as in `agents`. longest_idle: who has been free for "
        "longest. least_calls: who has had the fewest calls today. round_robin: who comes after the last one asked.",
    )
    wrap_up: Duration = Field(default=0.0, description="Rest of an agent after each call of the centre.")
    ring: OneLine | None = Field(default=None, description="Sound that announces a call on the agent's computer.")
    screen_pop: Annotated[str | list[str], AfterValidator(_screen_pop)] | None = Field(
        default=None,
        description="What shows the caller's file at the agent's computer as they accept: a URL, or a program and "
        "its arguments. {cli}, {caller}, {did}, {name}, {company}, {ident}, {centre}, {call} and {variables_file} "
        "are filled in.",
    )


class Directory(BaseModel):
    """All agents and centres."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agents: list[Agent] = Field(default_factory=list, description="The agents.")
    centres: list[Centre] = Field(default_factory=list, description="The centres.")

    @model_validator(mode="after")
    def _consistent(self) -> Directory:
        codes = Counter(agent.code for agent in self.agents)
        for what, names in (("agent code", codes), ("centre", Counter(centre.name for centre in self.centres))):
            for name, count in names.items():
                if count > 1:
                    raise ValueError(f"{what} {name!r} is given {count} times")
        for centre in self.centres:
            for code, count in Counter(centre.agents).items():
                if count > 1:
                    raise ValueError(f"centre {centre.name!r} has the agent {code!r} {count} times")
                if code not in codes:
                    raise ValueError(f"centre {centre.name!r} has an agent {code!r} who is not in `agents`")
        self._substitutes_exist()
        return self

    def _substitutes_exist(self) -> None:
        codes, centres = {agent.code for agent in self.agents}, {centre.name for centre in self.centres}
        for agent in self.agents:
            match agent.substitute:
                case ToCentre(centre=name) if name not in centres:
                    raise ValueError(f"agent {agent.code!r} has as substitute a centre {name!r} that does not exist")
                case str(code) if code not in codes or code == agent.code:
                    raise ValueError(f"agent {agent.code!r} cannot have {code!r} as substitute: no other agent")

    @classmethod
    def load(cls, path: Path) -> Directory:
        """Read a directory file. Raises ConfigurationError, naming the file and the key."""
        from engine.scenario.load import read_mapping

        try:
            return cls.model_validate(read_mapping(path, most=MAX_VALUES))
        except ValidationError as error:
            raise ConfigurationError("\n".join(defects(path, error))) from error


_PLAINLY = {
    "extra_forbidden": "there is no such key",
    "missing": "needed",
    "string_type": "expected text; a number is written in quotes",
    "dict_type": "expected names, each with its keys",
    "list_type": "expected a list: [one, two]",
    "tuple_type": "expected a list: [one, two]",
}
"""For people who write YAML, by pydantic's name of the mistake."""


def defects(path: Path, error: ValidationError) -> list[str]:
    """Every defect of a configuration file in a line: file, key, what is wrong."""
    return [
        f"{path}: {'.'.join(str(part) for part in e['loc'] if part != '[key]') or 'file'}: "
        f"{_PLAINLY.get(e['type'], e['msg']).removeprefix('Value error, ')}"
        for e in error.errors()
    ]
