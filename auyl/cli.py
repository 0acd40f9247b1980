"""The command line `auyl`: the functions of the library in one process, no Airflow."""

from __future__ import annotations

import contextlib
import getpass
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from auyl import contracts, ledger
from auyl.errors import AuylError
from auyl.settings import from_environment
from auyl.sources import LOCAL

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
snapshot_app = typer.Typer(no_args_is_help=True, help="Published snapshots.")
app.add_typer(snapshot_app, name="snapshot")
access_app = typer.Typer(no_args_is_help=True, help="Who may read what.")
app.add_typer(access_app, name="access")

PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

Period = Annotated[str, typer.Option(help="Month that the facts belong to, YYYY-MM.")]
AnyPeriod = Annotated[str | None, typer.Option(help="Month YYYY-MM; the newest one by default.")]
Format = Annotated[str, typer.Option(help="table or json")]


@contextmanager
def told() -> Iterator[None]:
    """Turn an expected error into its own words and exit code 1."""
    try:
        yield
    except (AuylError, KeyError) as error:
        typer.secho(str(error.args[0]) if error.args else str(error), fg="red", err=True)
        raise typer.Exit(1) from error


def _period(text: str) -> str:
    if not PERIOD.fullmatch(text):
        raise typer.BadParameter(f"a period is YYYY-MM, not {text!r}")
    return text


def _table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    cells = [[("" if row.get(c) is None else str(row[c])) for c in columns] for row in rows]
    widths = [max([len(c), *(len(row[i]) for row in cells)]) for i, c in enumerate(columns)]
    numeric = [all(re.fullmatch(r"-?[\d\s.,]*", row[i]) for row in cells) for i in range(len(columns))]
    for line in ([columns] if columns else []) + cells:
        aligned = [v.rjust(w) if n else v.ljust(w) for v, w, n in zip(line, widths, numeric, strict=True)]
        typer.echo("  ".join(aligned).rstrip())


@app.command()
def migrate() -> None:
    """Bring the serving database to the schema of this version. May be run again at any time."""
    with told():
        typer.echo(" ".join(ledger.migrate(from_environment())))


@app.command()
def synth(
    extracts: Annotated[Path, typer.Argument(help="Folder to write to.")],
    period: Period = "2026-10",
    people: Annotated[int, typer.Option(help="Persons of the oblast.")] = 80_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 19,
    kato: Annotated[Path | None, typer.Option(help="The official KATO file; an invented territory without it.")] = None,
) -> None:
    """Make the extracts of an invented oblast, with the truth beside them."""
    from auyl import synthetic

    with told():
        made = synthetic.make(extracts, _period(period), people, seed, kato_file=kato)
        for registry in made.rows:
            typer.echo(f"{registry:<18}{made.total(registry):>10,} rows")
        faults = sum(sum(kinds.values()) for kinds in made.dirt.values())
        typer.echo(f"{made.residents:,} residents, {faults:,} faults, the truth beside them")


@app.command()
def territory(
    kato: Annotated[Path, typer.Argument(help="The official KATO file, CSV.")],
    crosswalk: Annotated[Path | None, typer.Option(help="District dictionary of ГБД ФЛ, CSV.")] = None,
    addresses: Annotated[Path | None, typer.Option(help="РКА to KATO, CSV with columns rca, kato.")] = None,
    edition: Annotated[str | None, typer.Option(help="Name of the edition; from the file by default.")] = None,
) -> None:
    """Load an edition of the territory."""
    from auyl.intake.reference import load_territory

    with told():
        typer.echo(str(load_territory(from_environment(), kato, crosswalk, addresses, edition)))


@app.command("contracts")
def list_contracts(format: Format = "table") -> None:
    """The registries: who owns each, how it comes, when it is due, and which of the akims' needs it feeds."""
    with told():
        rows = [
            {
                "registry": contract.registry,
                "title": contract.title,
                "owner": contract.owner,
                "way": contract.way,
                "format": contract.format,
                "every": contract.cadence,
                "due": contract.deadline,
                "needs": list(contract.needs),
            }
            for contract in contracts.load_all(from_environment().include)
        ]
        if format == "json":
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for row in rows:
            row["needs"] = " ".join(map(str, row["needs"]))
        _table(rows, list(rows[0]))


