"""What an address may ask for: each parameter has a form, and anything else is refused before a page sees it."""

import re
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

LONGEST_QUERY = 1_000
LONGEST_PATH = 200
HEADERS = 64
# Parameters with another name are nobody's: messengers add some to a link.
PARAMETERS = {
    "lang": re.compile("kk|ru|en"),
    "period": re.compile("[0-9]{4}-(?:0[1-9]|1[0-2])"),
    "district": re.compile("[0-9]{9}"),
    "full": re.compile("1"),
    "next": re.compile(r"/[\x21-\x7e]{0,200}"),
}


class RequestInvalid(Exception):
    """An address that cannot be meant. `what` names the part that is wrong, never its content."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


async def check(request: Request) -> None:
    """`refuse_nonsense` for every route. Raises RequestInvalid."""
    refuse_nonsense(request)


def refuse_nonsense(request: Request) -> None:
    """Raises RequestInvalid where path or parameters have not the form that they must have."""
    try:
        path = unquote(request.scope["raw_path"].decode("ascii"), errors="strict")
        query = parse_qsl(
            request.scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict"
        )
    except ValueError as error:
        raise RequestInvalid("an address that is not UTF-8") from error
    if len(request.scope["headers"]) > HEADERS:
        raise RequestInvalid("too many headers")
    if not path.isprintable() or len(path) > LONGEST_PATH or len(request.scope["query_string"]) > LONGEST_QUERY:
        raise RequestInvalid("an address that is too long or has control characters")
    names = [name for name, _ in query]
    for name, value in query:
        form = PARAMETERS.get(name)
        if (
            not f"{name}{value}".isprintable()
            or (form and not form.fullmatch(value))
            or (form and names.count(name) > 1)
        ):
            raise RequestInvalid(f"parameter {name}" if form else "a parameter with control characters")
