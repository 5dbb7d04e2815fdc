"""Values, errors, registries and tensor helpers that every other room builds on."""
