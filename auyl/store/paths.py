"""Every path of the lake. No other module spells one.

A path begins with its zone. Rotation of the hash key asks `ZONES` which files hold keys, and refuses a zone that is
not among them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Zone:
    """A top folder of the lake.

    `is_keyed`: its files have keyed hashes, in columns of type uuid or within texts. `has_persons`: a key without a
    known number in it belongs to a person. `order`: columns that its rows are ordered by, where a key is among them.
    """

    name: str
    is_keyed: bool = False
    has_persons: bool = False
    order: str = ""


LANDING = Zone("landing")
RAW = Zone("raw")
STAGE = Zone("stage", is_keyed=True, has_persons=True)
LINKABLE = Zone("linkable", is_keyed=True)
IDENTITY = Zone("identity", is_keyed=True, has_persons=True)
QUARANTINE = Zone("quarantine", is_keyed=True)
HANDBACK = Zone("handback")
CORE = Zone("core", is_keyed=True)
ENTITY = Zone("entity", is_keyed=True, order="entity_key, attribute")
CONTRADICTION = Zone("contradiction", is_keyed=True, order="type_id, subject_kind, subject_key")
LINKAGE = Zone("linkage", is_keyed=True)
REFERENCE = Zone("reference")
# Files with new keys wait here until they replace the ones with the old keys.
ROTATION = Zone("rotation")
ZONES = (
    LANDING, RAW, STAGE, LINKABLE, IDENTITY, QUARANTINE, HANDBACK, CORE, ENTITY, CONTRADICTION, LINKAGE, REFERENCE,
    ROTATION,
)  # fmt: skip

MANIFEST = "manifest.json"
# The id of the lake, at its root.
MARK = "auyl-lake.json"
_LINK_FILE = "link.parquet"
_PERSON_DETAILS_FILE = "person_details.parquet"
_ADDRESS_TEXTS = "address"
# Folders of identity with rows that have private columns.
_OF_ROWS = (RAW.name, QUARANTINE.name, _ADDRESS_TEXTS)


def _path(zone: Zone, *parts: str) -> str:
    return "/".join((zone.name, *parts))


def _short(sha256: str) -> str:
    return sha256[:16]


def folder_of(path: str) -> str:
    """The folder that a file lies in."""
    return path.rpartition("/")[0]


def landing_parent(registry: str, period: str) -> str:
    """The folder of all deliveries of a registry and period."""
    return _path(LANDING, registry, period)


def landing_incoming(registry: str, period: str) -> str:
    """Where a delivery is written before its checksum is known."""
    return f"{landing_parent(registry, period)}/incoming"


def landing_folder(registry: str, period: str, delivery_sha256: str) -> str:
    """The files of one delivery and its manifest."""
    return f"{landing_parent(registry, period)}/{_short(delivery_sha256)}"


def raw_folder(registry: str, period: str, delivery_sha256: str, contract_sha256: str, is_private: bool) -> str:
    """The rows of a delivery as text; in identity where some of their columns are private."""
    path = _path(RAW, registry, period, f"{_short(delivery_sha256)}-{contract_sha256[:8]}")
    return in_identity(path) if is_private else path


def made_of_delivery(registry: str, period: str, delivery_sha256: str) -> list[str]:
    """What the paths of all rows of a delivery begin with, under whatever contract and rules they were read."""
    name = f"{registry}/{period}/{_short(delivery_sha256)}-"
    open_zones = [_path(zone, name) for zone in (RAW, STAGE, LINKABLE, IDENTITY, QUARANTINE)]
    return [*open_zones, *(_path(IDENTITY, zone, name) for zone in _OF_ROWS)]


def batch_name(registry: str, period: str, delivery_sha256: str, rules_sha256: str) -> str:
    """What the files of a batch have in common: `<registry>/<period>/<delivery16>-<rules16>`."""
    return f"{registry}/{period}/{_short(delivery_sha256)}-{_short(rules_sha256)}"


def batch_of(stage_file: str) -> str:
    """The batch name of a stage file."""
    return folder_of(stage_file).removeprefix(f"{STAGE.name}/")


def stage_file(batch: str) -> str:
    """The accepted rows of a batch."""
    return _path(STAGE, batch, "stage.parquet")


def linkable_file(batch: str) -> str:
    """The rows of a batch that were rejected only for the person's number."""
    return _path(LINKABLE, batch, "linkable.parquet")


