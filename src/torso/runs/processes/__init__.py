"""Several processes that train one network: how they start, find each other, and end together."""
