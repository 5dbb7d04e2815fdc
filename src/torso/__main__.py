"""`python -m torso` is the command line."""

from torso.app.cli import main

main()