@app.command()
def intake(
    registry: Annotated[str, typer.Argument(help="Name of a contract.")],
    files: Annotated[list[Path], typer.Argument(help="Files of one extract.", exists=True)],
    period: Period = "",
    extracted_at: Annotated[
        datetime | None, typer.Option(help="When the source made it; by default from the extract or its time stamp.")
    ] = None,
    corrects: Annotated[int | None, typer.Option(help="The batch whose rejected rows these files mend.")] = None,
) -> None:
    """Land and load an extract. Prints rows_in, staged, quarantined, duplicates; exits 0 only when it is accepted."""
    from auyl.intake import land_files, load

    with told():
        settings = from_environment()
        when = extracted_at.replace(tzinfo=extracted_at.tzinfo or LOCAL) if extracted_at else None
        found = _expand(files)
        named = period or next((m.group() for f in found if (m := PERIOD.search(f.name))), "")
        result = load(land_files(registry, _period(named), found, settings, when, corrects), settings)
        typer.echo(
            f"{registry} {result.period} {result.status}: rows_in {result.rows_in} staged {result.staged} "
            f"quarantined {result.quarantined} duplicates {result.duplicates}"
        )
        for rule, count in sorted(result.failed.items(), key=lambda item: -item[1]):
            typer.echo(f"  {rule} {count}")
        if result.notes.get("unknown_columns"):
            typer.secho(
                f"  columns that the contract does not know, kept: {', '.join(result.notes['unknown_columns'])}"
            )
        for drift in result.drifts:
            typer.secho(
                f"  {drift.kind} {drift.name or ''}: expected {drift.expected}; found {drift.found}", fg="yellow"
            )
        if not result.accepted:
            typer.secho(result.refusal or "refused", fg="red", err=True)
            raise typer.Exit(1)


def _expand(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if file.is_file()]


@app.command()
def build(
    extracts: Annotated[Path | None, typer.Argument(help="Folder of extracts to take in first.")] = None,
    period: Period = "2026-10",
    allow_missing: Annotated[bool, typer.Option(help="Publish although registries are missing.")] = False,
) -> None:
    """Take in all extracts of a period, then consolidate and publish it."""
    from auyl.pipeline import run

    with told():
        result = run(from_environment(), _period(period), extracts, allow_missing, typer.echo)
        if result.status in ("refused", "incomplete"):
            for breach in result.breaches:
                typer.secho(breach, fg="red", err=True)
            raise typer.Exit(1)


@app.command()
def extracts(
    registry: Annotated[str | None, typer.Argument(help="Name of a contract; all without it.")] = None,
) -> None:
    """What came, newest first, and what became of it."""
    with told():
        settings = from_environment()
        rows = ledger.extracts(settings, contracts.deltas(settings.include), registry)
        for row in rows:
            row["extracted_at"] = f"{row['extracted_at']:%Y-%m-%d %H:%M}"
            row["digest"] = row["digest"][:12]
        account = ["rows_in", "staged", "quarantined", "duplicates"]
        came = ["files", "size_bytes", "extracted_at", "digest"]
        _table(rows, ["delivery_id", "registry", "period", "state", *account, *came])
        for row in rows:
            if row["reason"]:
                typer.secho(f"{row['delivery_id']}: {row['reason']}", fg="red")


@app.command()
def quarantine(
    registry: Annotated[str, typer.Argument(help="Name of a contract.")],
    period: AnyPeriod = None,
    export: Annotated[Path | None, typer.Option(help="Write all rows to this .xlsx or .csv file.")] = None,
    limit: Annotated[int, typer.Option(help="Rows to show.")] = 20,
) -> None:
    """Rows that did not get through, why, and on which line they stand. Names and ИИН are only in the export."""
    from auyl.intake import quarantine as room

    with told():
        frame = room.quarantine(from_environment(), registry, period, None if export else limit)
        if export:
            room.export(frame, export)
            export.chmod(0o600)
            typer.echo(f"{len(frame)} rows in {export}")
        elif frame.empty:
            typer.echo("nothing is in quarantine")
        else:
            frame.columns = [str(name).removeprefix("_") for name in frame.columns]
            shown = ["batch_period", "state", "file", "record", "line", "outcome", "rules", "reasons_ru"]
            frame = frame.loc[:, ~frame.columns.duplicated()][shown].astype(object)
            _table(frame.where(frame.notna(), None).to_dict("records"), shown)


@app.command()
def drift(
    registry: Annotated[str | None, typer.Argument(help="Name of a contract; all without it.")] = None,
    period: AnyPeriod = None,
) -> None:
    """What changed in an extract beside the registry's former ones: columns, categories, empty cells, volume."""
    with told():
        rows = ledger.drifts(from_environment(), registry, period)
        _table(rows, ["registry", "period", "batch_id", "kind", "name", "expected", "found"])


