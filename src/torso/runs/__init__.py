"""From a config to a finished run: config, schema, preparation, training, report, the folder on disk, the predictor.

>>> import torso
>>> table = {"x": [float(n % 7) for n in range(40)], "y": [float(n % 7) * 2 for n in range(40)]}
>>> prepared = torso.prepare(table, {"y": "number"}, inputs={"x": "number"}, settings={"dim": 8, "training.epochs": 1})
>>> runs = [torso.train(prepared, {"seed": seed}) for seed in (0, 1)]
>>> [run.report.usage.rows for run in runs]
[{'training': 28, 'validation': 4, 'test': 8}, {'training': 28, 'validation': 4, 'test': 8}]
>>> runs[0].predict({"x": [3.0]}).columns.tolist()
['y', 'y_spread', 'y_low', 'y_high']
"""
