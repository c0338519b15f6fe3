"""Metrics for operators: positions and distances, in Prometheus' words."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from herkomst.projections.status import status
from herkomst.record.archive import Archive


class Standings(Collector):
    """Reads the status whenever it is asked; nothing is counted in memory."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.registry = CollectorRegistry()
        self.registry.register(self)

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
