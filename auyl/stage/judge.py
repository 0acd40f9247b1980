"""Great Expectations on the outcome of a batch: volume, share of rejected rows, share of each rule with `mostly`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

# The library keeps its project context in a global.
_ONE_AT_A_TIME = Lock()
# Great Expectations needs these only for two expectations, on distributions and on JSON, and a chart.
UNUSED = ("altair", "jsonschema", "scipy.stats")
# Models for Spark and for files that pandas reads, a third of the import; the project judges frames in memory.
_EXPECTATIONS = "great_expectations.expectations.core"
_UNUSED_SOURCES = ("spark*_datasource.py", "pandas_*_datasource.py", "dynamic_pandas.py")


def judge(name: str, expectations: list[dict[str, Any]], frame: pandas.DataFrame) -> list[str]:
    """Validate `frame` by `expectations`; return each breach in words. An empty list accepts.

    An expectation on a column that the frame lacks is skipped: the first batch of a registry has no previous one.
    Raises RuntimeError for an exception inside Great Expectations or an expectation that it does not know: those are
    our errors and say nothing about the data.
    """
    asked = [item for item in expectations if item["kwargs"].get("column") in {None, *frame.columns}]
    suite = suite_of(name, asked)
    if len(suite.expectations) != len(asked):
        raise RuntimeError(f"suite {name}: Great Expectations knows {len(suite.expectations)} of {len(asked)} rules")
    with _ONE_AT_A_TIME:
        batch = _whole_frames().get_batch({"dataframe": frame})
        results = batch.validate(suite, result_format="BASIC").results
    for result in results:
        if error := exception_of(result):
            raise RuntimeError(f"suite {name}, {result.expectation_config.type}: {error}")
    return [_in_words(result) for result in results if not result.success]


def suite_of(name: str, expectations: list[dict[str, Any]]) -> Any:
    """The suite of those expectations that the library knows, whose modules are imported here."""
    gx = great_expectations()
    for kind in {item["type"] for item in expectations}:
        with suppress(ModuleNotFoundError):
            import_module(f"{_EXPECTATIONS}.{kind}")
    return gx.ExpectationSuite(name=name, expectations=expectations)


@cache
def great_expectations() -> Any:
    """The library without most of its expectations, which `suite_of` imports.

    Its plain import costs 2.5 s of processor time more (docs/decisions/0014-great-expectations.md).
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # or the import calls an analytics host
    stubs = {name: _Unused(name) for name in (*UNUSED, *_unused_modules()) if name not in sys.modules}
    sys.modules.update(stubs)
    gc.disable()
    try:
        import great_expectations
    finally:
        gc.freeze()
        gc.enable()
        for name in stubs:
            del sys.modules[name]
    return great_expectations


class _Unused(ModuleType):
    """A module whose names are classes without content; an instance is an empty mapping."""

    def __getattr__(self, name: str) -> type[dict[Any, Any]]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (dict,), {"__init__": lambda self, *_, **__: None})


def _unused_modules() -> list[str]:
    spec = find_spec("great_expectations")
    folders = spec.submodule_search_locations if spec else None
    root = Path(next(iter(folders or [""])))
    sources = [file.stem for names in _UNUSED_SOURCES for file in (root / "datasource" / "fluent").glob(names)]
    expectations = [file.stem for file in (root / "expectations" / "core").glob("expect_*.py")]
    return [
        *(f"great_expectations.datasource.fluent.{name}" for name in sources),
        *(f"{_EXPECTATIONS}.{name}" for name in expectations),
    ]


@cache
def _whole_frames() -> Any:
    """A definition of batches that are whole frames. Its context costs more to make than a suite to run."""
    gx = great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("outcome")
    return source.add_dataframe_asset("outcome").add_batch_definition_whole_dataframe("all")


def exception_of(result: Any) -> str | None:
    """The exception that Great Expectations caught: of the expectation, or of one of its metrics by their ids."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else info.values()
    return next((str(entry["exception_message"]) for entry in entries if entry["raised_exception"]), None)


def _in_words(result: Any) -> str:
    config = result.expectation_config
    kwargs, meta = config.kwargs, config.meta
    bounds = {"at least": kwargs.get("min_value"), "at most": kwargs.get("max_value")}
    limits = [f"{words} {value}" for words, value in bounds.items() if value is not None]
    values = result.result.get("partial_unexpected_list") or [result.result.get("observed_value", "another")]
    found = ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in values[:3])
    expected = " and ".join(limits) or config.type
    return f"{meta['rule']}: expected {expected}, found {found} ({meta['reason_ru']})"
