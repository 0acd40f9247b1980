"""Auyl: the state registries of Kazakhstan, consolidated into one snapshot of every rural okrug."""

__version__ = "0.1.0"
