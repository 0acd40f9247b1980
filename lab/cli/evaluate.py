"""`evaluate …`: compare intake, linkage and address resolution with the ground truth; train the linkage model."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from auyl.cli.failures import expected_errors
from auyl.cli.shared import Format, Period, as_json, installation, month, period_or_newest, table
from auyl.settings import from_environment
from lab.cli.options import LastMonth, last_month

if TYPE_CHECKING:
    from lab.evaluation.addresses import Share

# A wrong link attributes data to another person; a missing link only delays a row. Hence the strict precision.
LEAST_F1 = 0.985
LEAST_PRECISION = {"own": 0.998, "foreign": 0.9995}
LEAST_FEBRL = {3: 0.993, 4: 0.998}
KIND_COLUMNS = (
    "kind", "outcome", "rows", "met", "unseen", "quarantined", "duplicate", "warned", "staged", "absent",
)  # fmt: skip
Extracts = Annotated[Path, typer.Argument(help="Folder of synthetic extracts and ground truth.", exists=True)]
NOISES = ("own", "foreign")
Noise = Literal["own", "foreign"]
Folder = Annotated[Path | None, typer.Option(help="For the synthetic records; a temporary one by default.")]


def persons(
    people: Annotated[int, typer.Option(help="Persons of the synthetic oblast.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the oblast; not the one of the training.")] = 777,
    noise: Annotated[
        Noise, typer.Option(help="Whose noise the records have: see lab.synthetic.foreign_noise.")
    ] = "own",
    trained_on: Annotated[
        Noise | None, typer.Option(help="Train on this noise alone first; by default the current model is measured.")
    ] = None,
    pictures: Annotated[Path | None, typer.Option(help="Folder for the charts, in SVG.")] = None,
    folder: Folder = None,
    format: Format = "table",
) -> None:
    """Linkage of records without a number: precision, recall and F1, in total and by kind of noise.

    Exits with 1 when precision or F1 is below its limit, or when the seed is that of the training.
    """
    from auyl.linkage.persons import model
    from lab.evaluation import persons as evaluate
    from lab.evaluation import training

    settings = from_environment()
    with expected_errors(), tempfile.TemporaryDirectory(prefix="auyl-") as temporary:
        trained = model.load(settings.include)
        if seed == trained.trained["seed"]:
            typer.secho(f"the model was trained with seed {seed}: choose another one", fg="red", err=True)
            raise typer.Exit(1)
        if trained_on:
            only = trained.trained | {"noises": [trained_on]}
            learned = training.train_on(settings, Path(temporary) / "training", **only)
            trained = replace(trained, settings=learned)
        made = training.make_records(folder or Path(temporary), noise, people, seed)
        measured = evaluate.evaluate_persons(settings, made.known, made.keyless, trained)
        drawn = evaluate.draw(settings, measured, pictures) if pictures else []
    scores = _scores(f"persons, {noise} noise", measured.scores)
    scores |= {"reviewed": measured.reviewed, "records": measured.records}
    if format == "json":
        as_json(scores | {"known": measured.known, "kinds": [asdict(kind) for kind in measured.kinds]})
    else:
        typer.echo(
            f"{measured.records:,} records without a number, {measured.known:,} known persons, seed {seed}; "
            f"link from {trained.link_weight:g} bits, review from {trained.review_weight:g}"
        )
        table([scores], list(scores))
        typer.echo("")
        # there is no right link for a stranger
        shares = {k.kind: None if k.kind == "stranger" else f"{k.right / k.records:.2%}" for k in measured.kinds}
        rows = [asdict(kind) | {"right_pct": shares[kind.kind]} for kind in measured.kinds]
        table(rows, ["kind", "records", "right", "wrong", "reviewed", "right_pct"])
    for path in drawn:
        typer.echo(f"{path} written", err=True)
    _check_limits(
        [
            ("F1", measured.scores.f1, LEAST_F1),
            ("precision", measured.scores.precision, LEAST_PRECISION[noise]),
        ]
    )


def febrl(format: Format = "table") -> None:
    """Linkage of FEBRL 3 and 4 without the social security number. Exits with 1 when F1 is below its limit."""
    from auyl.store import duck
    from lab.evaluation import febrl as evaluation

    with expected_errors():
        found = {}
        for dataset in LEAST_FEBRL:
            with duck.connect(from_environment()) as con:
                found[dataset] = evaluation.measure(con, dataset, evaluation.folder())
    rows = [_scores(f"FEBRL {dataset}", scores) for dataset, scores in found.items()]
    if format == "json":
        as_json(rows)
    else:
        table(rows, list(rows[0]))
    _check_limits([(f"F1 of FEBRL {dataset}", scores.f1, LEAST_FEBRL[dataset]) for dataset, scores in found.items()])


def addresses(
    extracts: Extracts,
    period: Period = None,
    format: Format = "table",
) -> None:
    """Resolution of the free addresses of ambulance calls. Exits with 1 when a limit is missed."""
    from lab.evaluation import addresses as evaluation

    with installation() as settings:
        found = evaluation.evaluate_address(settings, extracts, period_or_newest(settings, period))
    whole = [("resolvable", found.tellable), ("not resolvable", found.untellable), ("all calls", found.all)]
    rows = [_address_row(share) | {"breakdown": "", "value": name} for name, share in whole if share]
    rows += [_address_row(share) for share in found.parts]
    if format == "json":
        as_json(rows)
    else:
        table(rows, list(rows[0]))
    if not found.holds:
        right, wrong = evaluation.RIGHT_MIN_PCT, evaluation.WRONG_MAX_PCT
        limits = f"at least {right} % of the resolvable right, at most {wrong} % of all wrong"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


def entities(
    people: Annotated[
        int, typer.Option(min=100, help="Persons of the oblast; the limits are for 10,000 and more.")
    ] = 40_000,
    seed: Annotated[int, typer.Option(help="Seed of the oblast.")] = 777,
    period: LastMonth = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of entity, in full detail.")] = None,
    format: Format = "table",
) -> None:
    """Entities of an oblast with faults, compared with those of the same oblast without: keys, joined rows, values.

    Loads both into temporary databases and lakes. Exits with 1 when a limit is missed.
    """
    from auyl.linkage.entities import survivorship
    from lab.cli import entity_tables
    from lab.evaluation import entities as evaluation
    from lab.evaluation.clean_and_dirty import make_clean_and_dirty

    settings, when = from_environment(), month(period or last_month())
    with expected_errors():
        known = survivorship.load_all(settings.include)
        if kind is not None:
            survivorship.load(kind, settings.include)
        registries = {registry for one in known for registry in one.registries}
        say = partial(typer.secho, err=True)
        with make_clean_and_dirty(settings, when, people, seed, registries, say) as made:
            found = evaluation.evaluate(made.clean, made.dirty, made.extracts / "truth" / when, when)
    shown = found.only(kind) if kind else found
    if format == "json":
        as_json(entity_tables.as_data(shown) | {"missed": found.missed})
    else:
        entity_tables.show(shown, is_overview=kind is None)
    for text in found.missed:
        typer.secho(text, fg="red", err=True)
    if found.missed:
        raise typer.Exit(1)


def train(
    people: Annotated[int, typer.Option(help="Persons of the synthetic oblast.")] = 200_000,
    seed: Annotated[int, typer.Option(help="Seed of the oblast and of the training.")] = 501,
    folder: Folder = None,
) -> None:
    """Train the linkage model: write include/linkage/person.json. The same seed gives the same file."""
    from lab.evaluation import training

    settings = from_environment()
    with expected_errors(), tempfile.TemporaryDirectory(prefix="auyl-") as temporary:
        given: dict[str, Any] = {"people": people, "seed": seed, "noises": list(NOISES)}
        trained = training.train_on(settings, folder or Path(temporary), **given)
        training.write(settings.include, trained, given)
    typer.echo(f"trained on {people:,} persons of seed {seed}: include/linkage/person.json")


def intake(
    extracts: Extracts,
    period: Period = None,
    kinds: Annotated[bool, typer.Option(help="Also each kind of fault.")] = False,
    format: Format = "table",
) -> None:
    """Intake: share of bad rows found and of good rows rejected. Exits with 1 when a limit is missed."""
    from lab.evaluation import intake as evaluation

    with installation() as settings:
        found = evaluation.compare(settings, extracts, period_or_newest(settings, period))
    whole = evaluation.total(found)
    rows = [_registry_row(one) for one in [*found, whole]]
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
                table([asdict(k) | {"met_pct": _one_digit(k.met_pct)} for k in one.kinds], [*KIND_COLUMNS, "met_pct"])
    if not whole.holds or not whole.rows:
        found_pct, rejected_pct = evaluation.RECALL_MIN_PCT, evaluation.FALSE_ALARMS_MAX_PCT
        limits = f"at least {found_pct} % found, at most {rejected_pct} % good rows rejected"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


def _registry_row(one: Any) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in ("registry", "rows", "broken", "found", "recall_pct")}
    row |= {name: getattr(one, name) for name in ("good", "good_rejected", "false_alarms_pct")}
    if one.registry != "total":
        row["warned"], row["warned_expected"] = one.met("warned")
        row["corrected"], row["corrected_expected"] = one.met("corrected")
    return row | {"reason": one.reason}


def _one_digit(share: float | None) -> str:
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


def _check_limits(limits: list[tuple[str, float, float]]) -> None:
    missed = [f"{name} is {value:.5f}, below {least}" for name, value, least in limits if value < least]
    for text in missed:
        typer.secho(text, fg="red", err=True)
    if missed:
        raise typer.Exit(1)


def _address_row(share: Share) -> dict[str, Any]:
    return asdict(share) | {"right_pct": round(share.right_pct, 2), "wrong_pct": round(share.wrong_pct, 2)}
