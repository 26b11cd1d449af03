"""A `loci serve` process: started on a free port, ready, and stopped with SIGTERM.

Ready = GET /health/ready answers 200. A server that ends by itself, or not with status 0 after SIGTERM, is a failure.
"""

import re
import signal
import socket
import subprocess
import tempfile
import time

import httpx
import openai

DEADLINE_S = 60


def poll(condition, what, deadline_s=DEADLINE_S):
    """Returns the first true value of condition(); fails after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"timed out: {what}"
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    def __init__(self, binary, arguments):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        command = [binary, "serve", *map(str, arguments), "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.http = httpx.Client(base_url=self.url, timeout=DEADLINE_S, trust_env=False)
        self._wait_until_ready()

    def _wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, f"the server ended:\n{self.log_text()}"
            try:
                return self.http.get("/health/ready").status_code == 200
            except httpx.TransportError:
                return False

        poll(ready, f"server is not ready:\n{self.log_text()}")

    def log_text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def client(self, api_key="none", **options):
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=api_key, max_retries=0, timeout=DEADLINE_S, **options)

    def async_client(self):
        return openai.AsyncOpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE_S)

    def metric(self, name, **labels):
        """The sum of the samples of a metric whose labels include these."""
        total, found = 0.0, False
        for line in self.http.get("/metrics").text.splitlines():
            match = re.fullmatch(r"([\w:]+)(?:\{(.*)\})? (\S+)", line)
            if not match or match[1] != name:
                continue
            if labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', match[2] or "")).items():
                total, found = total + float(match[3]), True
        assert found, f"no metric {name} {labels}"
        return total

    def wait_until_idle(self):
        """No sequence runs and no KV block is in use; an answer may arrive a moment before its blocks are free."""
        gauges = ("loci_kv_blocks_used", "vllm:num_requests_running", "vllm:num_requests_waiting")
        poll(lambda: not any(self.metric(gauge) for gauge in gauges), "all KV blocks are free")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, deadline_s=DEADLINE_S):
        return self.process.wait(deadline_s)

    def stop(self):
        """SIGTERM; the server has to end with status 0."""
        try:
            if self.process.poll() is None:
                self.terminate()
                self.wait()
        finally:
            self.close()
        assert self.process.returncode == 0, f"exit status {self.process.returncode}:\n{self.log_text()}"

    def close(self):
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
