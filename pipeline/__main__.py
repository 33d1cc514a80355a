"""`python -m pipeline`: the same as `workshop`."""

from pipeline.cli import main

main()
