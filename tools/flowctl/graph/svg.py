"""A drawing as SVG: one file without scripts, fonts or addresses, in the colours of a light or a dark page."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from tools.flowctl.graph import measure
from tools.flowctl.graph.layout import Area, Point
from tools.flowctl.graph.model import Box, Link
from tools.flowctl.graph.shapes import outline
from tools.flowctl.graph.sketch import (
    LABEL_LINE,
    NAME,
    NAME_LINE,
    PILL,
    PILL_GAP,
    SMALL,
    SMALL_LINE,
    WIDEST,
    Sketch,
    head,
    pill_text,
    pill_width,
)
from tools.flowctl.graph.svg_style import FAMILY_NAMES, style

MARGIN = 24.0
HEAD = 52.0
"""Height of the title."""

LEGEND_ROW = 24.0


def to_svg(sketch: Sketch) -> str:
    """The text of an SVG file. The same graph gives the same text."""
    graph, layout = sketch.graph, sketch.layout
    title, subtitle = _title(sketch)
    legend = _legend(sketch)
    legend_width = max((width for _, width in legend), default=0.0)
    texts = max(measure.width(title, 18, bold=True), measure.width(subtitle, 12))
    inner = max(layout.width, min(texts, 1200.0), legend_width)
    width = inner + 2 * MARGIN
    height = HEAD + layout.height + 2 * MARGIN + LEGEND_ROW * len(legend) + 8
    shift = (inner - layout.width) / 2 + MARGIN
    body = [_line(link, points) for link, points in zip(sketch.lines, layout.lines, strict=True)]
    hung = {link.target: link for link in graph.links if link.target in sketch.texts}
    body += [_line(hung[key], _to_pill(sketch, key, points)) for key, points in layout.hangers.items()]
    body += [_text_lines(sketch.labels[number], area, sketch.lines[number]) for number, area in layout.labels.items()]
    for key, area in layout.areas.items():
        box = graph.boxes[key]
        body.append(_pill(sketch, box, hung[key]) if key in sketch.texts else _box(box, area))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" '
        f'height="{_n(height)}" role="img" aria-labelledby="graph-title graph-desc">',
        f'<title id="graph-title">{_safe(title)}</title>',
        f'<desc id="graph-desc">{_safe(_described(sketch))}</desc>',
        f"<style>{style()}</style>",
        _markers(),
        f'<rect class="page" width="{_n(width)}" height="{_n(height)}"/>',
        f'<text class="title" x="{_n(MARGIN)}" y="30">{_safe(measure.fit(title, 18, inner, bold=True))}</text>',
        f'<text class="subtitle" x="{_n(MARGIN)}" y="50">{_safe(measure.fit(subtitle, 12, inner))}</text>',
        f'<g transform="translate({_n(shift)} {_n(HEAD + MARGIN)})">',
        *body,
        "</g>",
    ]
    for index, (row, _) in enumerate(legend):
        y = HEAD + layout.height + 2 * MARGIN + LEGEND_ROW * index
        parts.append(f'<g transform="translate({_n(MARGIN)} {_n(y)})">{row}</g>')
    return "\n".join([*parts, "</svg>", ""])


def _title(sketch: Sketch) -> tuple[str, str]:
    graph = sketch.graph
    nodes = sum(box.kind == "node" for box in graph.boxes.values())
    counted = f"{nodes} node{'s' if nodes != 1 else ''}"
    if graph.coverage is None:
        return graph.name, " · ".join(part for part in (counted, graph.description) if part)
    return f"{graph.name}: {graph.coverage.percent:g} % walked by tests", graph.coverage.text


def _described(sketch: Sketch) -> str:
    """The drawing in words: each box and where it leads."""
    targets = sketch.graph.targets()
    sentences = [sketch.graph.description] if sketch.graph.description else []
    for key, box in sketch.graph.boxes.items():
        if box.kind in ("node", "entry"):
            ways = [
                f"{', '.join(label.full for label in link.labels if label.full) or 'then'}: "
                f"{sketch.graph.boxes[link.target].name}"
                for link in targets[key]
            ]
            mark = ", no path leads here" if box.unreachable else ""
            sentences.append(f"{box.name} ({box.type or 'entry'}{mark}): {'; '.join(ways) or 'the end'}.")
    return " ".join(sentences)


def _n(value: float) -> str:
    """A coordinate with one decimal, or none."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def _safe(text: str) -> str:
    """Text for the inside of an element, without what XML does not allow."""
    return escape("".join(c if c.isprintable() or c == " " else "\ufffd" for c in text))


