"""Tables of `evaluate entities`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from auyl.cli.shared import table

if TYPE_CHECKING:
    from lab.evaluation.entity_scores import Agreement, AttributeValues, EntityEvaluation

AGREED = ("precision", "recall", "f1")
# Number of attributes in the overview.
WORST = 15


def as_data(found: EntityEvaluation) -> dict[str, Any]:
    """All counts, with the shares derived from them."""
    parts = asdict(found)
    for name, shares in (("entities", AGREED), ("joins", AGREED), ("values", ("right_pct", "wrong_pct"))):
        for part, one in zip(parts[name], getattr(found, name), strict=True):
            part.update({share: getattr(one, share) for share in shares})
    return parts


def show(found: EntityEvaluation, *, is_overview: bool) -> None:
    """Print the tables: an overview of all kinds, or one kind with all its attributes and kinds of faults."""

    def agreements(title: str, rows: tuple[Agreement, ...]) -> None:
        typer.echo(title)
        cells = [asdict(one) | {name: f"{getattr(one, name):.4f}" for name in AGREED} for one in rows]
        columns = [*(("kind",) if rows is found.entities else ("kind", "joined")), "true", "built", "right"]
        table(cells, [*columns, *AGREED])

    agreements("entities", found.entities)
    agreements("\njoined rows of registries, and entities that an attribute refers to", found.joins)
    typer.echo("\nvalues of all attributes except sums over rows")
    values = [_value_row(one) for one in found.values]
    columns = ["kind", "true", "right", "wrong", "missing", "added", "right_pct", "wrong_pct"]
    table([row for row in values if not row["attribute"]], columns)
    single = [row for row in values if row["attribute"]]
    if is_overview:
        typer.echo("\nattributes with the lowest share of right values")
        single = sorted(single, key=lambda row: float(row["right_pct"]))[:WORST]
    else:
        typer.echo("\nattributes")
    table(single, ["kind", "attribute", *columns[1:], "difference_pct"])
    typer.echo("\nentities with a faulty row; the percentages are of those with one kind of fault alone")
    if is_overview:
        rows_of, placed = (sum(getattr(one, name) for one in found.spoiled) for name in ("rows", "placed"))
        typer.echo(f"{rows_of:,} spoiled or added rows, {placed:,} of them belong to an entity")
    noises: dict[tuple[str, str], list[int]] = {}
    for noise in found.noises:
        sums = noises.setdefault((noise.outcome, noise.noise), [0] * 6)
        counts = (noise.entities, noise.alone, noise.found, noise.whole, noise.attributes, noise.right_attributes)
        sums[:] = [a + b for a, b in zip(sums, counts, strict=True)]
    rows = [
        {
            "expected": outcome, "noise": name, "entities": n, "alone": alone, "found_pct": _pct(there, alone),
            "whole_pct": _pct(whole, alone), "values_right_pct": _pct(right, attributes),
        }
        for (outcome, name), (n, alone, there, whole, attributes, right) in sorted(noises.items())
    ]  # fmt: skip
    table(rows, ["expected", "noise", "entities", "alone", "found_pct", "whole_pct", "values_right_pct"])
    if found.ground_truth_matches:
        typer.echo("\ncompared with the ground truth of persons")
        columns = ["kind", "attribute", "true", "clean_right", "clean_wrong", "dirty_right", "dirty_wrong"]
        table([asdict(one) for one in found.ground_truth_matches], columns)


def _pct(part: int, whole: int) -> str | None:
    return f"{100 * part / whole:.1f}" if whole else None


def _value_row(one: AttributeValues) -> dict[str, Any]:
    difference = None if one.difference_pct is None else f"{one.difference_pct:.2f}"
    return asdict(one) | {
        "right_pct": f"{one.right_pct:.2f}", "wrong_pct": f"{one.wrong_pct:.2f}", "difference_pct": difference,
    }  # fmt: skip
