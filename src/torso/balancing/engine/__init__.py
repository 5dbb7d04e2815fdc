"""The backward passes: each task's gradient, their inner products, and when to take them."""
