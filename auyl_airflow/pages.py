"""One read-only page a registry and period beside Airflow's own: ledger, rejected rows by rule, quality by okrug.

It shows counts, rules and reasons, and never what stood in a row. Plugin apps of Airflow are public unless each route
asks for a user, so the whole app does: whoever may read the intake DAG of the registry may read its page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from auyl.periods import PERIOD

TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}

app = FastAPI(
    title="Auyl",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.RUN))],
)


@app.get("/{dag_id}/{period}")
def batch_page(dag_id: str, period: Annotated[str, InPath(pattern=f"^{PERIOD.pattern}$")]) -> HTMLResponse:
    """The page of a registry and period. 404 where no contract has this DAG."""
    from auyl import contracts
    from auyl.settings import from_environment
    from auyl_airflow.batch_content import batch_content

    settings = from_environment()
    registry = dag_id.removeprefix("intake_")
    if registry == dag_id or registry not in contracts.names(settings.include):
        raise HTTPException(404, "no registry has this DAG")
    contract = contracts.load(registry, settings.include)
    page = TEMPLATES.get_template("batch.html").render(
        contract=contract, period=period, **batch_content(settings, contract, period)
    )
    return HTMLResponse(page, headers=HEADERS)
