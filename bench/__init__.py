"""Questions about speed, one command each, beside their limit and their peer. Nothing here is imported by `auyl`."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
