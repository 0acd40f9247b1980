"""How well records without a number find their person, measured against ground truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auyl.linkage.persons import model
from auyl.linkage.persons.match_weights import choose_links, create_features, create_pairs
from auyl.linkage.persons.model import Model
from auyl.settings import Settings
from auyl.store import duck
from lab.evaluation.febrl import Scores
from lab.evaluation.training import read_synthetic

if TYPE_CHECKING:
    import duckdb

CURVE_WEIGHTS = tuple(range(0, 21))


@dataclass(frozen=True)
class NoiseScores:
    """Records with one kind of noise, perhaps among others: linked to the right person, to a wrong one, to review."""

    kind: str
    records: int
    right: int
    wrong: int
    reviewed: int


@dataclass(frozen=True)
class PersonEvaluation:
    """Scores at the current thresholds, by kind of noise, and along the link threshold; counts of rows."""

    known: int
    records: int
    scores: Scores
    reviewed: int
    kinds: list[NoiseScores]
    curve: list[tuple[int, Scores]]


def evaluate_persons(settings: Settings, known: Path, keyless: Path, trained: Model | None = None) -> PersonEvaluation:
    """Link synthetic records (lab.synthetic.keyless) and compare the links with their ground truth."""
    trained = trained or model.load(settings.include)
    with duck.connect(settings) as con:
        read_synthetic(con, known, keyless)
        for relation in ("lab_known", "lab_record"):
            create_features(con, settings.include, relation)
        create_pairs(con, settings.include, trained, "lab_known_features", "lab_record_features", "pair")
        curve = []
        for weight in CURVE_WEIGHTS:
            at = replace(trained, link_weight=float(weight), review_weight=min(trained.review_weight, float(weight)))
            curve.append((weight, _scores(con, settings.include, at)))
        scores = _scores(con, settings.include, trained)
        kinds = [NoiseScores(*row) for row in con.execute(_KINDS).fetchall()]
        ((known_rows, record_rows, reviewed),) = con.execute(
            "select (select count(*) from lab_known), (select count(*) from lab_record), "
            "(select count(*) from choice where outcome = 'review')"
        ).fetchall()
    return PersonEvaluation(known_rows, record_rows, scores, reviewed, kinds, curve)


_KINDS = """
with noisy as (
    select record, person, unnest(if(kinds = '', ['none'], string_split(kinds, ' '))) as kind
    from ground_truth
    where person is not null
    union all
    select record, '', 'stranger' from ground_truth where person is null
)
select
    n.kind,
    count(*),
    count(*) filter (c.outcome = 'link' and c.person = n.person),
    count(*) filter (c.outcome = 'link' and c.person <> n.person),
    count(*) filter (c.outcome = 'review')
from noisy as n left join choice as c using (record)
group by n.kind
order by n.kind
"""


def _scores(con: duckdb.DuckDBPyConnection, include: Path, trained: Model) -> Scores:
    choose_links(con, include, trained, "pair", "choice")
    (counts,) = con.execute(
        "select count(*), count(*) filter (c.person = t.person), (select count(person) from ground_truth) "
        "from choice as c inner join ground_truth as t using (record) where c.outcome = 'link'"
    ).fetchall()
    return Scores(*counts)


def draw(settings: Settings, measured: PersonEvaluation, folder: Path) -> list[Path]:
    """Write the weight of each level and the curve of the link threshold as SVG; return the files.

    Needs `altair` and `vl-convert-python`, which only the development requirements install.
    """
    import altair

    trained = model.load(settings.include)
    weights = [
        {"field": c["output_column_name"], "level": level["label_for_charts"], "bits": weight, "order": n}
        for c in trained.settings["comparisons"]
        for n, level in enumerate(c["comparison_levels"])
        if (weight := _bits(level)) is not None
    ]
    bars = (
        altair.Chart(altair.Data(values=weights), width=420)
        .mark_bar()
        .encode(
            x=altair.X("bits:Q", title="weight, bits"),
            y=altair.Y("level:N", title=None, sort=altair.SortField("order")),
            color=altair.condition("datum.bits > 0", altair.value("#2a7f62"), altair.value("#b3492e")),
            row=altair.Row("field:N", title=None, sort=None, header=altair.Header(labelAngle=0, labelAlign="left")),
        )
        .resolve_scale(y="independent")
    )
    points = [
        {"threshold": weight, "measure": name, "value": round(value, 5)}
        for weight, scores in measured.curve
        for name, value in (("precision", scores.precision), ("recall", scores.recall), ("F1", scores.f1))
    ]
    lines = (
        altair.Chart(altair.Data(values=points), width=420, height=260)
        .mark_line(point=True)
        .encode(
            x=altair.X("threshold:Q", title="link threshold, bits"),
            y=altair.Y("value:Q", title=None, scale=altair.Scale(zero=False)),
            color=altair.Color("measure:N", title=None, sort=None),
        )
    )
    rule = (
        altair.Chart(altair.Data(values=[{"threshold": trained.link_weight}]))
        .mark_rule(strokeDash=[4, 4])
        .encode(x="threshold:Q")
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "person-weights.svg", folder / "person-thresholds.svg"]
    bars.save(str(files[0]))
    (lines + rule).save(str(files[1]))
    return files


def _bits(level: dict[str, Any]) -> float | None:
    from math import log2

    same, other = level.get("m_probability"), level.get("u_probability")
    return None if level.get("is_null_level") or not same or not other else round(log2(same / other), 2)
