"""`python -m app.cli`: the same as the command `legation`."""

from app.cli import main

main()