def _classes(link: Link) -> str:
    names = ["line"]
    if link.error:
        names.append("error")
    if link.implicit:
        names.append("implicit")
    if link.walked is not None:
        names.append("walked" if link.walked else "unwalked")
    return " ".join(names)


def _line(link: Link, points: list[Point]) -> str:
    """A smooth line; between two layers it bends, in a layer it is straight."""
    across = abs(points[0][1] - points[1][1]) < 1e-6 and abs(points[0][0] - points[1][0]) > 1e-6
    if points[0] == points[1]:
        across = abs(points[-1][1] - points[-2][1]) < 1e-6 and points[-1] != points[-2]
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for index in range(1, len(points)):
        (x0, y0), (x1, y1) = points[index - 1], points[index]
        if index % 2 == 0:
            mx, my = (x0 + x1) / 2, (y0 + y1) / 2
            bend = f"{_n(mx)} {_n(y0)} {_n(mx)} {_n(y1)}" if across else f"{_n(x0)} {_n(my)} {_n(x1)} {_n(my)}"
            parts.append(f"C{bend} {_n(x1)} {_n(y1)}")
        elif (x0, y0) != (x1, y1):
            parts.append(f"L{_n(x1)} {_n(y1)}")
    tip = "unwalked" if link.walked is False else "walked" if link.walked else "error" if link.error else "plain"
    if link.implicit and link.walked is None:
        tip = "implicit"
    text = ", ".join(f"{label.full or label.key}" for label in link.labels)
    title = f"<title>{_safe(text)}</title>" if text else ""
    return f'<path class="{_classes(link)}" d="{"".join(parts)}" marker-end="url(#tip-{tip})">{title}</path>'


def _text_lines(lines: list[str], area: Area, link: Link) -> str:
    """The outcomes on a line, on a ground of the page's colour."""
    middle = area.x + area.width / 2
    ground = f'<rect class="page" {_place(area)}/>' if lines else ""
    rows = "".join(
        f'<text class="label {_classes(link).removeprefix("line").strip()}" x="{_n(middle)}" '
        f'y="{_n(area.y + 11.5 + LABEL_LINE * index)}">{_safe(line)}</text>'
        for index, line in enumerate(lines)
    )
    full = "; ".join(label.full for label in link.labels if label.full != label.text)
    return f"<g>{f'<title>{_safe(full)}</title>' if full else ''}{ground}{rows}</g>"


def _place(area: Area) -> str:
    return f'x="{_n(area.x)}" y="{_n(area.y)}" width="{_n(area.width)}" height="{_n(area.height)}"'


def _pill_area(sketch: Sketch, key: str) -> Area:
    """Where the small box at an end is: at the far end of what hangs below its node."""
    area, width = sketch.layout.areas[key], pill_width(sketch.graph.boxes[key])
    if sketch.direction == "TB":
        return Area(area.x + (area.width - width) / 2, area.y + area.height - PILL, width, PILL)
    return Area(area.x + area.width - width, area.y + (area.height - PILL) / 2, width, PILL)


def _to_pill(sketch: Sketch, key: str, points: list[Point]) -> list[Point]:
    """The line to what hangs below a node, led on to the small box."""
    pill = _pill_area(sketch, key)
    x, y = points[-1]
    return [*points[:-1], (x, pill.y) if sketch.direction == "TB" else (pill.x, y)]


def _pill(sketch: Sketch, box: Box, link: Link) -> str:
    """A small box at an end, with the outcomes that lead to it."""
    lines, area, pill = sketch.texts[box.id], sketch.layout.areas[box.id], _pill_area(sketch, box.id)
    rows = len(lines) * LABEL_LINE + 2
    if sketch.direction == "TB":
        words = Area(area.x, area.y, area.width, rows)
    else:
        words = Area(area.x, area.y + (area.height - rows) / 2, area.width - pill.width - PILL_GAP, rows)
    mark = " implicit" if link.implicit else ""
    drawn = (
        f'{_text_lines(lines, words, link)}<rect class="pill {box.kind}{mark}" {_place(pill)} rx="11"/>'
        f'<text class="pill-text" x="{_n(pill.x + pill.width / 2)}" y="{_n(pill.y + 15)}">'
        f"{_safe(pill_text(box))}</text>"
    )
    return f"<a href={quoteattr('#' + anchor(box.name))}>{drawn}</a>" if box.kind == "jump" else f"<g>{drawn}</g>"


