"""The options of a contract: names, types, choices and defaults, one pydantic model for each thing that reads them.

    RegistryOptions, ColumnOptions    `customProperties` of the contract and of a column
    ServerOptions                     what every server says: way, format, connection, encoding
    WAYS, FORMATS                     options of each way in and of each file format
    ArchiveOptions                    of extracts that are packed

In the YAML a name is written in camelCase. `docs/contracts.md` and `docs/sources.md` explain each; tests hold them to
these models.
"""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from auyl.errors import ContractInvalid

PlaceRole = Literal[
    "rca", "kato", "gbd_district_code", "district_name", "okrug_name", "settlement_name", "address", "crew", "person"
]  # fmt: skip
# YAML has lists; the models are immutable.
Names = Annotated[tuple[str, ...], Strict(False)]
AtLeastOne = Annotated[int, Field(ge=1)]


class Options(BaseModel):
    """Options that one part of the system reads. Values are not converted: `"5"` is no number."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, defer_build=True, protected_namespaces=()
    )

    @classmethod
    def reader(cls) -> str:
        """What reads these options, for an error: `csv`, `rest`, `archive`."""
        return cls.__name__.removesuffix("Options").lower()

    @classmethod
    def names(cls) -> frozenset[str]:
        """The options as a contract spells them."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())


class Fact(Options):
    """Columns of stage that hold one fact, and its dates: of the rows of a key, the one with the newest date has it."""

    by: Names
    columns: Names


class RegistryOptions(Options):
    """`customProperties` of a contract. `stage` and `suite` are the registry's name when they are not given."""

    stage: str | None = None
    suite: str | None = None
    newest_by: Names = ()
    facts: Annotated[tuple[Fact, ...], Strict(False)] = ()
    delivery: Literal["full", "delta"] = "full"
    carry_forward_months: Annotated[int, Field(ge=0)] = 0
    feeds_vault: bool = False
    needs: Annotated[tuple[int, ...], Strict(False)] = ()
    place: dict[PlaceRole, str] = {}
    other_oblasts: bool = False


class ColumnOptions(Options):
    """`customProperties` of a column."""

    aliases: Names = ()
    attribute: bool = False
    code: bool = False
    decimals: Annotated[int, Field(ge=0, le=9)] = 2
    letters: Literal["kazakh_legacy"] | None = None


class ServerOptions(Options):
    """What every contract says of its source."""

    way: Literal["file", "sftp", "rest", "soap", "sql"] = "file"
    format: Literal["csv", "xml", "xlsx", "xls", "json", "jsonl", "geojson"]
    connection: Annotated[str, Field(min_length=1)]
    encoding: str = "utf-8"
    poll_seconds: Annotated[float, Field(ge=1)] = 300.0
    max_extract_bytes: AtLeastOne = 16 << 30

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"no encoding {encoding}") from None
        return encoding


class CsvOptions(Options):
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    final_newline: bool = True


class JsonlOptions(Options):
    final_newline: bool = True


class EnvelopeOptions(Options):
    """Formats whose files say of what period they are and when they were made: field → its key or path."""

    envelope: dict[str, str] = {}


class XmlOptions(EnvelopeOptions):
    record: str
    record_count: str | None = None
    ignore: Names = ()

    @property
    def record_path(self) -> list[str]:
        """Local names of the elements from the root to the record."""
        return [step for step in self.record.split("/") if step]


class JsonOptions(EnvelopeOptions):
    items: str
    page: str = "page"
    pages: str = "pages"
    total: str | None = None


class GeojsonOptions(EnvelopeOptions):
    total: str | None = None


class XlsOptions(Options):
    fill_down: Names = ()
    heading_rows: Literal[1, 2] = 1
    ignore_sheets: Names = ()


class XlsxOptions(XlsOptions):
    max_unpacked_bytes: AtLeastOne = 4 << 30


class ArchiveOptions(Options):
    archive: Literal["zip"]
    member_pattern: str
    ignore_members: Names = ()
    max_members: AtLeastOne = 1000
    max_unpacked_bytes: AtLeastOne = 4 << 30


class FileOptions(Options):
    """Of `file` and `sftp`, see `auyl.sources.drop_folder`."""

    file_pattern: Annotated[str, Field(min_length=1)]
    marker: str | None = None
    stable_seconds: Annotated[float, Field(ge=0)] = 0.0
    expected_files: AtLeastOne | None = None
    parts: Names = ()

    @model_validator(mode="after")
    def _names_are_of_files(self) -> FileOptions:
        """A name that no file can have would be waited for in silence."""
        for option, name, known in (
            ("filePattern", self.file_pattern, ("period", "part")), ("marker", self.marker or "", ("name", "period"))
        ):  # fmt: skip
            if unknown := [word for word in re.findall(r"\{(.*?)\}", name) if word not in known]:
                raise ValueError(f"{option}: {{{'}, {'.join(known)}}}, not {{{unknown[0]}}}")
            if "/" in name:
                raise ValueError(f"{option}: a name without a folder, not {name}")
        return self

    @model_validator(mode="after")
    def _parts_are_named(self) -> FileOptions:
        if bool(self.parts) != ("{part}" in self.file_pattern):
            raise ValueError("parts: the option and {part} in filePattern need each other")
        if self.parts and self.expected_files:
            raise ValueError("parts: they say how many files are expected, expectedFiles must not")
        return self


