"""Parts of `benchmarks/fuzz.py`: borders, changes of their inputs, and the children that try them."""