@app.command()
def quality(
    period: Period = "2026-10",
    registry: Annotated[str | None, typer.Option(help="By okrug, of this registry.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="Folder of invented extracts: compare intake with the truth beside them.", exists=True),
    ] = None,
    kinds: Annotated[bool, typer.Option(help="With --truth: each kind of fault too.")] = False,
    format: Format = "table",
) -> None:
    """Measure what registries sent for a period, publish it as serving.quality, and print it.

    With --truth: broken rows that intake found and good rows that it kept back; exits 1 over the limits.
    """
    from auyl.snapshot.quality import by_okrug, measure_quality

    with told():
        if truth:
            return _against_truth(truth, _period(period), kinds, format)
        settings = from_environment()
        rows = [asdict(found) for found in measure_quality(_period(period), settings)]
        if registry:
            rows = by_okrug(settings, registry, period)
        if format == "json":
            typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        else:
            _table(rows, list(rows[0]) if rows else [])


@app.command()
def handback(
    registry: Annotated[str, typer.Argument(help="Name of a contract.")],
    period: AnyPeriod = None,
    to: Annotated[Path | None, typer.Option(help="Folder to copy the files into.", file_okay=False)] = None,
) -> None:
    """Write the file of rejected rows for the registry's owner: own format, lines, reasons in Russian and Kazakh.

    Mended, the same file is taken in by `auyl intake` and closes the account.
    """
    from auyl.intake import hand_back
    from auyl.lake import Lake

    with told():
        settings = from_environment()
        lake = Lake(settings.lake)
        files = hand_back(settings, registry, period)
        for file in files:
            where = lake.address(file.path)
            if to:
                to.mkdir(parents=True, exist_ok=True)
                target = to / Path(file.path).name
                target.touch(mode=0o600)
                target.write_bytes(lake.read(file.path))
                where = str(target)
            typer.echo(f"{file.period} {file.state}: {file.rows} rows for {file.owner} in {where}")
        if not files:
            typer.echo("nothing was kept back")


@snapshot_app.command("show")
def snapshot_show(
    okrug: Annotated[str, typer.Option(help="KATO of the okrug.")],
    period: AnyPeriod = None,
    format: Format = "table",
    language: Annotated[str, typer.Option(help="kk, ru or en")] = "ru",
) -> None:
    """One okrug's snapshot in force."""
    from auyl.snapshot.show import show

    with told():
        shown = show(from_environment(), okrug, period, language)
        if format == "json":
            typer.echo(json.dumps(shown, ensure_ascii=False, indent=1, default=str))
            return
        typer.echo(f"{shown['name']} · {okrug} · {shown['period']} · revision {shown['revision']}")
        if shown["without"]:
            typer.echo("without: " + ", ".join(map(_without, shown["without"])))
        for row in shown["indicators"]:
            value = "—" if row["value"] is None else f"{row['value']:,.{row['decimals']}f}".replace(",", " ")
            row["shown"], row["from"] = value, "+".join(row["registries"])
            row["part"] = (
                f"{row['numerator']:,.0f} / {row['denominator']:,.0f}" if row["denominator"] is not None else ""
            )
        _table(shown["indicators"], ["name", "shown", "unit_name", "part", "as_of", "coverage_pct", "from", "flag"])


def _without(row: dict[str, Any]) -> str:
    last = f", last for {row['last_period']}" if row["last_period"] else ""
    return f"{row['registry']} ({row['reason']}{last})"


@app.command()
def lineage(
    okrug: Annotated[str, typer.Option(help="KATO of the okrug.")],
    indicator: Annotated[str, typer.Option(help="Id of the indicator.")],
    period: AnyPeriod = None,
    rows: Annotated[int, typer.Option(help="Rows to show of each measure.")] = 5,
    format: Format = "table",
) -> None:
    """The files, lines and rules behind a number."""
    from auyl.snapshot.lineage import lineage as trace

    with told():
        found = trace(from_environment(), okrug, indicator, period, rows)
        if format == "json":
            typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=1, default=str))
            return
        typer.echo(f"{found.indicator} · {okrug} · {found.period} · revision {found.revision}")
        typer.echo(f"value {found.value} ({found.flag}) = {found.formula}: {found.numerator} / {found.denominator}")
        for part in found.parts:
            typer.echo(
                f"\n{part.measure} = {part.aggregate} where {part.condition}: {part.rows} rows of {part.registry}"
            )
            for name, count in part.files.items():
                typer.echo(f"  {count:>8} from {name}")
            for row in part.sample:
                typer.echo(f"           {row.file} record {row.record}, line {row.line}")
        for source in found.sources:
            typer.echo(
                f"\nbatch {source.batch_id} of {source.registry} ({source.owner}), "
                f"extracted {source.extracted_at:%Y-%m-%d %H:%M}: rows_in {source.rows_in} staged {source.staged} "
                f"quarantined {source.quarantined} duplicates {source.duplicates}"
            )
            for name, digest in source.files:
                typer.echo(f"  {name} sha256 {digest}")
            for rule, (severity, failed) in source.rules.items():
                typer.echo(f"  rule {rule} ({severity}) {failed}")


