"""How each program is started, and how its figures are read. A program has

  name, formats       what it is called, the formats that it reads
  figures(job, format, model)   yields {"test", "batch", "context", "tokens_per_second"}; raises ProgramError
  version()           a line
  close()"""
import glob
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

import grid

LONGEST_CALL = 300  # seconds, after which a program counts as stuck
STEP_ROOM = 64  # tokens that a worker may decode beyond what is asked: warming up


class ProgramError(Exception):
    """One line that says what a program did wrong."""


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def output_of(command, environment=None):
    """Standard output and standard error. In a folder of its own: llama.cpp's tools may write logs where they are."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LONGEST_CALL, cwd=folder, env=environment)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"{command[0]}: not done after {LONGEST_CALL} s") from None
        except OSError as error:
            raise ProgramError(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise ProgramError(f"{command[0]}: exit status {done.returncode}: {last_line(done.stderr)}")
    return done.stdout, done.stderr


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


class Loci:
    name, formats = "Loci", grid.FORMATS

    def __init__(self, binary, threads, seconds):
        self.binary, self.threads, self.seconds = os.path.abspath(binary), str(threads), str(seconds)

    def version(self):
        return output_of([self.binary, "--version"])[0].strip()

    def limits(self):
        """What the machine can do at most in this minute: the records of `loci bench roofline`."""
        return json_lines(output_of([self.binary, "bench", "roofline", "-t", self.threads, "--seconds", self.seconds, "--json"])[0])

    def figures(self, job, format, model):
        command = [self.binary, "bench", "model", model, "-t", self.threads, "-p", str(job.prompt), "-r", str(job.runs), "--json"]
        command += ["-n", str(job.generate), "-b", ",".join(map(str, job.batches or (1,))), "--roofline-seconds", self.seconds]
        for record in json_lines(output_of(command)[0]):
            if record["test"] == "prefill" or record["batch"] in job.batches:
                keep = ("test", "batch", "tokens_per_second", "roofline_percent", "kv_format", "read_gb_per_second", "peak", "peak_gop_per_second")
                yield {"context": record["prompt"], **{key: record[key] for key in keep}}

    def close(self):
        pass


class LlamaCpp:
    """llama-batched-bench of llama.cpp, or of its relative ik_llama.cpp. Sequences of a batch share their prompt (-pps), so that it is
    computed once; in llama.cpp each has a copy of its own, in ik_llama.cpp all read the same one, which favours it."""

    formats = grid.GGUF

    def __init__(self, name, folder, threads):
        self.name, self.threads = name, threads
        self.relative = "ik" in name
        self.binary = os.path.join(os.path.abspath(folder), "llama-batched-bench")

    def version(self):
        done = subprocess.run([self.binary, "--version"], capture_output=True, text=True, errors="replace")
        found = re.search(r"version: *(.*)", done.stdout + done.stderr)
        return f"{self.name} {found.group(1) if found else '?'}"

    def context(self, job):
        most = max(job.batches, default=1)
        each = job.prompt + job.generate + 8
        if self.relative:
            return each + most * job.generate
        return most * (each + 255) // 256 * 256

    def figures(self, job, format, model):
        # Every batch computes the prompt again: one prefill each, and those of a batch of 1 more where they are too few.
        batches = [1] * (job.runs - len(job.batches)) + list(job.batches)
        command = [self.binary, "-m", model, "-t", str(self.threads), "-c", str(self.context(job)), "-b", "2048", "-ub", "512", "-fa", "on", "-pps"]
        command += ["-npp", str(job.prompt), "-ntg", str(job.generate), "-npl", ",".join(map(str, batches))]
        if self.relative:
            command += ["-rtr"]  # weights interleaved when they are loaded: its quickest
        rows = batched_bench_rows("\n".join(output_of(command)))
        if not rows:
            raise ProgramError(f"{self.binary}: its table was not found")
        yield {"test": "prefill", "batch": 1, "context": job.prompt, "tokens_per_second": middle([row["S_PP"] for row in rows])}
        for batch in job.batches:
            rates = [row["S_TG"] for row in rows if row["B"] == batch]
            if not rates:
                raise ProgramError(f"{self.binary}: no row for a batch of {batch}")
            yield {"test": "decode", "batch": batch, "context": job.prompt, "tokens_per_second": middle(rates)}

    def close(self):
        pass


def middle(values):
    return sorted(values)[len(values) // 2]


def batched_bench_rows(text):
    """The rows of llama-batched-bench's table, as dictionaries of its columns PP, TG, B, S_PP, S_TG."""
    number = r" *([0-9.]+|nan|inf) *"
    rows = re.findall(r"^\|" + r"\|".join([number] * 10) + r"\|", text, re.MULTILINE)
    return [{"PP": int(row[0]), "TG": int(row[1]), "B": int(row[2]), "S_PP": float(row[5]), "S_TG": float(row[7])} for row in rows]


