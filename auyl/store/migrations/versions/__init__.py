"""One module per revision, named `r<number>_<what>.py`. The number is the version of the database."""
