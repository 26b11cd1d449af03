"""Draw the loss curve of log.csv as an SVG file and print it as a small Markdown table."""

import argparse
import csv
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 400, 60, 40, 20, 50


def read_log(path):
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return [(int(r["tokens"]) / 1e6, float(r["train_loss"]), int(r["context"]), float(r["seconds"])) for r in rows]


def svg(rows, low, high):
    """The chart: training loss against millions of tokens."""
    last = rows[-1][0]
    x = lambda tokens: LEFT + tokens / last * (WIDTH - LEFT - RIGHT)
    y = lambda loss: TOP + (high - min(loss, high)) / (high - low) * (HEIGHT - TOP - BOTTOM)
    line = lambda values: " ".join(f"{x(r[0]):.1f},{y(v):.1f}" for r, v in zip(rows, values))
    losses = [r[1] for r in rows]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="24" font-size="16">loci-tiny: training loss (nats per token)</text>']
    for i in range(int(low * 2), int(high * 2) + 1):
        parts.append(f'<path d="M{LEFT} {y(i / 2):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{y(i / 2) + 4:.1f}" text-anchor="end">{i / 2:.1f}</text>')
    for tokens in range(0, int(last) + 1, 2 if last < 25 else 5):
        parts.append(f'<text x="{x(tokens):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{tokens}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">million tokens seen</text>')
    parts.append(f'<polyline points="{line(losses)}" fill="none" stroke="#1f5f99" stroke-width="1.5"/>')
    long_rows = [r for r in rows if r[2] > rows[0][2]]
    if long_rows:
        at = x(long_rows[0][0])
        parts.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="4 4"/>'
                     f'<text x="{at - 6:.1f}" y="{TOP + 14}" text-anchor="end">final part: context {long_rows[0][2]}, more conversations</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def table(rows, lines=12):
    """Each line is the mean of the last few log rows up to that point."""
    text = ["| minutes | million tokens | context | training loss |", "|---:|---:|---:|---:|"]
    for i in range(1, lines + 1):
        end = round(i * len(rows) / lines)
        tokens, _, context, seconds = rows[end - 1]
        near = [r[1] for r in rows[max(0, end - 5):end]]
        text.append(f"| {seconds / 60:.0f} | {tokens:.1f} | {context} | {sum(near) / len(near):.3f} |")
    return "\n".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, required=True, help="log.csv written by train.py")
    parser.add_argument("--svg", type=Path, required=True)
    args = parser.parse_args()
    rows = read_log(args.log)
    lowest = int(min(r[1] for r in rows) * 2) / 2
    args.svg.write_text(svg(rows, lowest, 6.0), encoding="utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
