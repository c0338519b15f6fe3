"""`python -m herkomst`."""

from herkomst.cli import main

main()
