"""Readings of viewers whose purpose was held against nothing, for tests of what comes after."""

from herkomst.access.purpose import Asked
from herkomst.access.viewer import Reading, Viewer


def under(viewer: Viewer, purpose: str, ground: str) -> Reading:
    return Asked.parse(purpose, ground).by(viewer)
