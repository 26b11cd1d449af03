#!/usr/bin/env python3
"""Measures Loci and the programs that a user would pick instead, interleaved, on one machine. See README.md.

usage: run.py OUT.jsonl --loci build/loci --model Q8_0=bench-q8_0.gguf --model BF16=bench-bf16 [--ik-llama FOLDER] [--llama-cpp FOLDER]
              [--vllm PYTHON] [--openvino PYTHON] [--grid short] [--rounds 3] [--minutes 0]

Figures are appended to OUT.jsonl as they come. Started again with the same file, it goes on where it stopped, and tries again
what failed. report.py makes a table of the file, plot.py a picture."""
import argparse
import datetime
import json
import os
import platform
import signal
import sys
import time

import grid
import programs


class Book:
    """The file of records, and what it says is done."""

    def __init__(self, path):
        self.path, self.done = path, set()
        if os.path.exists(path):
            with open(path) as file:
                for record in map(json.loads, file):
                    if record["record"] == "done":
                        self.done.add(self.key(**record))

    @staticmethod
    def key(round, job, program, format, **_):
        return round, job, program, format

    def write(self, record, **fields):
        with open(self.path, "a") as file:
            file.write(json.dumps({"record": record, **fields, "time": now()}) + "\n")


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", metavar="OUT.jsonl")
    parser.add_argument("--loci", default="build/loci", help="the binary (build/loci)")
    parser.add_argument("--model", action="append", default=[], required=True, metavar="FORMAT=PATH", help=f"one of {', '.join(grid.FORMATS)}; may be repeated")
    parser.add_argument("--ik-llama", metavar="FOLDER", help="the folder of ik_llama.cpp's llama-batched-bench")
    parser.add_argument("--llama-cpp", metavar="FOLDER", help="the folder of llama.cpp's llama-batched-bench")
    parser.add_argument("--vllm", metavar="PYTHON", help="the Python of an environment that has vLLM")
    parser.add_argument("--openvino", metavar="PYTHON", help="the Python of an environment that has OpenVINO GenAI")
    parser.add_argument("--openvino-formats", default="Q8_0,Q4_0", help="each is a process that stays in memory (Q8_0,Q4_0)")
    parser.add_argument("--tcmalloc", metavar="FILE", help="libtcmalloc_minimal.so.4, loaded before vLLM")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--grid", choices=grid.GRIDS, default="short")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=0, help="begin nothing after so many; 0: no limit")
    parser.add_argument("--roofline-seconds", type=float, default=0.1, help="spent on each limit of the machine (0.1)")
    args = parser.parse_args()
    args.model = dict(pair.split("=", 1) if "=" in pair else (pair, "") for pair in args.model)
    for format, path in args.model.items():
        if format not in grid.FORMATS:
            parser.error(f"--model {format}: no such format; there are {', '.join(grid.FORMATS)}")
        if not os.path.exists(path):
            parser.error(f"--model {format}={path}: no such file or folder")
        args.model[format] = os.path.abspath(path)
    return args


def chosen(args):
    """The programs of this run; Loci first."""
    folder = os.path.dirname(os.path.abspath(args.out))
    found = [programs.Loci(args.loci, args.threads, args.roofline_seconds)]
    if args.ik_llama:
        found.append(programs.LlamaCpp("ik_llama.cpp", args.ik_llama, args.threads))
    if args.llama_cpp:
        found.append(programs.LlamaCpp("llama.cpp", args.llama_cpp, args.threads))
    if args.openvino:
        formats = tuple(args.openvino_formats.split(","))
        found.append(programs.Worker("OpenVINO", formats, "worker_openvino.py", args.openvino, {}, folder))
    if args.vllm:
        environment = programs.vllm_environment(args.vllm, args.threads, args.tcmalloc)
        found.append(programs.Worker("vLLM", grid.HUGGING_FACE, "worker_vllm.py", args.vllm, environment, folder))
    for program in found:
        if isinstance(program, programs.Worker):
            program.reserve(grid.GRIDS[args.grid])
    return found


def tasks(args, found):
    """Each (round, job, program, format), in the order of measuring: of a job, all programs of a format behind one another; the
    program that goes first changes from round to round."""
    for round in range(1, args.rounds + 1):
        turn = (round - 1) % len(found)
        for job in grid.GRIDS[args.grid]:
            for format in job.formats:
                for program in found[turn:] + found[:turn]:
                    if format in program.formats and format in args.model:
                        yield round, job, program, format


def measure(book, task, model):
    round, job, program, format = task
    key = {"round": round, "job": job.name, "program": program.name, "format": format}
    begin = time.time()
    rates = []
    try:
        for figure in program.figures(job, format, model):
            book.write("figure", **key, **figure)
            rates.append(f"{figure['test'][0]}{figure['batch']} {figure['tokens_per_second']:.0f}")
        book.write("done", **key, seconds=round_seconds(begin))
        return " ".join(rates)
    except programs.ProgramError as error:
        book.write("error", **key, error=str(error))
        return f"FAILED: {error}"


def round_seconds(begin):
    return round(time.time() - begin, 1)


def write_limits(book, loci, round, job):
    for limit in loci.limits():
        book.write("limit", round=round, job=job.name, **limit)


def run(args, found):
    book = Book(args.out)
    todo = [task for task in tasks(args, found) if book.key(task[0], task[1].name, task[2].name, task[3]) not in book.done]
    begin, place = time.time(), None
    for number, task in enumerate(todo, 1):
        if args.minutes and time.time() - begin > 60 * args.minutes:
            print(f"{len(todo) - number + 1} of {len(todo)} left when the time was over: start again to go on", flush=True)
            return
        if place != task[:2]:
            place = task[:2]
            write_limits(book, found[0], *place)
        started = time.time()
        said = measure(book, task, args.model[task[3]])
        print(f"[{time.time() - begin:5.0f} s, {number}/{len(todo)}] round {task[0]} {task[1].name} {task[3]} {task[2].name} "
              f"({time.time() - started:.0f} s): {said}", flush=True)
    versions = {program.name: program.version() for program in found}
    book.write("machine", processor=processor(), threads=args.threads, grid=args.grid, rounds=args.rounds, versions=versions)


def main():
    args = arguments()
    found = chosen(args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("run.py: told to end"))  # through `finally`: workers must not outlive it
    try:
        run(args, found)
    except programs.ProgramError as error:
        sys.exit(f"run.py: {error}")
    finally:
        for program in found:
            program.close()


if __name__ == "__main__":
    main()
