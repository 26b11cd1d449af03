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
    share = found.share(work, format, program)
    return number(speed.median) + (f" ({100 * share:.0f} %)" if share else "")


def against_quickest(found, work, format):
    """Loci's speed over that of the quickest peer with the same format."""
    ratios = {name: found.against(work, format, name) for name in found.programs() if name != "Loci"}
    ratios = {name: value for name, value in ratios.items() if value}
    if not ratios:
        return "-"
    quickest = min(ratios, key=ratios.get)
    return f"{ratios[quickest]:.2f} x {quickest}"


def against_vllm(found, work, format):
    """vLLM has neither GGUF's blocks nor F16 here: its W8A8 stands against quantized weights, its BF16 against floats."""
    value = found.against(work, format, "vLLM", "BF16" if format in ("F16", "BF16") else "W8A8")
    return f"{value:.2f}" if value else "-"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(found):
    names = found.programs()
    yield row(["work", "format", *names, "limit", "Loci / quickest peer", "Loci / vLLM"])
    yield row(["---"] * (len(names) + 5))
    for work in found.works():
        for format in found.formats(work):
            limit = found.limits.get((work, format))
            cells = [cell(found, work, format, name) for name in names]
            yield row([results.label(work), format, *cells, number(limit) if limit else "-", against_quickest(found, work, format), against_vllm(found, work, format)])


def heading(found):
    machine = found.machine
    rounds = len({r["round"] for r in found.of("figure")})
    times = [r["time"] for r in found.records]
    yield f"{machine.get('processor', 'unknown processor')}, {machine.get('threads', '?')} threads, {times[0]} to {times[-1]}, {rounds} rounds."
    for name, version in machine.get("versions", {}).items():
        yield f"- {name}: {version}"
    yield ""
    unit = {"read": "GB/s"}
    limits = (f"{test} {number(value)} {unit.get(test, 'GOP/s')} ({number(least)} to {number(most)})" for test, (value, least, most) in found.machine_limits().items() if test != "loop")
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
    print("Tokens a second, medians; in brackets percent of the limit, which is Loci's floor for that format. Percentages and quotients are medians of "
          "those of each round. The quickest peer is of the same format; vLLM's is W8A8 for quantized weights, BF16 for F16 and BF16.\n")
    print("\n".join(table(found)), end="\n\n")
    print("\n".join(spreads(found)))
    for failure in found.failures():
        print(f"\nFailed in round {failure['round']}: {failure['program']}, {failure['format']}, {failure['job']}: {failure['error']}")


if __name__ == "__main__":
    main()
