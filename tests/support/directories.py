"""Directories that Hypothesis makes up."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.centres.directory import Directory

_PRINTED = st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" ").filter(str.isprintable)
WORDS = st.text(_PRINTED, max_size=8).map(str.strip)
KEYS = WORDS.filter(bool)
SECONDS = st.integers(0, 100_000).map(lambda milliseconds: f"{milliseconds}ms")


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    codes, names = draw(st.lists(KEYS, unique=True, max_size=4)), draw(st.lists(KEYS, unique=True, max_size=3))
    substitutes = [st.none(), *(st.just({"centre": name}) for name in names)]
    agents = [
        {
            "code": code,
            "first_name": draw(WORDS),
            "last_name": draw(WORDS),
            "phone": draw(st.none() | WORDS),
            "login": draw(st.sampled_from([None, "required", "none"])),
            "active": draw(st.booleans()),
            "substitute": draw(st.one_of(*substitutes, *(st.just(other) for other in codes if other != code))),
            "password_hash": draw(st.sampled_from([None, "$argon2id$v=19$m=8,t=1,p=1$aaaa$bbbb"])),
        }
        for code in codes
    ]
    centres = [
        {
            "name": name,
            "agents": draw(st.lists(st.sampled_from(codes), unique=True)) if codes else [],
            "answer_delay": draw(SECONDS),
            "wrap_up": draw(SECONDS),
            "order": draw(st.sampled_from(["fixed", "longest_idle", "least_calls", "round_robin"])),
            "ring": draw(st.none() | WORDS),
            "screen_pop": draw(st.sampled_from([None, "https://x/{cli}", ["show", "{caller}", "é"]])),
        }
        for name in names
    ]
    return Directory.model_validate({"agents": agents, "centres": centres})
