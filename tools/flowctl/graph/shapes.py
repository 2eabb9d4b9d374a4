"""The outline of a box, which tells its family where colours cannot."""

from __future__ import annotations

from tools.flowctl.graph.layout import Area
from tools.flowctl.graph.model import Family


def outline(family: Family, area: Area) -> str:
    """SVG of the shape of a family in an area."""
    x, y, w, h = (round(value, 1) for value in (area.x, area.y, area.width, area.height))
    corner = min(9.0, h / 3, w / 4)
    right, bottom = round(x + w, 1), round(y + h, 1)
    if family in ("end", "entry"):
        return _rect(x, y, w, h, round(min(h / 2, 16.0), 1))
    if family == "input":
        middle = round(y + h / 2, 1)
        return _path(
            f"M{x + corner:g} {y}H{right - corner:g}L{right} {middle}L{right - corner:g} {bottom}"
            f"H{x + corner:g}L{x} {middle}Z"
        )
    if family == "decision":
        return _path(
            f"M{x + corner:g} {y}H{right - corner:g}L{right} {y + corner:g}V{bottom - corner:g}"
            f"L{right - corner:g} {bottom}H{x + corner:g}L{x} {bottom - corner:g}V{y + corner:g}Z"
        )
    if family == "people":
        bars = f"M{x + 5:g} {y}V{bottom}M{right - 5:g} {y}V{bottom}"
        return _rect(x, y, w, h, 2) + f'<path class="bars" d="{bars}"/>'
    if family == "message":
        return _path(f"M{x} {y}H{right - corner:g}L{right} {y + corner:g}V{bottom}H{x}Z")
    if family == "outside":
        return _path(f"M{x + corner:g} {y}H{right}L{right - corner:g} {bottom}H{x}Z")
    if family == "scenario":
        inner = f'<rect class="bars" x="{x + 3:g}" y="{y + 3:g}" width="{w - 6:g}" height="{h - 6:g}" rx="2"/>'
        return _rect(x, y, w, h, 4) + inner
    return _rect(x, y, w, h, 8 if family == "speech" else 0)


def _rect(x: float, y: float, w: float, h: float, radius: float) -> str:
    return f'<rect class="shape" x="{x}" y="{y}" width="{w}" height="{h}" rx="{radius:g}"/>'


def _path(d: str) -> str:
    return f'<path class="shape" d="{d}"/>'
