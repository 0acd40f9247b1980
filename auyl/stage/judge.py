"""Great Expectations on the outcome of a batch: volume, share of bad rows, share of each rule that says `mostly`."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

_ONE_AT_A_TIME = Lock()
# Great Expectations takes them for one expectation and its chart, and they are a third of the cost of its import.
SELDOM_NEEDED = ("altair", "scipy.stats")


def judge(name: str, expectations: list[dict[str, Any]], frame: Any) -> list[str]:
    """Run `expectations` on a pandas frame; return what is breached, in words. An empty list accepts.

    An expectation whose column is absent from the frame or null in it has nothing to judge and holds: the first
    batch of a registry has no former one. An exception inside Great Expectations is raised as RuntimeError, since it
    is a fault of ours and says nothing about the data.
    """
    gx = _library()
    columns = {None, *frame.columns}
    asked = [item for item in expectations if item["kwargs"].get("column") in columns]
    # Added one by one, a later rule on a column would take the place of a former one of its type.
    suite = gx.ExpectationSuite(name=name, expectations=[_configuration(item) for item in asked])
    if len(suite.expectations) != len(asked):
        raise RuntimeError(f"suite {name}: {len(asked)} expectations, {len(suite.expectations)} of them understood")
    # The library keeps its project context in a global.
    with _ONE_AT_A_TIME:
        return _judge(gx, name, suite, frame)


def _judge(gx: Any, name: str, suite: Any, frame: Any) -> list[str]:
    batch = _whole_frames(gx).get_batch({"dataframe": frame})
    # Nearly all hold, and what was found is only asked for where they do not.
    told = batch.validate(suite, result_format="BOOLEAN_ONLY")
    if not told.success:
        told = batch.validate(suite, result_format="BASIC")
    breaches = []
    for result in told.results:
        raised = _exception(result.exception_info)
        if raised:
            raise RuntimeError(f"suite {name}, {result.expectation_config.type}: {raised}")
        if not result.success:
            breaches.append(_in_words(result))
    return breaches


@cache
def _whole_frames(gx: Any) -> Any:
    """A definition of batches that are whole frames. Its context costs more to make than a suite to run."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("outcome")
    return source.add_dataframe_asset("outcome").add_batch_definition_whole_dataframe("all")


def warm_up() -> None:
    """Import what judging needs, which takes seconds of pure Python."""
    _library()


@cache
def _library() -> Any:
    # Without this, importing calls an analytics host.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    for name in SELDOM_NEEDED:
        _defer(name)
    # The collector would look at all that is imported again and again, and once more when the process ends: half of
    # the cost.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        import great_expectations
        import pandas  # noqa: F401
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
    return great_expectations


class _Deferred(ModuleType):
    """Stands for a module until something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        # The import system asks a module for names of its own before anybody needs it, and does without them.
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def _defer(name: str) -> None:
    """Let `import name` cost nothing until the module is used. One that is imported already, or is not there, stays."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is not None:
        sys.modules[name] = module = _Deferred(name)
        module.__spec__ = spec


def _configuration(item: dict[str, Any]) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(
        type=item["type"], kwargs=item["kwargs"], meta=item["meta"], severity=item.get("severity", "critical")
    )


def _exception(info: dict[str, Any] | None) -> str | None:
    if not info:
        return None
    entries = [info] if "raised_exception" in info else [e for e in info.values() if isinstance(e, dict)]
    return next((str(e.get("exception_message")) for e in entries if e.get("raised_exception")), None)


def _in_words(result: Any) -> str:
    config = result.expectation_config
    kwargs, meta = config.kwargs, config.meta or {}
    limits = [f"at least {kwargs['min_value']}" for _ in [0] if kwargs.get("min_value") is not None]
    limits += [f"at most {kwargs['max_value']}" for _ in [0] if kwargs.get("max_value") is not None]
    came = (result.result or {}).get("partial_unexpected_list") or []
    shown = ", ".join(f"{v:.4g}" if isinstance(v, float) else str(v) for v in came[:3])
    expected = " and ".join(limits) or config.type
    rule, reason = meta.get("rule", kwargs.get("column")), meta.get("reason_ru", "")
    return f"{rule}: expected {expected}, found {shown or 'another'} ({reason})"
