"""Registries: contract, suite and stage SQL of each, and that the rules ask columns that exist."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl import contracts
from auyl.checks.faults import Fault, collect, fault_in, line_of
from auyl.contracts import Contract
from auyl.errors import ContractInvalid
from auyl.settings import Settings
from auyl.stage import scan, suites
from auyl.store.duck import identifier

if TYPE_CHECKING:
    import duckdb

# Stands in the columns that stage leaves out; it looks like the number of a person, which SQL may ask for.
MARK = "850101300123"
META = ("rule", "level", "reason_ru", "reason_kk", "mostly", "about", "costs")


def faults_of_contracts(include: Path, only: str | None = None) -> list[Fault]:
    """Faults of the contracts themselves; of one registry where given."""
    files = sorted((include / "contracts").iterdir()) if only is None else [_contract_file(include, only)]
    faults = [
        Fault(path.name, 1, "expected a contract, <registry>.odcs.yaml")
        for path in files
        if not path.name.endswith(".odcs.yaml")
    ]
    return faults + collect([path for path in files if path.name.endswith(".odcs.yaml")], contracts.validate)


def _contract_file(include: Path, registry: str) -> Path:
    return include / "contracts" / f"{registry}.odcs.yaml"


def faults_of_registries(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    readable: Iterable[Contract],
    broken: Collection[str],
    is_whole: bool,
) -> list[Fault]:
    """Faults of suites and stage SQL, and of what the contracts that can be read say of them.

    `broken` are names of SQL files that do not parse. `is_whole`: the contracts are all there are, so that a file which
    none of them names is a fault.
    """
    faults: list[Fault] = []
    used: set[Path] = {settings.expectations / name for name in (suites.BATCH, suites.CELLS, "snapshot.json")}
    staged: set[Path] = set()
    for contract in readable:
        stage = settings.include / "sql" / "stage" / f"{contract.stage}.sql"
        suite = settings.expectations / f"{contract.suite}.json"
        used.add(suite)
        staged.add(stage)
        for path, what in ((suite, "suite"), (stage, "stage SQL")):
            if not path.is_file():
                faults.append(Fault(contract.path.name, 1, f"expected its {what} {path.name}, found none"))
        faults += faults_of_suite(suite) if suite.is_file() else []
        is_bound = stage.is_file() and stage.name not in broken
        columns = _columns(con, settings, contract, stage, faults) if is_bound else None
        if columns is not None:
            faults += _faults_of_links(con, settings, contract, suite, columns)
    if is_whole:
        faults += faults_of_suite(settings.expectations / "snapshot.json", is_registry=False)
        strange = {*settings.expectations.glob("*.json")} - used
        strange |= {*(settings.include / "sql" / "stage").glob("*.sql")} - staged
        faults += [Fault(path.name, 1, "no contract names it") for path in strange]
    return list(dict.fromkeys(faults))


def _columns(
    con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, stage: Path, faults: list[Fault]
) -> set[str] | None:
    """Columns that rules may ask; adds to the faults where the stage SQL cannot be bound to the contract."""
    import duckdb

    raw = ", ".join(f"'{MARK if c.is_hidden else 1}' as {identifier(c.name)}" for c in contract.columns)
    try:
        con.execute(f"create or replace temp table one_row as select {raw}, '' as _file, 1::bigint as _record")
        scan.define_views_over(con, settings.include, contract, "one_row", "2026-01")
        con.execute(f"create or replace temp table stage_{contract.registry} as from candidate limit 0")
        columns = {row[0] for row in con.execute("describe candidate").fetchall()}
        hidden = {column.name for column in contract.columns if column.is_hidden}
        shown = sorted(name for name in columns - hidden if name[0] != "_" and not name.endswith("__text"))
        marked = ", ".join(f"contains({identifier(name)}::varchar, '{MARK}')" for name in shown)
        for name, has_mark in zip(shown, con.execute(f"select {marked} from candidate").fetchall()[0], strict=True):
            if has_mark:
                faults.append(fault_in(stage, f"column «{name}»: expected nothing of a column that stage leaves out"))
        return columns
    except duckdb.Error as error:
        faults.append(fault_in(stage, f"with the contract {contract.path.name}: {_words(error)}"))
    except KeyError:
        pass  # a type that a contract cannot have; its own faults say so
    return None


def _faults_of_links(
    con: duckdb.DuckDBPyConnection, settings: Settings, contract: Contract, path: Path, columns: set[str]
) -> list[Fault]:
    import duckdb

    public = {name for name in columns if not name.startswith("_") and not name.endswith("__text")}
    of_facts = {name for fact in contract.facts for name in (*fact.by, *fact.columns)}
    faults = [
        fault_in(contract.path, f"place, role «{role}»: expected a column of stage, found «{column}»")
        for role, column in contract.place.items()
        if column not in public
    ]
    faults += [
        fault_in(contract.path, f"key, newestBy and facts: expected columns of stage, found «{name}»")
        for name in sorted({*contract.keys, *contract.newest_by, *of_facts} - public)
    ]
    try:
        suite = suites.load(contract.suite, settings.expectations)
    except Exception:
        return faults  # its own faults say why
    faults += [
        Fault(path.name, line_of(path, f"«{rule.rule}»"), f"rule {rule.rule}, costs: no column of stage «{name}»")
        for rule in suite.row_rules
        for name in rule.costs
        if name not in columns
    ]
    rows = f"(select *, 1::bigint as {suites.RANK} from candidate)"
    try:
        # Run and not only planned: a regular expression is read when the first row comes.
        con.execute(f"select {', '.join(rule.broken for rule in suite.row_rules)} from {rows}").fetchall()
    except duckdb.Error:
        rules = suite.row_rules  # one after another, since a query has one error
    else:
        rules = ()
    for rule in rules:
        try:
            con.execute(f"select ({rule.broken})::boolean from {rows}").fetchall()
        except duckdb.Error as error:
            of_all = any(rule.rule == item["meta"]["rule"] for item in _items(settings.expectations / suites.CELLS))
            file = settings.expectations / suites.CELLS if of_all else path
            faults.append(Fault(file.name, line_of(file, f"«{rule.rule}»"), f"rule {rule.rule}: {_words(error)}"))
    return faults


def _words(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _items(path: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["expectations"]
    return items


def faults_of_suite(path: Path, is_registry: bool = True) -> list[Fault]:
    """Faults of one suite, each with the line of its rule."""

    def step(file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        document = json.loads(text, object_pairs_hook=_once)
        if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
            raise ContractInvalid("expected an object with a list «expectations»")
        words = (
            [f"name: expected {file.stem}, found {document.get('name')!r}"] if document.get("name") != file.stem else []
        )
        words += [] if document["expectations"] else ["expected at least one expectation, found none"]
        known = known_expectations()
        for number, item in enumerate(document["expectations"], start=1):
            words += _faults_of_item(item, number, known)
        rules = [item["meta"]["rule"] for item in document["expectations"] if _has_rule(item)]
        words += [f"rule «{rule}»: twice" for rule in sorted({rule for rule in rules if rules.count(rule) > 1})]
        if words:
            raise ContractInvalid("\n".join(words))
        if is_registry:
            suites.load(file.stem, file.parent)

    return collect([path], step)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ContractInvalid(f"key «{name}»: twice in one object")
    return dict(pairs)


def _has_rule(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("meta"), dict) and isinstance(item["meta"].get("rule"), str)


def _faults_of_item(item: Any, number: int, known: frozenset[str]) -> list[str]:
    """What one expectation lacks, in words that name its rule."""
    if not _has_rule(item):
        return [f"expectation {number}: expected «meta» with a «rule»"]
    meta, rule = item["meta"], item["meta"]["rule"]
    words = []
    if item.get("type") not in known:
        words.append(f"expected an expectation that Great Expectations has, found «{item.get('type')}»")
    if item.get("severity") not in ("critical", "warning", "info"):
        words.append(f"severity: expected critical, warning or info, found {item.get('severity')!r}")
    if meta.get("level", "batch") not in ("row", "batch"):
        words.append(f"level: expected row or batch, found {meta['level']!r}")
    words += [f"meta: expected {', '.join(META)}, found «{name}»" for name in meta if name not in META]
    words += [f"expected a {name}" for name in ("reason_ru", "reason_kk") if not str(meta.get(name) or "").strip()]
    mostly = meta.get("mostly")
    if mostly is not None and not (isinstance(mostly, int | float) and 0 <= mostly <= 1):
        words.append(f"mostly: expected a number from 0 to 1, found {mostly!r}")
    kwargs = item.get("kwargs")
    if not isinstance(kwargs, dict):
        words.append("expected «kwargs»")
    else:
        low, high = kwargs.get("min_value"), kwargs.get("max_value")
        if "between" in str(item.get("type")) and low is None and high is None:
            words.append("expected a min_value or a max_value")
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            words.append(f"min_value {low} is above max_value {high}")
    return [f"rule «{rule}»: {word}" for word in words]


def known_expectations() -> frozenset[str]:
    """Types of expectations, from the names of the library's files: its import takes seconds."""
    spec = find_spec("great_expectations")
    folders = spec.submodule_search_locations if spec else None
    core = Path(next(iter(folders or [""]))) / "expectations" / "core"
    return frozenset(path.stem for path in core.glob("*expect*.py"))