def anchor(name: str) -> str:
    """The id of a node's box in the drawing: any name becomes one without blanks."""
    return "node-" + "".join(c if c.isalnum() or c in "_-" else f".{ord(c):x}." for c in name)


def _box(box: Box, area: Area) -> str:
    """A node: its shape, its type, its name, what it does."""
    names = ["box", f"family-{box.family}"]
    if box.unreachable:
        names.append("unreachable")
    if box.count is not None:
        names.append("walked" if box.count else "unwalked")
    middle = area.x + area.width / 2
    above, lines = head(box), [measure.fit(line, SMALL, WIDEST) for line in box.lines]
    y = area.y + 7 + (SMALL_LINE if above else 0)
    rows = [f'<text class="type" x="{_n(middle)}" y="{_n(y - 4)}">{_safe(above)}</text>'] if above else []
    name = measure.fit(box.name, NAME, WIDEST, bold=True)
    rows.append(f'<text class="name" x="{_n(middle)}" y="{_n(y + 13)}">{_safe(name)}</text>')
    below = y + NAME_LINE + 10.5
    rows += [
        f'<text class="detail" x="{_n(middle)}" y="{_n(below + SMALL_LINE * index)}">{_safe(line)}</text>'
        for index, line in enumerate(lines)
    ]
    where = f", line {box.line}" if box.line else ""
    ident = anchor(box.name) if box.kind == "node" else box.id.replace(":", "-")
    return (
        f'<g id={quoteattr(ident)} class="{" ".join(names)}">'
        f"<title>{_safe(box.name)}{where}</title>{outline(box.family, area)}{''.join(rows)}</g>"
    )


def _markers() -> str:
    tips = "".join(
        f'<marker id="tip-{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="10" markerHeight="10" '
        f'markerUnits="userSpaceOnUse" '
        f'orient="auto-start-reverse"><path class="tip {name}" d="M0 0.8L9.5 5L0 9.2Z"/></marker>'
        for name in ("plain", "error", "implicit", "walked", "unwalked")
    )
    return f"<defs>{tips}</defs>"


def _legend(sketch: Sketch) -> list[tuple[str, float]]:
    """Rows with what the shapes and lines mean, as far as they are there, each with its width."""
    boxes = sketch.graph.boxes.values()
    families = [family for family in FAMILY_NAMES if any(box.family == family and box.type for box in boxes)]
    items = [
        (
            f'<g class="box family-{family}">{outline(family, Area(0, 2, 26, 16))}</g>',
            FAMILY_NAMES[family],
        )
        for family in families
    ]
    links = sketch.graph.links
    meanings = [
        ("error", "error: something failed", any(link.error for link in links)),
        ("implicit", "not wired", any(link.implicit for link in links)),
        ("walked", "walked by a test", any(link.walked for link in links)),
        ("unwalked", "not walked", any(link.walked is False for link in links)),
    ]
    items += [(f'<path class="line {name}" d="M0 10L26 10"/>', text) for name, text, is_there in meanings if is_there]
    if any(box.unreachable for box in boxes):
        shape = outline("decision", Area(0, 2, 26, 16))
        items.append((f'<g class="box family-unknown unreachable">{shape}</g>', "no path leads here"))
    if any(box.kind == "missing" for box in boxes):
        items.append(('<rect class="pill missing" x="0" y="2" width="26" height="16" rx="8"/>', "no such node"))
    if any(box.kind == "jump" for box in boxes):
        items.append(('<rect class="pill jump" x="0" y="2" width="26" height="16" rx="8"/>', "goes on at that node"))
    return _rows(items, max(sketch.layout.width, 520.0))


def _rows(items: list[tuple[str, str]], longest: float) -> list[tuple[str, float]]:
    rows: list[tuple[str, float]] = []
    for shape, text in items:
        width = 34 + measure.width(text, SMALL) + 16
        if not rows or rows[-1][1] + width > longest:
            rows.append(("", 0.0))
        drawn, x = rows[-1]
        item = (
            f'<g transform="translate({_n(x)} 0)">{shape}<text class="legend" x="34" y="14">{_safe(text)}</text></g>'
        )
        rows[-1] = (drawn + item, x + width)
    return rows
