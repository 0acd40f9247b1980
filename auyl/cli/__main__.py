"""`python -m auyl.cli`, as the script `auyl`."""

from auyl.cli import app

if __name__ == "__main__":
    app()
