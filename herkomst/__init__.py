"""Herkomst: registers of second-hand goods, and the investigations on them, as immutable events."""

__version__ = "0.1.0"
