"""Studies of a finished run: each package answers one question, and shows how in its docstring.

>>> from torso.studies.robustness import robustness  # scores under noise and without some modalities
"""