Scale = Annotated[int, typer.Option(min=1, help="Divides the 1.6 M people.")]
Classifier = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="The official KATO file; an invented territory without it."),
]


@app.command()
def demo(scale: Scale = 20, kato: Classifier = None, period: AnyPeriod = None) -> None:
    """An invented oblast through Airflow to the snapshot, then stop. As `make demo`; the last full month by default."""
    _stack(scale, kato, period, stay=False)


@app.command()
def up(scale: Scale = 20, kato: Classifier = None, period: AnyPeriod = None) -> None:
    """The same, and stay up with the pages until Ctrl-C. As `make up`."""
    _stack(scale, kato, period, stay=True)


def _stack(scale: int, kato: Path | None, period: str | None, *, stay: bool) -> None:
    from auyl.stack.demo import Plan, last_month, run

    raise typer.Exit(run(Plan(_period(period or last_month()), scale, kato, stay)))


@contextmanager
def _serving() -> Iterator[Any]:
    """A connection to the serving database, committed at the end."""
    import psycopg2

    with contextlib.closing(psycopg2.connect(from_environment().dsn)) as con, con:
        yield con


@access_app.command("list")
def access_list(principal: Annotated[str | None, typer.Argument(help="One principal; all without it.")] = None) -> None:
    """Grants that stand and that have ended."""
    from auyl import access

    with told(), _serving() as con:
        _records(access.grants(con, principal))


@access_app.command("who")
def access_who(kato: Annotated[str, typer.Argument(help="KATO of an okrug.")]) -> None:
    """Who may read an okrug, and by which grant."""
    from auyl import access

    with told(), _serving() as con:
        _records(access.who_may_see(con, kato))