class Worker:
    """A Python package, behind worker.py: one process a format, started when it is first needed and stopped between jobs, so
    that it takes no processor time while another program is measured."""

    def __init__(self, name, formats, script, python, environment, log_folder):
        self.name, self.formats, self.environment, self.log_folder = name, formats, environment, log_folder
        self.python, self.processes, self.ready = os.path.abspath(python), {}, None
        self.script = os.path.join(os.path.dirname(os.path.abspath(__file__)), script)
        self.max_tokens = 512

    def reserve(self, jobs):
        self.max_tokens = max(job.prompt + job.generate * (len(job.batches) + 2) for job in jobs) + STEP_ROOM
        self.max_sequences = max(max(job.batches, default=1) for job in jobs)

    def version(self):
        return self.ready or self.name

    def start(self, format, model):
        log = open(os.path.join(self.log_folder, f"{self.name}-{format}.log".replace(" ", "_")), "a")
        command = [self.python, self.script, os.path.abspath(model), str(self.max_tokens), str(self.max_sequences)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
                                   env={**os.environ, **self.environment}, start_new_session=True)
        log.close()
        self.processes[format] = process
        self.ready = self.read(format)["ready"]

    def read(self, format):
        """The next record; its process is ended if none comes in time, or none at all."""
        process = self.processes[format]
        timer = threading.Timer(LONGEST_CALL, self.end, (process,))
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if line:
            record = json.loads(line)
            if "error" not in record:
                return record
        self.end(process)
        del self.processes[format]
        raise ProgramError(f"{self.name}: {record['error'] if line else 'the worker ended or was stuck; its log says why'}")

    def figures(self, job, format, model):
        if format not in self.processes:
            self.start(format, model)
        process = self.processes[format]
        os.killpg(process.pid, signal.SIGCONT)
        try:
            process.stdin.write(json.dumps({"prompt": job.prompt, "batches": job.batches, "generate": job.generate, "runs": job.runs}) + "\n")
            while "done" not in (record := self.read(format)):
                yield record
        except BrokenPipeError:
            del self.processes[format]
            raise ProgramError(f"{self.name}: the worker is gone; its log says why") from None
        finally:
            if format in self.processes:
                os.killpg(process.pid, signal.SIGSTOP)

    def end(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    def close(self):
        for process in self.processes.values():
            self.end(process)


def vllm_environment(python, threads, tcmalloc):
    """vLLM's best on a CPU: a core a thread, Intel's OpenMP and tcmalloc loaded first, KV memory for the largest job and no more.
    OpenMP's settings are those that vLLM gives its worker processes; in one process it leaves them to the caller."""
    site = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(python))), "lib")
    openmp = sorted(glob.glob(f"{site}/**/libiomp5.so", recursive=True))[:1]
    preload = ":".join(openmp + ([os.path.abspath(tcmalloc)] if tcmalloc else []))
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    return {"VLLM_CPU_KVCACHE_SPACE": "3", "VLLM_CPU_OMP_THREADS_BIND": cores, "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": str(threads), "KMP_AFFINITY": f"granularity=fine,explicit,proclist=[{cores}]", "KMP_BLOCKTIME": "5", "KMP_TPAUSE": "0",
            **({"LD_PRELOAD": preload} if preload else {})}
