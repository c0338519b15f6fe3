"""Planted crimes, each in its own file, with what looks like it and is innocent in another."""
