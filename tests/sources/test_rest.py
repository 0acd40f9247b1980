"""A REST source is asked until its answer is whole, politely, and given up in words when it never is."""

import json
from pathlib import Path

import pytest

from auyl import contracts, intake
from auyl.errors import SourceUnavailable
from auyl.settings import REPOSITORY, Settings
from auyl.sources import rest
from tests.extracts import PERIOD, jobseeker, page
from tests.sources.conftest import Serve

CONTRACT = contracts.load("employment", REPOSITORY / "include")
PAGES = 8


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    """Eight pages of five, which is each kind of fault once."""
    folder = tmp_path / "extracts" / PERIOD / "employment"
    folder.mkdir(parents=True)
    for number in range(1, PAGES + 1):
        items = [jobseeker(10 * number + n) for n in range(5)]
        (folder / f"page-{number:05d}.json").write_bytes(page(items, number, PAGES, 5 * PAGES))
    return tmp_path / "extracts"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("faults", ["none", "some"])
def test_all_pages_come_as_they_are_whatever_fails_on_the_way(
    serve: Serve, extracts: Path, work: Path, faults: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(rest.time, "sleep", waits.append)
    pulled = rest.pull(CONTRACT, PERIOD, serve(extracts, faults), work, None)
    served = sorted((extracts / PERIOD / "employment").iterdir())
    assert [f.read_bytes() for f in pulled.files] == [f.read_bytes() for f in served]
    assert (len(waits) == 0) if faults == "none" else (len(waits) >= 6 and 1.0 in waits), "Retry-After is obeyed"


def test_a_wrong_token_is_told_at_once_and_not_shown(serve: Serve, extracts: Path, work: Path) -> None:
    with pytest.raises(SourceUnavailable, match="refused the token with 401") as told:
        rest.pull(CONTRACT, PERIOD, serve(extracts, token="a-secret-of-ours"), work, None)
    assert "a-secret-of-ours" not in str(told.value)


def test_items_lost_on_the_way_are_noticed(serve: Serve, extracts: Path, work: Path) -> None:
    last = extracts / PERIOD / "employment" / f"page-{PAGES:05d}.json"
    cut = json.loads(last.read_bytes())
    cut["items"] = cut["items"][:-2]
    last.write_text(json.dumps(cut))
    with pytest.raises(SourceUnavailable, match="says 40 items and gave 38"):
        rest.pull(CONTRACT, PERIOD, serve(extracts), work, None)


def test_a_source_that_is_down_lands_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest.time, "sleep", lambda _: None)
    with pytest.raises(SourceUnavailable, match=r"page 1 did not come in 6 attempts, last: the line broke"):
        intake.pull("employment", PERIOD, lambda _: "http://:t@127.0.0.1:9", settings)
    assert not Path(settings.lake).exists()


def test_the_way_from_the_server_to_stage(serve: Serve, extracts: Path, settings: Settings) -> None:
    address = serve(extracts)
    delivery = intake.pull("employment", PERIOD, lambda name: {"employment_api": address}[name], settings)
    result = intake.load(delivery, settings)
    assert (result.status, result.rows_in, result.staged) == ("accepted", 40, 40)
    assert intake.pull("employment", PERIOD, lambda _: address, settings) == delivery
