"""`python -m lab`: the synthetic oblast, the demo, and the evaluations against ground truth."""

from auyl.cli.shared import command_group
from lab.cli import evaluate, make

__all__ = ["app"]

app = command_group(
    "The laboratory: synthetic extracts, the demo, and evaluations against ground truth.",
    {"synth": make.synth, "demo": make.demo, "up": make.up},
)
app.add_typer(
    command_group(
        "Compare intake, linkage and address resolution with the ground truth.",
        {
            "intake": evaluate.intake,
            "persons": evaluate.persons,
            "febrl": evaluate.febrl,
            "addresses": evaluate.addresses,
            "entities": evaluate.entities,
            "train": evaluate.train,
        },
    ),
    name="evaluate",
)
