"""`python -m bevseg`: the command line."""

from bevseg.cli.main import main

main()
