"""Descriptions in YAML: indicators, contradictions, subjects, survivorship; and no key twice in one mapping."""

from __future__ import annotations

from pathlib import Path

import yaml

from auyl import contracts
from auyl.checks.faults import Fault, collect, fault_in
from auyl.descriptions import YAML_LOADER
from auyl.errors import ContractInvalid
from auyl.intake import retention
from auyl.linkage.contradictions import catalogue as contradictions
from auyl.linkage.entities import survivorship
from auyl.snapshot import catalogue
from auyl.subjects import load_subject, subject_files


def faults_of_keys(include: Path) -> list[Fault]:
    """Keys that stand twice in one mapping of a YAML file, of which YAML silently takes the last; what is no YAML."""
    return collect(sorted([*include.glob("*.yaml"), *include.glob("*/*.yaml")]), _refuse_repeated_keys)


def _refuse_repeated_keys(path: Path) -> None:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ContractInvalid(f"{path.name}{line}: not YAML: {getattr(error, 'problem', error)}") from error
    words = []
    nodes = [root] if root is not None else []
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            names = [key.value for key, _ in node.value]
            words += [
                f"{path.name}, line {key.start_mark.line + 1}: «{key.value}» stands twice in one mapping"
                for nth, (key, _) in enumerate(node.value)
                if key.value in names[:nth]
            ]
            nodes += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
    if words:
        raise ContractInvalid("\n".join(words))


def faults_of_descriptions(include: Path) -> list[Fault]:
    """Faults of all catalogues, each read by itself."""
    terms = collect([include / retention.FILE], lambda path: retention.terms(path.parent))
    return [*_indicators(include), *_contradictions(include), *_subjects(include), *_survivorship(include), *terms]


def _indicators(include: Path) -> list[Fault]:
    folder = include / "indicators"
    faults: list[Fault] = []
    for words in catalogue.faults(include):
        path = next(
            (p for p in (*folder.iterdir(), *(include / "sql").rglob("*.sql")) if words.startswith(p.name)), folder
        )
        faults.append(fault_in(path, words))
    themes = {path.stem for path in folder.glob("[!_]*.yaml")}
    faults += [
        Fault(path.name, 1, f"expected its theme indicators/{path.stem}.yaml, found none")
        for path in sorted((include / "sql" / "indicators").glob("*.sql"))
        if path.stem not in themes
    ]
    return faults


def _contradictions(include: Path) -> list[Fault]:
    files = sorted((include / "contradictions").glob("*.yaml"))
    context = {"registries": contracts.names(include), "folder": include / "sql" / "contradictions"}
    faults = collect(files, lambda path: contradictions.load_theme(path, context))
    return faults or _whole(include / "contradictions", lambda: contradictions.load(include))


def _subjects(include: Path) -> list[Fault]:
    faults = collect(subject_files(include), lambda path: load_subject(path, include))
    described = {f"{path.stem}_by_settlement" for path in subject_files(include)}
    return faults + [
        Fault(path.name, 1, "expected its subject in include/subjects, found none")
        for path in sorted((include / "sql" / "subjects").glob("*.sql"))
        if path.stem not in described
    ]


def _survivorship(include: Path) -> list[Fault]:
    files = sorted((include / "survivorship").glob("*.yaml"))
    return collect(files, lambda path: survivorship.load(path.stem, include))


def _whole(folder: Path, step: object) -> list[Fault]:
    """Faults between the files of a folder, each of which is good by itself."""
    return collect([folder], lambda _: step())  # type: ignore[operator]
