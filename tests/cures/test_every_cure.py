"""A ratchet: each cure in the source is followed by a test, or stands here with the reason why not."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests.cures.templates import TRIED, fragments, pasted, templates

MODULES = ("test_commands", "test_loops", "test_parts", "test_tables")

MISTAKES = "tests/app/test_mistakes.py pastes it"
EXPORTS = "tests/runtime exports a run"
MODEL = "needs a pretrained model, and a network to have one"
START = "of `fit --from`, in tests/runs/test_start.py; not all are followed yet"
DEMO = "tests/app/demo runs the demo, and what it proposes"
ADVISE = "tests/studies/advise/test_advise.py follows it"
ASKED = "tests/studies/advise/test_questions.py follows it"
SEARCH = "tests/search/test_search.py names what is asked for"

OWN_METRICS = "tests/runs/test_own_metrics.py goes without, and says the direction"

COMPARE = "tests/studies/compare pastes it"
TUNED = "tests/studies/tune follows it"

IMPORTANCE = "tests/studies/importance/test_importance.py"

OTHERWISE = {
    "core/full_disk.py ": "tests/faults/test_full_disk.py makes room, and resumes",
    "exporting/places.py ": "tests/exporting/test_export.py replaces a file",
    "Not scored: name the table of the fit with --table": "tests/exporting/test_export.py names it",
    "exporting/subject.py ": "tests/exporting/test_encoded.py follows it",
    "tasks/count/head.py ": "tests/exporting exports the default, `spread: learned`",
    "runs/predicting/edited.py ": "tests/faults/test_damaged_runs.py edits a run; what to do hangs on the fault",
    "torso importance RUN TABLE": f"{IMPORTANCE} gives the table",
    "columns is exchanged {} times": f"{IMPORTANCE} takes --repeats",
    "rows are looked at, drawn by chance": f"{IMPORTANCE} takes --rows",
    "runs/predicting/held_out_again.py ": "tests/studies/compare meets it; the table of that old run is gone",
    "studies/overview/": "tests/studies/overview pastes each",
    "studies/compare/caveats.py ": "tests/studies/seeds trains them",
    "studies/compare/contender.py ": COMPARE,
    "kept no row of the table aside in common": COMPARE,
    "Judge both by the rows of one table": COMPARE,
    "`runs` should be two or more, the baseline first": COMPARE,
    "studies/compare/matching.py --set targets.{}.kind=": COMPARE,
    "app/commands/baselines.py  --seeds {}": "tests/app/test_baselines.py follows it",
    "`--seeds` should be 1 or more": "no cure: any number from 1 on",
    "app/commands/tune.py   torso ": "as of a fit; tests/studies/tune opens that run",
    "Name one: --row 1, or row=1.": "tests/studies/explain follows it",
    "Tune for the others: torso tune RUN": TUNED,
    "studies/tune/journal.py ": TUNED,
    "studies/tune/subject.py ": TUNED,
    "studies/tune/tuner.py ": TUNED,
    "studies/tune/workers.py ": TUNED,
    "studies/tune/tuning.py --set {}": "writes the settings of a trial",
    "runs/settings/figures.py --set targets.{}.metrics=": OWN_METRICS,
    "Mend it, or go without": OWN_METRICS,
    "should hold functions with a name": "the function is the user's own",
    "It is a setting: --set": MISTAKES,
    "A setting is one word: --set": MISTAKES,
    "If these are settings, repeat --set": MISTAKES,
    "a table of its own for the verdict is --set": MISTAKES,
    "runs/schema/columns.py --set {}": MISTAKES,
    "runs/schema/columns.py --set 'data.delimiter={}'": MISTAKES,
    "To fit anew by it: torso fit -c": MISTAKES,
    "A table is no config: torso fit": MISTAKES,
    "No target given.": MISTAKES,
    "core/cures.py --set {}": "writes the settings of all others",
    "inference/signs.py --set {}=": "the end of another message",
    "inference/signs.py  --set {}kind=": "the end of another message",
    "app/commands/advise.py ": ADVISE,
    "studies/advise/asking.py --about {}": ASKED,
    "or --about all": ASKED,
    "Train it again with --set training.looks=": ADVISE,
    "Give it a larger --budget": ADVISE,
    "Name another folder with --out": DEMO,
    "torso fit {} -t digit -t parity -t ink -o my-run": DEMO,
    "runs/report/card.py torso predict": "tests/runs/test_card.py runs it",
    "runs/report/card.py * `torso fit --config": "tests/runs/test_fitting.py repeats runs by their run.yaml",
    "runs/report/card.py torso pull": "tests/exporting/hub/test_hub.py runs it, on a hub of its own",
    "write the folder alone with --out": "tests/exporting/hub/test_hub.py runs it",
    "has no form as a graph": "of a model from outside; tests/runs fits with other `plain.models` and `blend: off`",
    "mlflow ui --backend-store-uri": "a server of another program, which waits for a browser",
    "tensorboard --logdir": "a server of another program, which waits for a browser",
    "iconv -f": "tests/runs/test_config_text.py runs it",
    " --trust-code": "tests/runs/test_trust.py runs the commands with it",
    "Without them: --set examples=0": "tests/runs/test_examples.py pastes it",
    "Try --set folds=": "tests/app/test_mistakes.py, in Python",
    "`folds: 0` was named": "no cure: says what was named",
    "`target` (--target) should say": SEARCH,
    "`by` (--by) should say": SEARCH,
    "`find` (--for) should say": SEARCH,
    "runs/processes/": "tests/runs/test_processes.py resumes, and gives other numbers; no CUDA here",
    "Pass `process={}` to the loader": "two processes: tests/training runs them",
    "so `decide_by` chose no threshold": "tests/runs/test_deciding.py pastes it",
    "`--threshold` should be a number": "tests/runs/test_deciding.py",
    "reports/sections/repeat.py ": "tests/reports runs every command of the page",
    "reports/words/zh_sentences.py ": "cures of other files, which are followed there, in Chinese",
    "reports/words/en_studies.py ": "tests/reports/test_studies.py names the table",
    "reports/words/zh_studies.py ": "tests/reports/test_studies.py names the table",
    "serving/settings.py ": "tests/serving/test_life.py makes the slips, and writes a token",
    "app/terminal/served.py ": "tests/serving/test_life.py gives a token file",
    "runs/starting/start.py ": START,
    "runs/starting/notes.py ": START,
    "runs/starting/values.py ": START,
    "tables/streams/parts.py ": "tests/runs/test_streaming.py chooses another --out",
    "training/micro_batches.py ": "memory that one row exceeds; tests/training/test_micro_batches.py reads the sentence",
    "tables/databases/": "tests/tables/databases follows it",
    "torso fit postgresql://localhost": "tests/tables/databases follows it",
    "tables/formats/zipped.py ": "tests/runs/test_asked.py names a root",
    "which `fit(..., out=FOLDER)` wrote": "tests/runs/test_slips.py",
    "No validation row has a label": "whether a larger share has one is chance",
    "`train: lora` needs linear layers": MODEL,
    "pip install --no-deps": MODEL,
    "hf download": MODEL,
    "core/hub.py  --revision {}": MODEL,
    "torso export RUN -o model.onnx": EXPORTS,
    "torso export {} -o {} --overwrite": EXPORTS,
    "torso predict {} TABLE -o": EXPORTS,
    "`--run` says the run that": EXPORTS,
    "pip install torch --index-url": "tests download nothing",
    "Without: --set pretrained=off": f"{MODEL}; tests/runs/test_edits.py takes the setting",
    "runs/pretrained/candidate.py --set encoders.{}=": MODEL,
}
"""Fragment -> where the cure is run instead, or why it cannot be."""


def test_every_cure_in_the_source_is_followed_by_a_test():
    """If it fails: add a case that provokes the message and pastes its cure, or a reason above."""
    for module in MODULES:
        import_module(f"tests.cures.{module}")
    known = {each for fragment in (*TRIED, *OTHERWISE) for each in fragments(fragment)}
    assert not [f"{each.place}: {each.text}" for each in templates() if each not in known]
    assert not [fragment for fragment in (*TRIED, *OTHERWISE) if not fragments(fragment)]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("Try --set folds=5.", ["folds=5"]),
        ("say --set 'a b.c=[\"x y\"]' or --set d=e, then", ['a b.c=["x y"]', "d=e"]),
        ("nothing", []),
    ],
)
def test_settings_are_read_as_a_shell_would(text, settings):
    assert pasted(text) == settings
