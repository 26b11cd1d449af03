#!/usr/bin/env python3
"""An SVG of a run of run.py: a panel for each work, a bar for each program and format, a mark at the machine's limit. usage: plot.py OUT.jsonl OUT.svg"""
import html
import sys

import results

COLOURS = {"Loci": "#d9480f", "ik_llama.cpp": "#1971c2", "llama.cpp": "#74c0fc", "OpenVINO": "#7048e8", "vLLM": "#2b8a3e"}
COLUMNS, PANEL, BAR, NAMES, NUMBERS = 2, 470, 15, 130, 60  # panels in a row; widths and heights in pixels
HEADING, MARGIN = 34, 14


def text(x, y, content, size=11, anchor="start", weight="normal"):
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(content)}</text>'


def bars(found, work):
    """(program, format, speed, limit), the quickest first."""
    rows = [(key[2], key[1], speed.median, found.limits.get(key[:2])) for key, speed in found.speeds.items() if key[0] == work]
    return sorted(rows, key=lambda row: -row[2])


def panel(found, work, left, top):
    """The shapes of one work. The longest of bars and limits fills the width."""
    rows = bars(found, work)
    scale = (PANEL - NAMES - NUMBERS - MARGIN) / max(max(speed, limit or 0) for _, _, speed, limit in rows)
    yield text(left, top + 16, results.label(work) + ", tokens/s", 12, weight="bold")
    for i, (program, format, speed, limit) in enumerate(rows):
        y, start = top + HEADING - 8 + i * BAR, left + NAMES
        yield text(start - 6, y + 10, f"{program} {format}", anchor="end", weight="bold" if program == "Loci" else "normal")
        yield f'<rect x="{start}" y="{y + 1}" width="{speed * scale:.1f}" height="{BAR - 3}" fill="{COLOURS.get(program, "#868e96")}"/>'
        after = max(speed, limit or 0) * scale
        if limit:
            yield f'<path d="M{start + limit * scale:.1f} {y}v{BAR - 1}" stroke="#212529" stroke-width="2"/>'
        yield text(start + after + 5, y + 10, f"{speed:,.0f}" if speed >= 100 else f"{speed:.1f}")


def height(found, work):
    return HEADING + BAR * len(bars(found, work))


def picture(found):
    works = found.works()
    shapes, top = [], 40
    machine = found.machine
    shapes.append(text(MARGIN, 24, f"{machine.get('processor', '')}, {machine.get('threads', '?')} threads, medians; black: the machine's limit for the format", 13))
    for at in range(0, len(works), COLUMNS):
        line = works[at : at + COLUMNS]
        for column, work in enumerate(line):
            shapes += panel(found, work, MARGIN + column * PANEL, top)
        top += max(height(found, work) for work in line) + MARGIN
    width = COLUMNS * PANEL + 2 * MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}" font-family="sans-serif" fill="#212529">\n'
            f'<rect width="{width}" height="{top}" fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: plot.py OUT.jsonl OUT.svg")
    found = results.Results(sys.argv[1])
    if not found.speeds:
        sys.exit(f"plot.py: {sys.argv[1]}: no figures in it")
    with open(sys.argv[2], "w") as file:
        file.write(picture(found))


if __name__ == "__main__":
    main()
