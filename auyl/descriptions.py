"""Descriptions in YAML (catalogues, subjects), read into pydantic models. An error names the file and the field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from auyl.errors import ContractInvalid
from auyl.languages import Texts

# An order of magnitude faster; a wheel of PyYAML without libyaml has none.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Description(BaseModel):
    """Base of the models: no unknown keys, camelCase in YAML, not changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


Model = TypeVar("Model", bound=Description)
Result = TypeVar("Result")
_TEXTS_BY_NAME = TypeAdapter(dict[str, Texts])


def read_yaml(path: Path) -> Any:
    """Content of a YAML file. Raises ContractInvalid when it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)
    except yaml.YAMLError as error:
        raise ContractInvalid(f"{path.name}: not YAML: {error}") from error


def read(path: Path, model: type[Model], **context: Any) -> Model:
    """The YAML file as `model`; its validators find `context` in `info.context`.

    Raises ContractInvalid with one line per fault: file, field, what is wrong, what was found.
    """
    return _validated(path, lambda content: model.model_validate(content, context=context))


def read_texts(path: Path) -> dict[str, dict[str, str]]:
    """A YAML file of names, each with a text in every language. Raises ContractInvalid as `read`."""
    return _validated(path, _TEXTS_BY_NAME.validate_python)


def _validated(path: Path, validate: Callable[[Any], Result]) -> Result:
    content = read_yaml(path)
    try:
        return validate(content)
    except ValidationError as error:
        text = path.read_text(encoding="utf-8")
        faults = [
            f"{path.name}, {_field(fault['loc'], content)}: "
            f"{fault['msg'].removeprefix('Value error, ')}, found {str(fault['input'])[:80]!r} "
            f"(line {line_of(text, fault['loc'])})"
            for fault in error.errors(include_url=False)
        ]
        raise ContractInvalid("\n".join(faults)) from error


def line_of(text: str, location: Iterable[int | str]) -> int:
    """The line of a YAML text on which a field stands, or the nearest one around it that is there."""
    node = yaml.compose(text, Loader=YAML_LOADER)
    line = 1
    for part in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == part), None)
            if pair is None:
                break
            node, line = pair[1], pair[0].start_mark.line + 1
        else:
            break
    return line


def _field(location: tuple[int | str, ...], content: Any) -> str:
    """`indicators «budget.income», unit` for ("indicators", 0, "unit")."""
    words = ""
    for part in location:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            content = None
        if isinstance(part, int):
            words += f" «{content['id']}»" if isinstance(content, dict) and "id" in content else f" {part + 1}"
        else:
            words += (", " if words else "") + part
    return words or "the whole file"
