"""Methods that weigh the tasks by the inner products of their gradients."""
