"""Methods that turn the losses into one scalar, at the price of a plain step."""
