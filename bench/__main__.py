"""`python -m bench`: the spine."""

from bench.spine import main

if __name__ == "__main__":
    main()
