"""`python -m auyl.portal --dsn-file FILE --port N`: serve the pages until SIGTERM, never as root."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import uvicorn

from auyl.errors import AuylError
from auyl.portal.app import create_app
from auyl.portal.connections import HEADER_BYTES, Limits, Network, connection_class, networks
from auyl.settings import from_environment
from auyl.store.account import become, unprivileged
from auyl.store.closed import close_files
from auyl.subjects import load_subjects


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line. Ends the process with code 2 where they are wrong."""
    parser = argparse.ArgumentParser(prog="python -m auyl.portal", description=__doc__)
    parser.add_argument(
        "--dsn-file", type=Path, required=True, help="file with the address of the database, login auyl_portal"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--behind-tls", action="store_true", help="a proxy in front speaks HTTPS: cookies are Secure, and HSTS is sent"
    )
    parser.add_argument(
        "--proxy",
        type=_proxies,
        default=[],
        help="addresses and networks of that proxy, comma-separated: their X-Forwarded-For names the client, from the "
        "right the first address that is not one of them; nobody else's is believed",
    )
    parser.add_argument(
        "--idle-minutes", type=_minutes, default=15, help="a session that nobody uses for so long ends; 15 without it"
    )
    args = parser.parse_args(given)
    if args.behind_tls and not args.proxy:
        parser.error("--behind-tls needs --proxy: without it all people have one address, and one of them slows all")
    return args


def main() -> None:
    close_files()
    args = arguments()
    limits = Limits()
    dsn = args.dsn_file.read_text(encoding="utf-8").strip()
    include = from_environment().include
    if os.geteuid() == 0:
        _leave_root(include)
    app = create_app(
        dsn,
        load_subjects(include),
        is_behind_tls=args.behind_tls,
        requests_by_address=limits.requests_by_address,
        idle=timedelta(minutes=args.idle_minutes),
    )
    uvicorn.run(
        app,
        host=args.host,
        port=args.port,
        http=connection_class(limits, args.proxy),
        ws="none",
        proxy_headers=bool(args.proxy),
        forwarded_allow_ips=[str(network) for network in args.proxy],
        server_header=False,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=HEADER_BYTES,
    )


def _leave_root(include: Path) -> None:
    """Go on as `nobody`: whoever breaks in by a request must not get the machine."""
    certificates = [Path(value) for name in ("PGSSLROOTCERT", "PGSSLCERT") if (value := os.environ.get(name))]
    try:
        become(unprivileged(), [include, *filter(Path.exists, certificates)])
    except AuylError as error:
        sys.exit(f"portal: {error}")
    print("portal: started as root, works as nobody", file=sys.stderr, flush=True)


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 600:
        raise argparse.ArgumentTypeError(f"expected 1 to 600 minutes; found {text!r}")
    return int(text)


def _proxies(text: str) -> list[Network]:
    try:
        return networks(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected addresses or networks, such as 10.0.0.7 or 172.30.0.0/24, comma-separated; found {text!r}"
        ) from error


if __name__ == "__main__":
    main()
