"""Dates and times in the spellings of the world: one format, or a few, read a whole column."""

from torso.tables.dates.date_format import PIVOT, DateFormat
from torso.tables.dates.finder import FoundDates, find_dates
from torso.tables.dates.numeric import may_be_moments
from torso.tables.dates.patterns import ISO

__all__ = ["ISO", "PIVOT", "DateFormat", "FoundDates", "find_dates", "may_be_moments"]
