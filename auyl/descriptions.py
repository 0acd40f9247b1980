"""Descriptions in YAML (catalogues, subjects), read into pydantic models. An error names the file and the field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from auyl.errors import ContractInvalid

# An order of magnitude faster; a wheel of PyYAML without libyaml has none.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Description(BaseModel):
    """Base of the models: no unknown keys, camelCase in YAML, not changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


Model = TypeVar("Model", bound=Description)


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
    content = read_yaml(path)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        faults = [
            f"{path.name}, {_field(fault['loc'], content)}: {fault['msg'].removeprefix('Value error, ')}, "
            f"found {str(fault['input'])[:80]!r}"
            for fault in error.errors(include_url=False)
        ]
        raise ContractInvalid("\n".join(faults)) from error


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
