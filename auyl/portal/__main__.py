"""`python -m auyl.portal --dsn-file FILE --port N`: serve the pages until SIGTERM."""

import argparse
from pathlib import Path

import uvicorn

from auyl.portal.app import create_app
from auyl.settings import from_environment
from auyl.subjects import load_subjects


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m auyl.portal", description=__doc__)
    parser.add_argument(
        "--dsn-file", type=Path, required=True, help="file with the address of the database, login auyl_portal"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--behind-tls",
        action="store_true",
        help="a proxy in front speaks HTTPS: cookies are Secure, and its X-Forwarded-For has the client's address",
    )
    parser.add_argument(
        "--proxy",
        default="127.0.0.1",
        help="addresses of that proxy, comma-separated; no other is believed",
    )
    args = parser.parse_args()
    app = create_app(
        args.dsn_file.read_text(encoding="utf-8").strip(),
        load_subjects(from_environment().include),
        is_behind_tls=args.behind_tls,
    )
    uvicorn.run(
        app,
        host=args.host,
        port=args.port,
        proxy_headers=args.behind_tls,
        forwarded_allow_ips=args.proxy,
        server_header=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
    )


if __name__ == "__main__":
    main()
