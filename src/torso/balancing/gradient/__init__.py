"""Methods that turn the tasks' gradients, one row each, into one direction."""
