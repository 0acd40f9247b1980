"""Linkage: which rows speak of one person or place, which value survives, and where registries disagree."""
