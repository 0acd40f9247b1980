"""An installation in which a handful of rows is published: it knows a small territory, and its suites let them pass."""

import json
from dataclasses import replace

from auyl.settings import Settings
from auyl.territory.reference import load_territory
from tests.territory.conftest import CROSSWALK, KATO


def loosened(settings: Settings) -> Settings:
    """The same with suites that let a handful of rows pass, and a snapshot of one okrug."""
    target = settings.home / "expectations"
    target.mkdir()
    for path in settings.expectations.glob("*.json"):
        document = json.loads(path.read_text("utf-8"))
        if path.name == "snapshot.json":
            document["expectations"] = document["expectations"][:2]
        if path.name == "_batch.json":
            for item in document["expectations"]:
                is_share = item["kwargs"]["column"].startswith("share")
                item["kwargs"] |= {"min_value": 0, "max_value": 0.6 if is_share else 1000}
        (target / path.name).write_text(json.dumps(document), "utf-8")
    reference = {"kato.csv": KATO, "crosswalk.csv": CROSSWALK}
    for name, content in reference.items():
        (settings.home / name).write_text(content, "utf-8")
    load_territory(settings, settings.home / "kato.csv", settings.home / "crosswalk.csv", None, "E1")
    return replace(settings, expectations=target)