@access_app.command("give")
def access_give(
    principal: Annotated[str, typer.Argument(help="Login or account.")],
    role: Annotated[str, typer.Argument(help="akim, district_staff, ambulance_coordinator …")],
    territory: Annotated[str, typer.Argument(help="KATO of okrug, district or oblast, or its first 2, 4 or 6 digits.")],
    reason: Annotated[str, typer.Option(help="Why: number of the order.")],
    until: Annotated[datetime | None, typer.Option(help="Last day.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Grant a role in a territory."""
    from auyl import access

    with told(), _serving() as con:
        # The last day is whole: the grant ends with the first moment of the next one, local time.
        ends = until.replace(tzinfo=LOCAL) + timedelta(days=1) if until else None
        number = access.grant(con, principal, role, territory, granted_by=_operator(), reason=reason, valid_to=ends)
        typer.echo(f"grant {number}")


@access_app.command("take")
def access_take(
    principal: Annotated[str, typer.Argument(help="Login or account.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    role: Annotated[str | None, typer.Option(help="One role only.")] = None,
    territory: Annotated[str | None, typer.Option(help="One territory only.")] = None,
) -> None:
    """End grants."""
    from auyl import access

    with told(), _serving() as con:
        ended = access.revoke(con, principal, role, territory, revoked_by=_operator(), reason=reason)
        typer.echo(f"{ended} grants ended")


@access_app.command("owner")
def access_owner(
    principal: Annotated[
        str | None, typer.Argument(help="Login of the registry's office; the list without it.")
    ] = None,
    registry: Annotated[str | None, typer.Argument(help="Name of a contract.")] = None,
    reason: Annotated[str, typer.Option(help="Why: the letter that names the login.")] = "",
    take: Annotated[bool, typer.Option(help="End it instead.")] = False,
) -> None:
    """Let the office that owns a registry read the quality of it (serving.quality_trend)."""
    from auyl import access

    with told(), _serving() as con:
        if principal is None:
            _records(access.owners(con))
        elif take:
            typer.echo(f"{access.take_registry(con, principal, registry, reason=reason)} ended")
        else:
            contract = contracts.load(registry or "", from_environment().include)
            access.give_registry(con, principal, contract.registry, given_by=_operator(), reason=reason)
            typer.echo(f"{principal} reads the quality of {contract.registry}")


@access_app.command("account")
def access_account(
    principal: Annotated[str, typer.Argument(help="Name to sign in with.")],
    name: Annotated[str, typer.Option(help="Name to be shown.")],
    language: Annotated[Literal["kk", "ru", "en"], typer.Option(help="Language of the pages.")] = "kk",
    sql: Annotated[bool, typer.Option(help="A PostgreSQL login too, with the same password.")] = False,
) -> None:
    """Open an account for the pages. Asks for the password."""
    from auyl import access

    password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    with told(), _serving() as con:
        access.create_account(con, principal, password, display_name=name, language=language)
        if sql:
            access.create_login(con, principal, password)
        typer.echo(f"{principal} may sign in; without a grant nothing is shown")


def _operator() -> str:
    """Who gives or takes: the account of the machine, as the audit keeps it."""
    return f"os:{getpass.getuser()}"


def _records(records: list[Any]) -> None:
    rows = [asdict(record) for record in records]
    if not rows:
        typer.echo("nobody")
        return
    _table(rows, list(rows[0]))


@app.command()
def late(
    on: Annotated[datetime | None, typer.Option(help="Day to ask for; today by default.", formats=["%Y-%m-%d"])] = None,
    format: Format = "table",
) -> None:
    """Extracts whose deadline has passed, and what is in force of them. Exits 1 when something is late."""
    from auyl.intake.late import expected

    with told():
        found = expected(from_environment(), (on or datetime.now(tz=LOCAL)).date())
    rows = [asdict(promise) for promise in found]
    if format == "json":
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
    else:
        _table(rows, ["registry", "period", "state", "due_on", "late_days", "stands_in", "owner", "reason"])
    if any(promise.is_late for promise in found):
        raise typer.Exit(1)


@app.command()
def digest(
    day: Annotated[
        datetime | None, typer.Option("--date", help="Day; the newest one by default.", formats=["%Y-%m-%d"])
    ] = None,
    format: Format = "table",
) -> None:
    """What the night told owners and engineers: late, refused, in quarantine, missing in the snapshot."""
    with told():
        found = ledger.digest(from_environment(), day.date() if day else None)
        if found is None:
            raise KeyError(f"no digest of {day:%Y-%m-%d}" if day else "no digest was composed yet")
    if format == "json":
        facts = {"composed_at": found.composed_at, "has_news": found.has_news, "sent_at": found.sent_at}
        typer.echo(json.dumps(found.content | facts, ensure_ascii=False, indent=1, default=str))
        return
    typer.echo(found.text)
    typer.echo(f"\nsent {found.sent_at:%Y-%m-%d %H:%M %Z}" if found.sent_at else "\nnot sent")


def _against_truth(truth: Path, period: str, kinds: bool, format: str) -> None:
    """Print what intake did beside what the truth says. Exits 1 over the limits."""
    from auyl import truth as room

    found = room.compare(from_environment(), truth, period)
    whole = room.total(found)
    rows = [_compared(one) for one in [*found, whole]]
    if format == "json":
        for row, one in zip(rows, found, strict=False):
            row["kinds"] = [asdict(kind) | {"met_pct": kind.met_pct} for kind in one.kinds]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        shown = [row | {n: f"{v:.3f}" for n, v in row.items() if n.endswith("_pct") and v is not None} for row in rows]
        _table(shown, [name for name in rows[0] if name != "reason"])
        for one in found:
            if one.reason:
                typer.echo(f"{one.registry}: not compared, {one.reason}")
            if kinds and one.kinds:
                typer.echo(f"\n{one.registry}")
                _table([asdict(k) | {"met_pct": _digits(k.met_pct)} for k in one.kinds], [*KIND_COLUMNS, "met_pct"])
    if not whole.holds or not whole.rows:
        limits = f"at least {room.RECALL_MIN_PCT} % found, at most {room.FALSE_ALARMS_MAX_PCT} % good rows kept back"
        typer.secho(f"not within the limits: {limits}", fg="red", err=True)
        raise typer.Exit(1)


KIND_COLUMNS = (
    "kind", "outcome", "rows", "met", "unseen", "quarantined", "duplicate", "warned", "staged", "absent",
)  # fmt: skip


def _digits(share: float | None) -> str:
    return "" if share is None else f"{share:.1f}"


def _compared(one: Any) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in ("registry", "rows", "broken", "found", "recall_pct")}
    row |= {name: getattr(one, name) for name in ("good", "good_kept_back", "false_alarms_pct")}
    if one.registry != "total":
        row["warned"], row["warned_owed"] = one.met("warned")
        row["mended"], row["mended_owed"] = one.met("mended")
    return row | {"reason": one.reason}


def main() -> None:
    """Entry point."""
    sys.exit(app())


if __name__ == "__main__":
    main()
