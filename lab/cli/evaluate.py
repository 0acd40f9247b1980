"""Commands of evaluation: how well linkage does where the truth is known, and its training."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auyl.cli.shared import Format, Period, as_json, expected_errors, installation, month, period_or_newest, table
from auyl.settings import from_environment

if TYPE_CHECKING:
    from lab.evaluation.addresses import Share
    from lab.evaluation.entity_scores import Agreement, AttributeValues, EntityEvaluation

# Linked wrongly, one person reads as another; not linked, a row waits for its owner.
LEAST_F1, LEAST_PRECISION = 0.985, 0.998
LEAST_FEBRL = {3: 0.993, 4: 0.998}
AGREED = ("precision", "recall", "f1")
# Attributes that a table of all kinds has room for.
WORST = 15

KIND_COLUMNS = (
    "kind", "outcome", "rows", "met", "unseen", "quarantined", "duplicate", "warned", "staged", "absent",
)  # fmt: skip
Folder = Annotated[Path | None, typer.Option(help="Where to make the invented records; a passing folder by default.")]


def persons(
    people: Annotated[int, typer.Option(help="Persons of the invented oblast.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Another than training had.")] = 777,
    pictures: Annotated[Path | None, typer.Option(help="Write the charts as SVG into this folder.")] = None,
    folder: Folder = None,
    format: Format = "table",
) -> None:
    """Records without a number: precision, recall and F1 at the current thresholds, and by kind of noise.

    Ends with 1 when precision or F1 are below the limits, or when the seed is the one of training.
    """
    from auyl.linkage.persons import model
    from lab.evaluation import persons as evaluate
    from lab.synthetic import keyless

    settings = from_environment()
    with expected_errors(), tempfile.TemporaryDirectory(prefix="auyl-") as passing:
        trained = model.load(settings.include)
        if seed == trained.trained["seed"]:
            typer.secho(f"training has seen the oblast of seed {seed}: choose another", fg="red", err=True)
            raise typer.Exit(1)
        made = keyless.make(folder or Path(passing), people, seed)
        measured = evaluate.evaluate_persons(settings, made.known, made.keyless, trained)
        drawn = evaluate.draw(settings, measured, pictures) if pictures else []
    scores = _scores("persons", measured.scores) | {"reviewed": measured.reviewed, "records": measured.records}
    if format == "json":
        as_json(scores | {"known": measured.known, "kinds": [asdict(kind) for kind in measured.kinds]})
    else:
        typer.echo(
            f"{measured.records:,} records without a number, {measured.known:,} known persons, seed {seed}; "
            f"a link from {trained.link_weight:g} bits on, a look from {trained.review_weight:g}"
        )
        table([scores], list(scores))
        typer.echo("")
        # a stranger has no right link
        shares = {k.kind: None if k.kind == "stranger" else f"{k.right / k.records:.2%}" for k in measured.kinds}
        rows = [asdict(kind) | {"right_pct": shares[kind.kind]} for kind in measured.kinds]
        table(rows, ["kind", "records", "right", "wrong", "reviewed", "right_pct"])
    for path in drawn:
        typer.echo(f"{path} written", err=True)
    _held(
        [
            ("F1", measured.scores.f1, LEAST_F1),
            ("precision", measured.scores.precision, LEAST_PRECISION),
        ]
    )


def febrl(format: Format = "table") -> None:
    """FEBRL 3 and 4, without the social security number. Ends with 1 when F1 is below the limits."""
    from auyl.store import duck
    from lab.evaluation import febrl as room

    with expected_errors():
        found = {}
        for dataset in LEAST_FEBRL:
            with duck.connect(from_environment()) as con:
                found[dataset] = room.measure(con, dataset, room.folder())
    rows = [_scores(f"FEBRL {dataset}", scores) for dataset, scores in found.items()]
    if format == "json":
        as_json(rows)
    else:
        table(rows, list(rows[0]))
    _held([(f"F1 of FEBRL {dataset}", scores.f1, LEAST_FEBRL[dataset]) for dataset, scores in found.items()])


def address(
    extracts: Annotated[
        Path, typer.Argument(help="Folder of invented extracts with the truth beside them.", exists=True)
    ],
    period: Period = None,
    format: Format = "table",
) -> None:
    """Free addresses of ambulance calls: settlements right, wrong and openly unresolved. Exits 1 over the limits."""
    from lab.evaluation import addresses as room

    with installation() as settings:
        found = room.evaluate_address(settings, extracts, period_or_newest(settings, period))
    whole = [("tellable", found.tellable), ("told by nothing", found.untellable), ("all calls", found.all)]
    rows = [_row(share) | {"breakdown": "", "value": name} for name, share in whole if share]
    rows += [_row(share) for share in found.parts]
    if format == "json":
        as_json(rows)
    else:
        table(rows, list(rows[0]))
    if not found.holds:
        limits = f"at least {room.RIGHT_MIN_PCT} % of the tellable right, at most {room.WRONG_MAX_PCT} % of all wrong"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


def entities(
    people: Annotated[int, typer.Option(min=100, help="Of the oblast; the limits are for 10,000 and more.")] = 40_000,
    seed: Annotated[int, typer.Option(help="Of the oblast.")] = 777,
    period: Annotated[str, typer.Option(help="Month YYYY-MM of the invented oblasts.")] = "2026-10",
    kind: Annotated[str | None, typer.Option(help="Tell all of this kind of entity alone.")] = None,
    format: Format = "table",
) -> None:
    """Entities of a dirty oblast beside those of the same oblast without dirt: keys, joined rows, values, by noise.

    Takes both in anew, in databases and lakes that are gone afterwards. Exits 1 when a limit is missed.
    """
    from auyl.linkage.entities import survivorship
    from lab.evaluation import entities as room
    from lab.evaluation.clean_and_dirty import make_clean_and_dirty

    settings, when = from_environment(), month(period)
    with expected_errors():
        known = survivorship.load_all(settings.include)
        if kind is not None:
            survivorship.load(kind, settings.include)
        registries = {registry for one in known for registry in one.registries}
        say = partial(typer.secho, err=True)
        with make_clean_and_dirty(settings, when, people, seed, registries, say) as made:
            found = room.evaluate(made.clean, made.dirty, made.extracts / "truth" / when, when)
    shown = found.only(kind) if kind else found
    if format == "json":
        as_json(_with_shares(shown) | {"missed": found.missed})
    else:
        _entity_tables(shown, is_whole=kind is None)
    for text in found.missed:
        typer.secho(text, fg="red", err=True)
    if found.missed:
        raise typer.Exit(1)


def _with_shares(found: EntityEvaluation) -> dict[str, Any]:
    """All counts, and beside them the shares that they make."""
    parts = asdict(found)
    for name, shares in (("entities", AGREED), ("joins", AGREED), ("values", ("right_pct", "wrong_pct"))):
        for part, one in zip(parts[name], getattr(found, name), strict=True):
            part.update({share: getattr(one, share) for share in shares})
    return parts


def _entity_tables(found: EntityEvaluation, *, is_whole: bool) -> None:
    """Print the tables; of all kinds together, or of one, then with all of its attributes and kinds of dirt."""

    def agreements(title: str, rows: tuple[Agreement, ...]) -> None:
        typer.echo(title)
        told_of = [asdict(one) | {name: f"{getattr(one, name):.4f}" for name in AGREED} for one in rows]
        columns = [*(("kind",) if rows is found.entities else ("kind", "joined")), "true", "built", "right"]
        table(told_of, [*columns, *AGREED])

    agreements("entities", found.entities)
    agreements("\nwhat is joined to them: rows of a registry, entities that an attribute names", found.joins)
    typer.echo("\nvalues of all attributes but sums over rows")
    values = [_value_row(one) for one in found.values]
    columns = ["kind", "true", "right", "wrong", "missing", "added", "right_pct", "wrong_pct"]
    table([row for row in values if not row["attribute"]], columns)
    single = [row for row in values if row["attribute"]]
    if is_whole:
        typer.echo("\nattributes with the least right")
        single = sorted(single, key=lambda row: float(row["right_pct"]))[:WORST]
    else:
        typer.echo("\nattributes")
    table(single, ["kind", "attribute", *columns[1:], "difference_pct"])
    typer.echo("\nentities with a row that bears dirt; found, whole and right of those that bear it alone")
    if is_whole:
        rows_of, placed = (sum(getattr(one, name) for one in found.spoiled) for name in ("rows", "placed"))
        typer.echo(f"{rows_of:,} spoiled or added rows, {placed:,} of them of an entity")
    noises: dict[tuple[str, str], list[int]] = {}
    for noise in found.noises:
        sums = noises.setdefault((noise.outcome, noise.noise), [0] * 6)
        counts = (noise.entities, noise.alone, noise.found, noise.whole, noise.attributes, noise.right_attributes)
        sums[:] = [a + b for a, b in zip(sums, counts, strict=True)]
    rows = [
        {
            "owed": outcome, "noise": name, "entities": n, "alone": alone, "found_pct": _pct(there, alone),
            "whole_pct": _pct(whole, alone), "values_right_pct": _pct(right, attributes),
        }
        for (outcome, name), (n, alone, there, whole, attributes, right) in sorted(noises.items())
    ]  # fmt: skip
    table(rows, ["owed", "noise", "entities", "alone", "found_pct", "whole_pct", "values_right_pct"])
    if found.ground_truth_matches:
        typer.echo("\nbeside the truth of the people")
        told_columns = ["kind", "attribute", "true", "clean_right", "clean_wrong", "dirty_right", "dirty_wrong"]
        table([asdict(one) for one in found.ground_truth_matches], told_columns)


def _pct(part: int, whole: int) -> str | None:
    return f"{100 * part / whole:.1f}" if whole else None


def _value_row(one: AttributeValues) -> dict[str, Any]:
    difference = None if one.difference_pct is None else f"{one.difference_pct:.2f}"
    return asdict(one) | {
        "right_pct": f"{one.right_pct:.2f}", "wrong_pct": f"{one.wrong_pct:.2f}", "difference_pct": difference,
    }  # fmt: skip


def train(
    people: Annotated[int, typer.Option(help="Persons of the invented oblast.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Of the oblast and of the draws.")] = 501,
    folder: Folder = None,
) -> None:
    """Train the model of persons again. The same seed gives the same include/linkage/person.json."""
    from auyl.store import duck
    from lab.evaluation import training
    from lab.synthetic import keyless

    settings = from_environment()
    with expected_errors(), tempfile.TemporaryDirectory(prefix="auyl-") as passing:
        made = keyless.make(folder or Path(passing), people, seed)
        with duck.connect(settings) as con:
            training.read_synthetic(con, made.known, made.keyless)
            trained = training.train(con, settings.include, "lab_known", "lab_record", seed)
        training.write(settings.include, trained, {"people": people, "seed": seed})
    typer.echo(f"trained on {people:,} persons of seed {seed}: include/linkage/person.json")


def intake(
    extracts: Annotated[Path, typer.Argument(help="Folder of synthetic extracts and ground truth.", exists=True)],
    period: Period = None,
    kinds: Annotated[bool, typer.Option(help="Each kind of fault too.")] = False,
    format: Format = "table",
) -> None:
    """Compare intake with the ground truth: bad rows found, good rows rejected. Exits 1 over the limits."""
    from lab.evaluation import intake as room

    with installation() as settings:
        found = room.compare(settings, extracts, period_or_newest(settings, period))
    whole = room.total(found)
    rows = [_compared(one) for one in [*found, whole]]
    if format == "json":
        for row, one in zip(rows, found, strict=False):
            row["kinds"] = [asdict(kind) | {"met_pct": kind.met_pct} for kind in one.kinds]
        as_json(rows)
    else:
        shown = [row | {n: f"{v:.3f}" for n, v in row.items() if n.endswith("_pct") and v is not None} for row in rows]
        table(shown, [name for name in rows[0] if name != "reason"])
        for one in found:
            if one.reason:
                typer.echo(f"{one.registry}: not compared, {one.reason}")
            if kinds and one.kinds:
                typer.echo(f"\n{one.registry}")
                table([asdict(k) | {"met_pct": _digits(k.met_pct)} for k in one.kinds], [*KIND_COLUMNS, "met_pct"])
    if not whole.holds or not whole.rows:
        limits = f"at least {room.RECALL_MIN_PCT} % found, at most {room.FALSE_ALARMS_MAX_PCT} % good rows rejected"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


def _compared(one: Any) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in ("registry", "rows", "broken", "found", "recall_pct")}
    row |= {name: getattr(one, name) for name in ("good", "good_rejected", "false_alarms_pct")}
    if one.registry != "total":
        row["warned"], row["warned_expected"] = one.met("warned")
        row["corrected"], row["corrected_expected"] = one.met("corrected")
    return row | {"reason": one.reason}


def _digits(share: float | None) -> str:
    return "" if share is None else f"{share:.1f}"


def _scores(name: str, scores: Any) -> dict[str, Any]:
    return {
        "measured": name,
        "linked": scores.linked,
        "right": scores.right,
        "true": scores.true,
        "precision": f"{scores.precision:.5f}",
        "recall": f"{scores.recall:.5f}",
        "F1": f"{scores.f1:.5f}",
    }


def _held(limits: list[tuple[str, float, float]]) -> None:
    missed = [f"{name} is {value:.5f}, below {least}" for name, value, least in limits if value < least]
    for text in missed:
        typer.secho(text, fg="red", err=True)
    if missed:
        raise typer.Exit(1)


def _row(share: Share) -> dict[str, Any]:
    return asdict(share) | {"right_pct": round(share.right_pct, 2), "wrong_pct": round(share.wrong_pct, 2)}
