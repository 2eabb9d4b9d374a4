"""What a directory file may say, and how much."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.centres.directory import Directory
from engine.centres.passwords import fits, hashed


def test_five_thousand_agents_are_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "directory.yaml"
    agents = (f'  - {{code: "{n}", first_name: Anne, last_name: Martin, phone: "sip:{n}@x"}}' for n in range(5000))
    members = ", ".join(f'"{n}"' for n in range(5000))
    file.write_text("\n".join(["agents:", *agents, "centres:", f"  - {{name: all, agents: [{members}]}}"]))
    assert len(Directory.load(file).centres[0].agents) == 5000


@pytest.mark.parametrize(
    ("agent", "complaint"),
    [
        ({"code": "1", "password": ""}, "at least 1"),
        ({"code": "1" * 65}, "at most 64"),
        ({"code": "20\n1"}, "line break"),
        ({"code": " 201"}, "blank at an end"),
        ({"code": "1", "first_name": "\x1b[2J"}, "not printed"),
        ({"code": "1", "last_name": "a\u202eb"}, "not printed"),
        ({"code": "1", "phone": "27\n"}, "line break"),
        ({"code": "1", "password_hash": "secret"}, "not an argon2id hash"),
        ({"code": "1", "password_hash": "$argon2id$"}, "not an argon2id hash"),
    ],
)
def test_what_an_agent_cannot_be(agent: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Directory.model_validate({"agents": [agent]})


@pytest.mark.parametrize("centre", [{"name": "s\x1b[31m"}, {"name": "sales "}, {"name": "s", "ring": "a\n.wav"}])
def test_what_a_centre_cannot_be_called(centre: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="not printed"):
        Directory.model_validate({"centres": [centre]})


def test_an_agent_is_in_a_centre_once() -> None:
    with pytest.raises(ValidationError, match="'1' 2 times"):
        Directory.model_validate({"agents": [{"code": "1"}], "centres": [{"name": "a", "agents": ["1", "1"]}]})


def test_a_hash_fits_its_password_alone() -> None:
    kept = hashed("pässword")
    Directory.model_validate({"agents": [{"code": "1", "password_hash": kept}]})
    assert (fits(kept, "pässword"), fits(kept, "password"), fits("$argon2id$v=19$m=8,t=1,p=1$x$y", "x")) == (
        True,
        False,
        False,
    )
