"""`python -m torso` is the command line."""

from torso.cli import main

main()
