"""The command line: `cli` has the names, `commands` a file each, `terminal` all that is printed.

>>> import typer
>>> from torso.app.cli import app
>>> sorted(typer.main.get_command(app).commands)
['demo', 'distill', 'evaluate', 'fit', 'inspect', 'list', 'predict', 'schema', 'search']
"""