def identity_file(batch: str) -> str:
    """Who the staged rows of a batch are; only contracts that feed the vault have it."""
    return _path(IDENTITY, batch, "identity.parquet")


def quarantine_file(batch: str, is_private: bool) -> str:
    """The rejected rows and duplicates of a batch, with their reasons; in identity where columns are private."""
    path = _path(QUARANTINE, batch, "quarantine.parquet")
    return in_identity(path) if is_private else path


def address_text_file(batch: str) -> str:
    """The addresses of the staged rows in people's own words, by _file and _record; stage has all but them."""
    return _path(IDENTITY, _ADDRESS_TEXTS, batch, "address.parquet")


def in_identity(path: str) -> str:
    """Where a file of raw or quarantine lies if its rows have private columns."""
    return _path(IDENTITY, path)


def registry_folder(zone: Zone, registry: str) -> str:
    """All that a zone holds of a registry."""
    return _path(zone, registry)


def is_of_rows(path: str) -> bool:
    """Is this a file of identity that holds rows of one delivery as they came? Such a file holds no key of a person:
    a key among what would be staged of a rejected row may be that of a wrong number."""
    zone, _, rest = path.partition("/")
    return zone == IDENTITY.name and rest.partition("/")[0] in _OF_ROWS


def handback_file(registry: str, period: str, name: str) -> str:
    """A file of rejected rows for the registry's owner."""
    return _path(HANDBACK, registry, period, name)


def core_folder(period: str, inputs_sha256: str) -> str:
    """The core tables of one build."""
    return _path(CORE, period, _short(inputs_sha256))


def core_file(period: str, inputs_sha256: str, table: str) -> str:
    """One core table of a build."""
    return f"{core_folder(period, inputs_sha256)}/{table}.parquet"


def entity_file(kind: str, period: str, inputs_sha256: str) -> str:
    """The attributes of one kind of entity."""
    return _path(ENTITY, kind, period, _short(inputs_sha256), "attribute.parquet")


def period_of_entities(path: str) -> str:
    """The period of a file of `entity_file`."""
    return path.split("/")[2]


def contradiction_file(period: str, inputs_sha256: str) -> str:
    """The contradictions of a period."""
    return _path(CONTRADICTION, period, _short(inputs_sha256), "contradiction.parquet")


def link_file(period: str, inputs_sha256: str) -> str:
    """The links of one run of linkage."""
    return _path(LINKAGE, period, _short(inputs_sha256), _LINK_FILE)


def person_details_file(link_file: str) -> str:
    """What the record keys of a run were hashed from. They lie in identity, where rotation reads numbers."""
    return _path(IDENTITY, folder_of(link_file), _PERSON_DETAILS_FILE)


def is_person_details(path: str) -> bool:
    """Is this a file of `person_details_file`?"""
    return path.endswith(f"/{_PERSON_DETAILS_FILE}")


def is_obsolete(path: str) -> bool:
    """Is this a file that earlier versions of linkage wrote beside the links? Nothing reads it any more."""
    return path.startswith(f"{LINKAGE.name}/") and not path.endswith(f"/{_LINK_FILE}")


def territory_root() -> str:
    """The folder of all editions of KATO."""
    return _path(REFERENCE, "territory")


def territory_folder(edition: str) -> str:
    """The tables of one edition of KATO."""
    return f"{territory_root()}/{edition}"


def territory_file(edition: str, table: str) -> str:
    """One table of an edition: kato, crosswalk or address."""
    return f"{territory_folder(edition)}/{table}.parquet"


def edition_of(path: str) -> str:
    """The edition that a file below `territory_root` belongs to."""
    return path.removeprefix(f"{territory_root()}/").partition("/")[0]


def changes_root() -> str:
    """The folder of the changes of all editions."""
    return _path(REFERENCE, "changes")


def changes_folder(edition: str) -> str:
    """The folder of `changes_file`."""
    return f"{changes_root()}/{edition}"


def changes_file(edition: str) -> str:
    """What became of the codes that an edition no longer has."""
    return f"{changes_folder(edition)}/change.parquet"


def zone_of(path: str) -> Zone:
    """The zone of a path. Raises KeyError for a folder that is no zone."""
    return {zone.name: zone for zone in ZONES}[path.partition("/")[0]]


def rotated(path: str) -> str:
    """Where a file waits with its new keys."""
    return _path(ROTATION, path)


def rotated_from(path: str) -> str:
    """The file that one of `rotated` replaces."""
    return path.removeprefix(f"{ROTATION.name}/")
