#!/usr/bin/env python3
"""The Markdown table of a run of run.py. usage: report.py OUT.jsonl"""
import sys

import results


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def cell(found, work, format, program):
    speed = found.speeds.get((work, format, program))
    if not speed:
        return "-"
    limit = found.limits.get((work, format))
    return number(speed.median) + (f" ({100 * speed.median / limit:.0f} %)" if limit else "")


def against(found, work, format):
    """Loci's speed over that of the quickest peer with the format."""
    peers = {key[2]: speed.median for key, speed in found.speeds.items() if key[:2] == (work, format) and key[2] != "Loci"}
    own = found.speeds.get((work, format, "Loci"))
    if not peers or not own:
        return "-"
    best = max(peers, key=peers.get)
    return f"{own.median / peers[best]:.2f} x {best}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(found):
    names = found.programs()
    yield row(["work", "format", *names, "limit", "Loci against the quickest"])
    yield row(["---"] * (len(names) + 4))
    for work in found.works():
        for format in found.formats(work):
            limit = found.limits.get((work, format))
            cells = [cell(found, work, format, name) for name in names]
            yield row([results.label(work), format, *cells, number(limit) if limit else "-", against(found, work, format)])


def heading(found):
    machine = found.machine
    rounds = len({r["round"] for r in found.of("figure")})
    times = [r["time"] for r in found.records]
    yield f"{machine.get('processor', 'unknown processor')}, {machine.get('threads', '?')} threads, {times[0]} to {times[-1]}, {rounds} rounds."
    for name, version in machine.get("versions", {}).items():
        yield f"- {name}: {version}"
    yield ""
    unit = {"read": "GB/s"}
    limits = (f"{test} {number(value)} {unit.get(test, 'GOP/s')} ({number(least)} to {number(most)})" for test, (value, least, most) in found.machine_limits().items())
    yield "Limits of the machine, median and range: " + ", ".join(limits) + "."


def spreads(found):
    """How far the rounds lie apart: what a difference between two programs has to exceed."""
    widest = sorted(((speed.most / speed.least, key) for key, speed in found.speeds.items() if speed.rounds > 1), reverse=True)
    if widest:
        middle = widest[len(widest) // 2][0]
        factor, (work, format, program) = widest[0]
        yield f"Between the slowest and the quickest round of a figure lies a factor of {middle:.2f} (median), at most {factor:.2f} ({program}, {format}, {results.label(work)})."


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: report.py OUT.jsonl")
    found = results.Results(sys.argv[1])
    if not found.speeds:
        sys.exit(f"report.py: {sys.argv[1]}: no figures in it")
    print("\n".join(heading(found)), end="\n\n")
    print("Tokens a second, medians; in brackets percent of the limit, which is Loci's floor for that format in the same rounds.\n")
    print("\n".join(table(found)), end="\n\n")
    print("\n".join(spreads(found)))
    for failure in found.failures():
        print(f"\nFailed in round {failure['round']}: {failure['program']}, {failure['format']}, {failure['job']}: {failure['error']}")


if __name__ == "__main__":
    main()
