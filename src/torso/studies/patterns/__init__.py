"""Missing-modality certificate: a run's scores where modalities are absent, by themselves or taken away.

>>> import torso
>>> table = {"x": [float(n % 7) for n in range(60)], "word": ["a", "b", None] * 20, "y": [n % 7 + 0.5 for n in range(60)]}
>>> run = torso.fit(table, {"y": "number"}, settings={"dim": 8, "training.epochs": 1})
>>> certificate = torso.certificate(run)
>>> [pattern.absent for pattern in certificate.patterns]
[(), ('categories',)]
>>> [pattern.absent for pattern in torso.certificate(run, table, without=["numbers"]).patterns if pattern.made]
[('numbers',)]
"""

from torso.studies.patterns.certificate import Certificate, certificate

__all__ = ["Certificate", "certificate"]
