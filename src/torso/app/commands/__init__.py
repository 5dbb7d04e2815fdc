"""The commands of `torso`: one per file, each thin above a function that Python users call too."""
