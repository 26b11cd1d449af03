#!/usr/bin/env python3
"""Measures how well `loci sim` predicts `loci serve` on this machine: the same workload through both, under load, at capacity
and overloaded. Needs nothing but Python's own library and the binary.

usage: fidelity.py LOCI MODEL OUT-FOLDER [--rates 0.5,1,1.5] [--requests 300] [--input-len 256] [--output-len 64] [--again]

Each run's step log gives the curve of step times that its simulation has (`loci sim --replay --fit`): what is tested is what follows from
steps, not whether the machine is as quick as an hour ago. --rates are shares of the capacity, which a closed loop finds. Writes table.md,
plot.svg, and what they are made of. --again simulates the runs that OUT-FOLDER holds once more and measures nothing.
"""
import argparse
import json
import os
import signal
import subprocess
import time
import urllib.request

PORT = 8977
POINTS = ("p50", "p90", "p99")


def serve(args, log):
    command = [args.loci, "serve", args.model, "--port", str(PORT), "--log-level", "warning", "--step-log", log, "--max-queue-delay", "0",
               "--step-log-limit", "4GiB", "--max-num-seqs", str(args.seqs)]
    server = subprocess.Popen(command)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=1)
            return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server does not become ready")


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait()


def load(args, name, seed, rate=None, users=None, requests=None):
    out = os.path.join(args.out, name + ".live.json")
    command = [args.loci, "bench", "serve", "--url", f"http://127.0.0.1:{PORT}", "--dataset-name", "random", "--input-len", str(args.input_len),
               "--output-len", str(args.output_len), "--range-ratio", "0.5", "--num-prompts", str(requests or args.requests), "--seed", str(seed),
               "--disable-progress", "--metric-percentiles", "50,90,99", "--save-result", out] + args.bench
    command += ["--max-concurrency", str(users)] if users else ["--request-rate", repr(rate)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def simulate(args, name, seed, rate, blocks):
    path = os.path.join(args.out, name + ".toml")
    with open(path, "w") as file:
        file.write(f'''seed = {seed}
[machine]
fitted = "curve.json"
[engine]
max_num_seqs = {args.seqs}
max_queue_delay = 0
kv_tokens = {blocks[0] * blocks[1]}
block_size = {blocks[1]}
max_model_len = {blocks[2]}
[workload]
dataset = "random"
input_len = {args.input_len}
output_len = {args.output_len}
range_ratio = 0.5
requests = {args.requests}
rate = {rate!r}
''')
    done = subprocess.run([args.loci, "sim", path, "--json"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["metrics"]


def rows(live, sim):
    """What is compared: (name, measured, simulated), milliseconds or tokens a second."""
    yield "output tokens/s", live["output_throughput"], sim["output_tokens_per_second"]
    for metric in ("ttft", "tpot"):
        for point in POINTS:
            key = f"median_{metric}_ms" if point == "p50" else f"{point}_{metric}_ms"
            yield f"{metric.upper()} {point}, ms", live[key], 1e3 * sim[f"{metric}.{point}"]


def plot(results, path):
    """Measured against simulated, a point for each figure, on logarithmic axes: on the line they are equal."""
    import math
    pairs = [(name, figure, m, s) for name, figures in results for figure, m, s in figures if m > 0 and s > 0]
    low = min(min(m, s) for _, _, m, s in pairs) / 1.5
    high = max(max(m, s) for _, _, m, s in pairs) * 1.5
    size, edge = 420, 50

    def at(value):
        return edge + size * math.log(value / low) / math.log(high / low)

    colors = ("#2a78d6", "#1baa6e", "#d6632a")
    names = [name for name, _ in results]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + 2 * edge} {size + 2 * edge}" font-family="sans-serif" font-size="11">',
             f'<rect width="100%" height="100%" fill="#fff"/><rect x="{edge}" y="{edge}" width="{size}" height="{size}" fill="none" stroke="#bbb"/>',
             f'<line x1="{edge}" y1="{edge + size}" x2="{edge + size}" y2="{edge}" stroke="#888"/>']
    for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1):
        x = at(10.0 ** power)
        y = 2 * edge + size - x
        parts.append(f'<line x1="{x}" y1="{edge}" x2="{x}" y2="{edge + size}" stroke="#eee"/><line x1="{edge}" y1="{y}" x2="{edge + size}" y2="{y}" stroke="#eee"/>'
                     f'<text x="{x}" y="{edge + size + 16}" text-anchor="middle">{10.0 ** power:g}</text><text x="{edge - 6}" y="{y + 4}" text-anchor="end">{10.0 ** power:g}</text>')
    for name, figure, m, s in pairs:
        parts.append(f'<circle cx="{at(m):.1f}" cy="{2 * edge + size - at(s):.1f}" r="4" fill="{colors[names.index(name) % 3]}" fill-opacity="0.75"><title>{name}: {figure} {m:.1f}, simulated {s:.1f}</title></circle>')
    for i, name in enumerate(names):
        parts.append(f'<circle cx="{edge + 12}" cy="{edge + 14 + 16 * i}" r="4" fill="{colors[i % 3]}"/><text x="{edge + 22}" y="{edge + 18 + 16 * i}">{name}</text>')
    parts.append(f'<text x="{edge + size / 2}" y="{size + 2 * edge - 8}" text-anchor="middle">measured (ms; tokens/s)</text>'
                 f'<text x="14" y="{edge + size / 2}" text-anchor="middle" transform="rotate(-90 14 {edge + size / 2})">simulated</text></svg>')
    with open(path, "w") as file:
        file.write("\n".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loci")
    parser.add_argument("model", help="a model file; '' is the embedded one")
    parser.add_argument("out")
    parser.add_argument("--rates", default="0.5,1,1.5")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--input-len", type=int, default=256)
    parser.add_argument("--output-len", type=int, default=64)
    parser.add_argument("--seqs", type=int, default=16)
    parser.add_argument("--bench", nargs="*", default=[], help="further flags of bench serve, such as --vocab-size=30000")
    parser.add_argument("--again", action="store_true", help="with what OUT-FOLDER holds")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)

    def measured(name, **workload):
        if not args.again:
            server = serve(args, os.path.join(args.out, name + ".steps.jsonl"))
            load(args, name, **workload)
            stop(server)
        with open(os.path.join(args.out, name + ".live.json")) as file:
            return json.load(file)

    capacity = measured("capacity", seed=11, users=2 * args.seqs, requests=6 * args.seqs)["request_throughput"]

    results = []
    for share in map(float, args.rates.split(",")):
        log = os.path.join(args.out, f"rate-{share:g}.steps.jsonl")
        live = measured(f"rate-{share:g}", seed=5, rate=share * capacity)
        subprocess.run([args.loci, "sim", "--replay", log, "--fit", os.path.join(args.out, "curve.json")], check=True)
        with open(log) as file:
            limits = json.loads(file.readline())["limits"]
        blocks = limits["kv_blocks"], limits["block_tokens"], limits["max_model_len"]
        simulated = simulate(args, f"rate-{share:g}", 5, share * capacity, blocks)
        results.append((f"{share:g} x capacity", list(rows(live, simulated))))

    lines = [f"Capacity (closed loop): {capacity:.2f} requests/s.", "", "| load | figure | measured | simulated | simulated / measured |", "| --- | --- | --- | --- | --- |"]
    for name, figures in results:
        for figure, measured, simulated in figures:
            ratio = f"{simulated / measured:.3f}" if measured > 0 else "-"
            lines.append(f"| {name} | {figure} | {measured:.1f} | {simulated:.1f} | {ratio} |")
    with open(os.path.join(args.out, "table.md"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    plot(results, os.path.join(args.out, "plot.svg"))


main()
