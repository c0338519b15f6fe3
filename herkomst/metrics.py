"""Metrics for operators: positions and distances, in Prometheus' words."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from herkomst.projections.status import status
from herkomst.record.archive import Archive

JOURNALING = Histogram(
    "herkomst_journal_seconds",
    "From an answer that is ready until its entry in the journal is durable",
    buckets=(0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0),
    registry=None,
)
"""What the journal costs an answer, since this process began."""


class Standings(Collector):
    """Reads the status whenever it is asked; what the journal costs is counted as it happens."""

    def __init__(self, archive: Archive, shared: Path | None = None) -> None:
        """`shared` is the directory in which several processes count together."""
        self._archive = archive
        self.registry = CollectorRegistry()
        self.registry.register(self)
        if shared is None:
            self.registry.register(JOURNALING)
        else:
            MultiProcessCollector(self.registry, str(shared))  # type: ignore[no-untyped-call]

    def describe(self) -> list[Metric]:
        """Nothing is collected at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        with self._archive.database.connection() as connection:
            now = status(connection)
        heads = GaugeMetricFamily(
            "herkomst_sequence_head", "Position of the last event", labels=["sequence"]
        )
        for name, sequence in now.sequences.items():
            heads.add_metric([name], sequence.head)
        lag = GaugeMetricFamily(
            "herkomst_follower_lag_events", "Events not yet taken in", labels=["follower"]
        )
        age = GaugeMetricFamily(
            "herkomst_follower_lag_seconds", "Age of the oldest of them", labels=["follower"]
        )
        failed = GaugeMetricFamily(
            "herkomst_follower_failed", "1 when an event stopped it", labels=["follower"]
        )
        for follower in now.followers:
            lag.add_metric([follower.name], follower.lag_events)
            age.add_metric([follower.name], follower.lag_seconds)
            failed.add_metric([follower.name], float(follower.state == "failed"))
        yield from (heads, lag, age, failed)
