"""The command line: `cli` has the names, `commands` a file each, `terminal` all that is printed.

>>> import typer
>>> from torso.app.cli import app
>>> commands = typer.main.get_command(app).commands
>>> {"advise", "compare", "demo", "explain", "fit", "predict", "report", "tune"} <= {*commands}
True
"""
