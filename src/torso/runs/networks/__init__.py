"""The networks of a run: built, trained one by one or per fold, monitored, tuned, refitted on all rows."""
