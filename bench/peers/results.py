"""The records of a run as medians over its rounds; report.py and plot.py show them."""
import collections
import json
import statistics

import grid

Work = collections.namedtuple("Work", "test context batch")
Speed = collections.namedtuple("Speed", "median least most rounds")  # tokens/s


def label(work):
    if work.test == "prefill":
        return f"prefill of {work.context:,} tokens"
    streams = "1 stream" if work.batch == 1 else f"{work.batch} streams"
    return f"decode, {streams} at {work.context:,} tokens"


def ratio(above, below):
    """The median over the rounds that both have: the machine's speed moves, and moves both."""
    both = [above[at] / below[at] for at in above if at in below]
    return statistics.median(both) if both else None


class Results:
    """speeds: {(Work, format, program): Speed}. limits: {(Work, format): tokens/s at which a limit of the machine would be reached}, as
    `loci bench model` reckons it. A figure that was measured more than once in a round counts with its last."""

    def __init__(self, path):
        with open(path) as file:
            self.records = [json.loads(line) for line in file]
        self.machine = next((r for r in reversed(self.records) if r["record"] == "machine"), {})
        rates, limits = collections.defaultdict(dict), collections.defaultdict(dict)  # {key: {(round, job): tokens/s}}
        for r in self.of("figure"):
            work = Work(r["test"], r["context"], r["batch"])
            at = r["round"], r["job"]
            rates[work, r["format"], r["program"]][at] = r["tokens_per_second"]
            if r.get("roofline_percent"):
                limits[work, r["format"]][at] = 100 * r["tokens_per_second"] / r["roofline_percent"]
        self.speeds = {key: Speed(statistics.median(v.values()), min(v.values()), max(v.values()), len(v)) for key, v in rates.items()}
        self.limits = {key: statistics.median(v.values()) for key, v in limits.items()}
        self.rates, self.limit_rates = dict(rates), dict(limits)

    def of(self, kind):
        return [r for r in self.records if r["record"] == kind]

    def works(self):
        order = {"prefill": 0, "decode": 1}
        return sorted({key[0] for key in self.speeds}, key=lambda w: (order[w.test], w.context, w.batch))

    def programs(self):
        """Loci first, then in the order in which they were first measured."""
        names = dict.fromkeys(r["program"] for r in self.of("figure"))
        return sorted(names, key=lambda name: name != "Loci")

    def formats(self, work):
        return [f for f in grid.FORMATS if any(key[:2] == (work, f) for key in self.speeds)]

    def share(self, work, format, program):
        """Of the limit, 0 to 1; None where it is not known."""
        return ratio(self.rates.get((work, format, program), {}), self.limit_rates.get((work, format), {}))

    def against(self, work, format, program, other_format=None):
        """Loci's speed over the program's, which may have another format; None where either is missing."""
        own = self.rates.get((work, format, "Loci"), {})
        return ratio(own, self.rates.get((work, other_format or format, program), {}))

    def machine_limits(self):
        """{test: (median, least, most)} in GB/s or GOP/s of the most threads; of several extensions the quickest."""
        most_threads = max((r["threads"] for r in self.of("limit")), default=0)
        found = collections.defaultdict(lambda: collections.defaultdict(float))
        for r in self.of("limit"):
            if r["threads"] == most_threads:
                at = found[r["test"]]
                key = r["round"], r["job"]
                at[key] = max(at[key], r.get("gb_per_second", r.get("gop_per_second", 0)))
        return {test: (statistics.median(v.values()), min(v.values()), max(v.values())) for test, v in found.items()}

    def failures(self):
        """Errors of jobs that were not done later."""
        def key(r):
            return r["round"], r["job"], r["program"], r["format"]

        done = {key(r) for r in self.of("done")}
        return [r for r in self.of("error") if key(r) not in done]
