"""From a config to a finished run: config, schema, preparation, fit, the folder on disk, the predictor."""
