#!/bin/sh
# The first half hour of an engineer with a messy CSV: look, fit, be wrong, repeat, evaluate, predict.
#
#     sh examples/first_half_hour/engineer.sh [FOLDER]
set -e
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$(mktemp -d)}"

# The table: cells between ";", "?" for missing, a dotted column name, a column that only counts.
python "$here/_orders.py" > orders.csv

# What is in it, and would anything leak?
torso inspect orders.csv -t price -t late

# A slip is answered at once, with the command that was meant.
torso fit orders.csv -t prise 2> slip.txt || cat slip.txt

# One network, few epochs: a first look.
torso fit orders.csv -t price -t late -o runs/first \
    --set training.epochs=8 --set folds=0 --set inputs.Weight.kg.missing='["?"]'

# The same run again from its run.yaml, with a change.
torso fit -c runs/first/run.yaml -o runs/second --set training.epochs=4 --set blend=off

# One task of the two, without a column: what belongs to the others goes, and is told.
torso fit -c runs/second/run.yaml -t price -o runs/price --set inputs.note=null

# How good is it, and what does it say of rows that it has not seen?
torso evaluate runs/first orders.csv -o scores.json
head -n 4 orders.csv > new.csv
torso predict runs/first new.csv -o answers.csv --keep order
cat answers.csv
