"""Contradictions: where registries disagree, and who is to act."""
