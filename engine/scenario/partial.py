"""Models without their obligations: what is left of a node, or of the top of a file, without its unsound parts."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, create_model, model_validator
from pydantic.fields import FieldInfo

from engine.nodes.base import Path
from engine.scenario.walk import attributes, fields

M = TypeVar("M", bound=BaseModel)


@cache
def partial(model: type[M]) -> type[M]:
    """A subclass that takes what `without` leaves: a required field that is missing is None or
    empty, a model that was taken out of a list has nothing but such fields."""
    loose: dict[str, Any] = {}
    for key, hint in fields(model):
        name = attributes(model)[key]
        loose[name] = (_loose(hint), _default(model.model_fields[name], hint))
    validators: dict[str, Any] = {"nothing": model_validator(mode="before")(_nothing)}
    found: type[M] = create_model(
        model.__name__,
        __base__=model,
        __validators__=validators,
        **loose,
    )
    return found


def _default(info: FieldInfo, hint: Any) -> Any:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if info.is_required() and get_origin(hint) in (list, dict):
        return Field(default_factory=get_origin(hint), alias=info.alias)
    if info.default_factory is not None:
        return Field(default_factory=info.default_factory, alias=info.alias)
    return Field(default=None if info.is_required() else info.default, alias=info.alias)


def without(value: Any, spoiled: frozenset[Path], path: Path = ()) -> Any:
    """A copy of plain data without what stands at some paths. Items of lists become None, so that the others
    keep their places."""
    if isinstance(value, dict):
        return {
            key: without(item, spoiled, (*path, key)) for key, item in value.items() if (*path, key) not in spoiled
        }
    if isinstance(value, list):
        places = [(*path, index) for index in range(len(value))]
        return [
            None if place in spoiled else without(item, spoiled, place)
            for place, item in zip(places, value, strict=True)
        ]
    return value


def _nothing(value: Any) -> Any:
    return {} if value is None else value


def _loose(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, *marks = arguments
        result: Any = _loose(inner)
        for mark in marks:
            result = Annotated[result, mark]
        return result
    if origin is Union or origin is UnionType:
        return Union[tuple(_loose(member) for member in arguments)]  # noqa: UP007 - made of a list
    if origin is list:
        item = _loose(arguments[0])
        return list[item if _holds_model(arguments[0]) else item | None]  # type: ignore[misc]  # made at run time
    if origin is dict:
        value = _loose(arguments[1])
        return dict[arguments[0], value]  # type: ignore[valid-type]  # made at run time
    return partial(hint) if isinstance(hint, type) and issubclass(hint, BaseModel) else hint


def _holds_model(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return True
    return get_origin(hint) in (Annotated, Union, UnionType) and any(map(_holds_model, get_args(hint)))