class HttpOptions(Options):
    """Limits of a way in over HTTP."""

    request_timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    pull_timeout_seconds: Annotated[float, Field(gt=0)] = 14_400.0


class RestOptions(HttpOptions):
    resource: Annotated[str, Field(min_length=1)]
    items: Annotated[str, Field(min_length=1)]
    paging: Literal["number", "cursor", "next", "none"] = "number"
    page: str | None = None
    pages: str | None = None
    total: str | None = None
    page_size: AtLeastOne | None = None
    cursor: str = "cursor"
    cursor_parameter: str = "cursor"
    next: str | None = None
    period_parameter: str | None = "period"
    auth: Literal["bearer", "oauth2", "basic", "header", "none"] = "bearer"
    scope: str | None = None
    token_header: str = "X-Api-Key"  # noqa: S105 - the name of a header
    min_interval_seconds: Annotated[float, Field(ge=0)] = 0.0
    max_pages: AtLeastOne = 100_000
    record_key: Names = ()

    @model_validator(mode="after")
    def _numbers_are_complete(self) -> RestOptions:
        if self.paging == "number":
            required = {"page": self.page, "pages": self.pages, "total": self.total, "pageSize": self.page_size}
            if missing := [name for name, value in required.items() if not value]:
                raise ValueError(f"paging by number needs the option {', '.join(missing)}")
        return self


class SoapOptions(HttpOptions):
    # The gateway makes its answer while the client waits.
    request_timeout_seconds: Annotated[float, Field(gt=0)] = 900.0
    channel: Literal["sync", "async"] = "sync"
    service: Annotated[str, Field(min_length=1)]
    request: dict[str, str | int] = {}
    request_namespace: str | None = None
    part_field: str | None = None
    signature: Literal["required", "unchecked"] = "required"
    success: Names = ("SCSS001",)
    max_megabytes: Annotated[float, Field(gt=0)] = 32.0
    answer_operation: str = "getMessage"
    give_up_hours: Annotated[float, Field(gt=0)] = 72.0


class SqlOptions(Options):
    table: Annotated[str, Field(min_length=1)]
    table_schema: Annotated[str | None, Field(alias="schema")] = None
    period_column: Annotated[str, Field(min_length=1)]
    watermark: Annotated[str, Field(min_length=1)]
    overlap_minutes: Annotated[int, Field(ge=0)] = 0
    statement_timeout_seconds: Annotated[float, Field(gt=0)] = 600.0
    pull_timeout_seconds: Annotated[float, Field(gt=0)] = 14_400.0


FORMATS: dict[str, type[Options]] = {
    "csv": CsvOptions,
    "xml": XmlOptions,
    "xlsx": XlsxOptions,
    "xls": XlsOptions,
    "json": JsonOptions,
    "jsonl": JsonlOptions,
    "geojson": GeojsonOptions,
}
WAYS: dict[str, type[Options]] = {
    "file": FileOptions,
    "sftp": FileOptions,
    "rest": RestOptions,
    "soap": SoapOptions,
    "sql": SqlOptions,
}
_Kind = TypeVar("_Kind", bound=Options)


def parse(kind: type[_Kind], values: Mapping[str, Any], place: str = "") -> _Kind:
    """Options of one kind from a contract's YAML. Raises ContractInvalid with all faults, each with its option."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ContractInvalid("; ".join(_faults(kind, error, place))) from None


def parse_server(values: Mapping[str, Any]) -> tuple[ServerOptions, Options, Options, ArchiveOptions | None]:
    """The options of a server, of its way in, of its format and of its archives.

    Raises ContractInvalid with all faults: an option that nothing reads, one that is missing, a value that cannot be.
    """
    general = parse(ServerOptions, _of(ServerOptions, values))
    kinds: list[type[Options]] = [ServerOptions, WAYS[general.way], FORMATS[general.format]]
    if "archive" in values:
        kinds.append(ArchiveOptions)
    faults = _unknown(kinds, values)
    parsed: list[Options] = []
    for kind in kinds[1:]:
        try:
            parsed.append(parse(kind, _of(kind, values)))
        except ContractInvalid as error:
            faults.append(str(error))
    if faults:
        raise ContractInvalid("; ".join(faults))
    archive = parsed[2] if len(parsed) > 2 else None
    return general, parsed[0], parsed[1], archive if isinstance(archive, ArchiveOptions) else None


def _of(kind: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in kind.names() & values.keys()}


def _unknown(kinds: Iterable[type[Options]], values: Mapping[str, Any]) -> list[str]:
    known = frozenset[str]().union(*(kind.names() for kind in kinds))
    read_by = ", ".join(kind.reader() for kind in kinds)
    return [f"option {name}: {_meant(name, known, f'not read by {read_by}')}" for name in values if name not in known]


def _meant(name: str, known: Iterable[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)
    return f"is {near[0]} meant?" if near else otherwise


def _faults(kind: type[Options], error: ValidationError, place: str) -> list[str]:
    faults = []
    for fault in error.errors(include_url=False):
        name = ".".join(map(str, fault["loc"]))
        if fault["type"] == "missing":
            text = f" is missing; {kind.reader()} needs it"
        elif fault["type"] == "extra_forbidden":
            text = f": {_meant(name, kind.names(), f'not read by {kind.reader()}')}"
        elif fault["type"] == "value_error":
            text = f": {fault['ctx']['error']}"
        else:
            text = f": {fault['msg']}, not {fault['input']!r}"
        faults.append(f"{place}option {name}{text}" if name else f"{place}{text}")
    return faults
